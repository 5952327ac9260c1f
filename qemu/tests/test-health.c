/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a driver sees of a firmware that died, was reset or starts anew: the
 * health buffer, the state of the interface, and what becomes of the VFs.
 */
#include <linux/pci_regs.h>

#include "machine.h"
#include "objects.h"
#include "qmp.h"
#include "vhca.h"

/* Initialization segment (linux/mlx5/device.h, struct mlx5_init_seg) */
enum {
    ISEG_CMDQ_LOW       = 0x14,
    ISEG_INITIALIZING   = 0x1fc,
    ISEG_HEALTH         = 0x200,
    ISEG_FW_VER         = 0x230,
    ISEG_SEVERITY       = 0x238,
    ISEG_SYNDROME       = 0x23d,
    ISEG_COUNTER        = 0x1010,
};

#define INITIALIZING    (1u << 31)
#define RESET_SUPPORTED (1u << 30)

/* The driver's names for the state of the interface */
enum {
    NIC_FULL_DRIVER     = 0,
    NIC_DISABLED        = 1,
    NIC_SW_RESET        = 7,
};

#define SYNDROME        0x8     /* unrecoverable hardware error */
#define COUNTER_MS      500
#define BOOT_MS         5000

static uint32_t iseg(Hca *hca, unsigned off)
{
    return be32toh(pci_bar_read(&hca->fn, off, 4));
}

static unsigned nic_state(Hca *hca)
{
    return iseg(hca, ISEG_CMDQ_LOW) >> 8 & 7;
}

static void set_nic_state(Hca *hca, unsigned state)
{
    uint32_t low = (iseg(hca, ISEG_CMDQ_LOW) & 0xfffff000) | state << 8;

    pci_bar_write(&hca->fn, ISEG_CMDQ_LOW, htobe32(low), 4);
}

static uint8_t syndrome(Hca *hca)
{
    return pci_bar_read(&hca->fn, ISEG_SYNDROME, 1);
}

static bool wants_reset(Hca *hca)
{
    return pci_bar_read(&hca->fn, ISEG_SEVERITY, 1) & 0x80;
}

typedef struct Ticks {
    Hca *hca;
    uint32_t old;
} Ticks;

static bool ticked(void *opaque)
{
    Ticks *t = opaque;

    return iseg(t->hca, ISEG_COUNTER) != t->old;
}

static bool ticks(Hca *hca)
{
    Ticks t = { hca, iseg(hca, ISEG_COUNTER) };

    return qtest_wait(hca->q, ticked, &t, COUNTER_MS);
}

static bool reset_is_over(void *opaque)
{
    return nic_state(opaque) == NIC_DISABLED;
}

static void must_be_well(Hca *hca)
{
    assert_int_equal(syndrome(hca), 0);
    assert_false(wants_reset(hca));
    assert_true(ticks(hca));
}

static void kill_firmware(Machine *m, unsigned function)
{
    qmp_set_number(m->q, "pf0", "x-fatal-function", function);
    qmp_set_number(m->q, "pf0", "x-fatal", SYNDROME);
}

/* Until a driver gives a command queue the interface is disabled. */
static void test_interface_before_a_driver(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    Hca *pf = &m->pf[0];

    assert_int_equal(nic_state(pf), NIC_DISABLED);
    hca_must_boot(pf);
    assert_int_equal(nic_state(pf), NIC_FULL_DRIVER);
    assert_true(iseg(pf, ISEG_INITIALIZING) & RESET_SUPPORTED);
    hca_must_start(pf);
    machine_enable_vfs(m, 0, 1);
    assert_int_equal(nic_state(&m->vf[0][0]), NIC_DISABLED);
    machine_start_vf(m, 0, 0);
    assert_int_equal(nic_state(&m->vf[0][0]), NIC_FULL_DRIVER);
    assert_false(iseg(&m->vf[0][0], ISEG_INITIALIZING) & RESET_SUPPORTED);
}

/* A driver that was not asked finds its interface disabled, at once. */
static void test_flr(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0], *vf;

    machine_enable_vfs(m, 0, 2);
    vf = machine_start_vf(m, 0, 0);
    pci_flr(&vf->fn);
    assert_int_equal(nic_state(vf), NIC_DISABLED);
    assert_int_equal(nic_state(pf), NIC_FULL_DRIVER);
    must_be_well(vf);
    hca_must_boot(vf);
    hca_must_start(vf);

    pci_flr(&pf->fn);
    assert_int_equal(nic_state(pf), NIC_DISABLED);
    /* SR-IOV went with it (PCI Express, "FLR" of a PF) */
    assert_int_equal(pci_cfg_read(&pf->fn, pf->fn.sriov_cap +
                                  PCI_SRIOV_CTRL, 2), 0);
    assert_int_equal(pci_cfg_read(&vf->fn, PCI_VENDOR_ID, 4), 0xffffffff);
    must_be_well(pf);
    hca_must_boot(pf);
    hca_must_start(pf);
    assert_int_equal(nic_state(pf), NIC_FULL_DRIVER);
}

/* VFs that the host turns on again wait for the PF's driver to enable them. */
static void test_vfs_after_flr_of_pf(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0], *vf;

    machine_enable_vfs(m, 0, 2);
    vf = machine_start_vf(m, 0, 0);
    pci_flr(&pf->fn);
    pci_sriov_set(&pf->fn, 2);
    pci_vf_init(&vf->fn, &pf->fn, 0);
    assert_true(iseg(vf, ISEG_INITIALIZING) & INITIALIZING);
    hca_must_boot(pf);
    hca_must_start(pf);
    assert_true(iseg(vf, ISEG_INITIALIZING) & INITIALIZING);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    hca_must_boot(vf);
    hca_must_start(vf);
}

static void must_be_silent(Hca *hca)
{
    assert_int_equal(syndrome(hca), SYNDROME);
    assert_false(ticks(hca));
    assert_int_not_equal(iseg(hca, ISEG_FW_VER), 0xffffffff);
    for (unsigned off = 0; off < 6 * 4; off += 4) {
        assert_int_not_equal(iseg(hca, ISEG_HEALTH + off), 0);
    }
    /* No command is started. */
    hca_prepare(hca, 0, (uint8_t[16]) { 0x01, 0x04 }, 16, 12, NULL);
    hca_ring(hca, 1);
    assert_true(qtest_alive(hca->q));
    assert_false(hca_done(hca, 0));
}

static void must_be_dead(Hca *hca)
{
    assert_true(wants_reset(hca));
    must_be_silent(hca);
}

/* The health buffer is one for the whole device, and so is the reset. */
static void test_fatal_error(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0], *vf;

    machine_enable_vfs(m, 0, 2);
    vf = machine_start_vf(m, 0, 1);
    must_be_well(pf);
    must_be_well(vf);
    kill_firmware(m, 0);
    must_be_dead(pf);
    must_be_dead(vf);
    assert_int_equal(nic_state(pf), NIC_FULL_DRIVER);
    /* Only a reset helps: neither a new queue nor a FLR of the VF. */
    pci_flr(&vf->fn);
    assert_int_equal(syndrome(vf), SYNDROME);

    set_nic_state(pf, NIC_SW_RESET);
    assert_true(qtest_wait(m->q, reset_is_over, pf, BOOT_MS));
    must_be_well(pf);
    must_be_well(vf);
    assert_int_equal(nic_state(vf), NIC_DISABLED);
    assert_true(iseg(vf, ISEG_INITIALIZING) & INITIALIZING);
    hca_must_boot(pf);
    hca_must_start(pf);
    /* No reset of the bus: SR-IOV is as it was. */
    assert_true(pci_cfg_read(&pf->fn, pf->fn.sriov_cap + PCI_SRIOV_CTRL, 2) &
                PCI_SRIOV_CTRL_VFE);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 2);
    hca_must_boot(vf);
    hca_must_start(vf);
}

/* The state of the interface while the firmware starts anew */
static void test_sw_reset_takes_time(void **state)
{
    Machine *m = machine_start(state, 1, "x-boot-ms=200");
    Hca *pf = &m->pf[0];

    hca_must_boot(pf);
    hca_must_start(pf);
    set_nic_state(pf, NIC_SW_RESET);
    assert_int_equal(nic_state(pf), NIC_SW_RESET);
    assert_true(iseg(pf, ISEG_INITIALIZING) & INITIALIZING);
    assert_true(qtest_wait(m->q, reset_is_over, pf, BOOT_MS));
    assert_false(iseg(pf, ISEG_INITIALIZING) & INITIALIZING);
    hca_must_boot(pf);
    hca_must_start(pf);

    pci_flr(&pf->fn);
    assert_int_equal(nic_state(pf), NIC_DISABLED);
    assert_true(iseg(pf, ISEG_INITIALIZING) & INITIALIZING);
    hca_must_boot(pf);
    hca_must_start(pf);
}

/* A VF's own error is the VF's alone, and its driver gets over it. */
static void test_fatal_error_of_vf(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0], *vf, *other;

    machine_enable_vfs(m, 0, 2);
    vf = machine_start_vf(m, 0, 0);
    other = machine_start_vf(m, 0, 1);
    kill_firmware(m, 1);
    must_be_dead(vf);
    assert_int_equal(nic_state(vf), NIC_DISABLED);
    must_be_well(pf);
    must_be_well(other);
    hca_must_alloc(other, OP(ALLOC_PD));
    hca_must_alloc(pf, OP(ALLOC_PD));
    hca_must_boot(vf);
    must_be_well(vf);
    hca_must_start(vf);

    kill_firmware(m, 1);
    must_be_dead(vf);
    pci_flr(&vf->fn);
    must_be_well(vf);
    hca_must_boot(vf);
    hca_must_start(vf);
}

/* An FLR of the PF ends an error of the device. */
static void test_fatal_error_and_flr(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0];

    kill_firmware(m, 0);
    must_be_dead(pf);
    assert_int_equal(qmp_number(m->q, "pf0", "x-fatal"), SYNDROME);
    pci_flr(&pf->fn);
    must_be_well(pf);
    assert_int_equal(qmp_number(m->q, "pf0", "x-fatal"), 0);
    hca_must_boot(pf);
    hca_must_start(pf);
}

/* A card that is set up so does not ask its driver for the reset. */
static void test_fatal_error_without_a_request(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0], *vf;

    machine_enable_vfs(m, 0, 1);
    vf = machine_start_vf(m, 0, 0);
    qmp_set_number(m->q, "pf0", "x-fatal-no-request", 1);
    kill_firmware(m, 0);
    must_be_silent(pf);
    assert_false(wants_reset(pf));
    must_be_silent(vf);
    assert_false(wants_reset(vf));
    pci_flr(&pf->fn);
    must_be_well(pf);
    hca_must_boot(pf);
    hca_must_start(pf);
    qmp_set_number(m->q, "pf0", "x-fatal-no-request", 0);
    kill_firmware(m, 0);
    must_be_dead(pf);
}

/* A firmware that dies in the midst of a SAVE leaves nothing behind. */
static void test_fatal_error_while_saving(void **state)
{
    Machine *m = machine_start_ready(state, 1, "image-pad=64M");
    Hca *pf = &m->pf[0];
    VhcaBuf buf;
    VhcaSize size;
    uint16_t id;

    machine_enable_vfs(m, 0, 1);
    machine_start_vf(m, 0, 0);
    id = vhca_id_of(pf, 0);
    vhca_must_stop(pf, id);
    assert_int_equal(vhca_query(pf, id, false, false, &size), HCA_OK);
    vhca_buf_create(pf, &buf, size.required);
    vhca_start_save(&buf, id, 3);
    kill_firmware(m, 0);
    set_nic_state(pf, NIC_SW_RESET);
    assert_true(qtest_wait(m->q, reset_is_over, pf, BOOT_MS));
    assert_false(hca_done(pf, 3));
    hca_must_boot(pf);
    hca_must_start(pf);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    /* Running, as a function after a reset is */
    machine_start_vf(m, 0, 0);
    id = vhca_id_of(pf, 0);
    vhca_must_stop(pf, id);
    vhca_must_run(pf, id);
}

/*
 * Suspended VFs and what was latched for them end with a software reset: a
 * doorbell of before it reaches nobody afterwards.
 */
static void test_sw_reset_with_suspended_vf(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0], *vf, before;
    uint16_t id;

    machine_enable_vfs(m, 0, 1);
    vf = machine_start_vf(m, 0, 0);
    before = *vf;
    id = vhca_id_of(pf, 0);
    vhca_must_stop(pf, id);
    hca_prepare(vf, 0, (uint8_t[16]) { 0x08, 0x00 }, 16, 16, NULL);
    hca_ring(vf, 1);
    set_nic_state(pf, NIC_SW_RESET);
    assert_true(qtest_wait(m->q, reset_is_over, pf, BOOT_MS));
    assert_int_equal(nic_state(vf), NIC_DISABLED);
    hca_must_boot(pf);
    hca_must_start(pf);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    hca_must_boot(vf);
    assert_false(hca_done(&before, 0));
    hca_must_start(vf);
    id = vhca_id_of(pf, 0);
    vhca_must_stop(pf, id);
    vhca_must_run(pf, id);
}

/* A VF's driver resets it while it is suspended: it is when it is resumed. */
static void test_reset_that_was_latched(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0], *vf;
    HcaObjects o;
    uint16_t id;

    machine_enable_vfs(m, 0, 1);
    vf = machine_start_vf(m, 0, 0);
    hca_must_create_objects(vf, &o);
    id = vhca_id_of(pf, 0);
    vhca_must_stop(pf, id);
    hca_cq_arm(&o.cq);
    set_nic_state(vf, NIC_SW_RESET);
    hca_cq_arm(&o.cq);
    assert_int_equal(nic_state(vf), NIC_FULL_DRIVER);
    assert_int_equal(vhca_resume(pf, id, RESUME_RESPONDER), HCA_OK);
    assert_int_equal(nic_state(vf), NIC_DISABLED);
    /* It is not suspended any more. */
    hca_must_boot(vf);
    hca_must_start(vf);
    hca_must_create_objects(vf, &o);
    assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
    vhca_must_stop(pf, id);
    vhca_must_run(pf, id);
    hca_must_destroy_objects(vf, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_interface_before_a_driver),
        machine_test(test_flr),
        machine_test(test_vfs_after_flr_of_pf),
        machine_test(test_fatal_error),
        machine_test(test_sw_reset_takes_time),
        machine_test(test_fatal_error_of_vf),
        machine_test(test_fatal_error_and_flr),
        machine_test(test_fatal_error_without_a_request),
        machine_test(test_fatal_error_while_saving),
        machine_test(test_sw_reset_with_suspended_vf),
        machine_test(test_reset_that_was_latched),
    };

    return machine_main(tests);
}
