/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt messages that go astray: the guest says where they are written,
 * and that may be a register of anything.
 */
#include <linux/pci_regs.h>

#include "machine.h"
#include "objects.h"
#include "qmp.h"
#include "vhca.h"

#define NOPS                6       /* at once; the completion queue holds 8 */
#define ISEG_CMDQ_LOW       0x14
#define ISEG_CMD_DOORBELL   0x18
#define UAR_EQ_ARM          0x40
#define UAR_SQ_DOORBELL     0x800
#define NIC_SW_RESET        (7 << 8)
#define NIC_FULL_DRIVER     0
#define NIC_DISABLED        1
#define FLR                 PCI_EXP_DEVCTL_BCR_FLR
/* Slot control with attention and power indicators and power itself off */
#define SLOT_OFF            (PCI_EXP_SLTCTL_ATTN_IND_OFF | \
                             PCI_EXP_SLTCTL_PWR_IND_OFF | \
                             PCI_EXP_SLTCTL_PWR_OFF)

/* A PF and two VFs; the first VF is the one whose messages go astray. */
typedef struct Range {
    Machine *m;
    Hca *pf, *vf, *other;
    HcaObjects o;
} Range;

static void range_fill(Range *r)
{
    machine_enable_vfs(r->m, 0, 2);
    r->vf = machine_start_vf(r->m, 0, 0);
    r->other = machine_start_vf(r->m, 0, 1);
    pci_msix_enable(&r->vf->fn);
    hca_must_create_objects(r->vf, &r->o);
}

static void range_start(Range *r, void **state)
{
    r->m = machine_start_ready(state, 1, NULL);
    r->pf = &r->m->pf[0];
    range_fill(r);
}

/* Completes work, each time with an event, its message going to @addr. */
static void shoot(Range *r, uint64_t addr, uint32_t data)
{
    pci_msix_aim(&r->vf->fn, r->o.comp_eq.vector, addr, data);
    for (int i = 0; i < NOPS; i++) {
        hca_sq_post_nop(&r->o.sq);
    }
    hca_sq_ring(&r->o.sq, true);
    qtest_settle(r->m->q);
    assert_true(qtest_alive(r->m->q));
}

static void check_work(Range *r)
{
    for (int i = 0; i < NOPS; i++) {
        assert_true(hca_cq_wait(&r->o.cq));
        hca_cq_pop(&r->o.cq);
    }
    assert_null(hca_cq_peek(&r->o.cq));
    assert_true(hca_eq_wait(&r->o.comp_eq));
    hca_eq_pop(&r->o.comp_eq);
    hca_eq_ring(&r->o.comp_eq, true);
    hca_cq_arm(&r->o.cq);
}

/* The message went astray, and that is all that happened. */
static void check_shot(Range *r, uint64_t addr, uint32_t data)
{
    uint64_t sink = r->vf->fn.msix_sink + r->o.comp_eq.vector * 4;

    shoot(r, addr, data);
    check_work(r);
    shoot(r, sink, r->o.comp_eq.vector + 1);
    assert_true(pci_msix_fired(&r->vf->fn, r->o.comp_eq.vector));
    check_work(r);
}

/* Whatever is left of the device: it can be started from the beginning. */
static void check_restart(Range *r)
{
    PciFn fn = {};

    pci_hot_reset(&r->pf->fn);
    pci_pf_init(&fn, r->m->q, 0);
    hca_attach(r->pf, &fn);
    hca_must_boot(r->pf);
    hca_must_start(r->pf);
    range_fill(r);
    check_shot(r, qtest_alloc(r->m->q, 4, 4), 1);
}

/* Messages to registers of functions, in the byte order of registers. */
static void shoot_registers(Range *r, Hca *at)
{
    uint64_t uar = at->fn.bar0 + (uint64_t)at->uar * HCA_PAGE_BYTES;
    uint32_t eq_arm = htobe32(r->o.comp_eq.eqn << 24);
    uint32_t sq = htobe32(r->o.sq.number << 8 | 1);

    check_shot(r, at->fn.bar0 + ISEG_CMD_DOORBELL, 0xffffffff);
    check_shot(r, at->fn.bar0 + ISEG_CMDQ_LOW, htobe32(NIC_SW_RESET));
    check_shot(r, at->fn.bar0 + at->fn.msix_pba, 0xffffffff);
    check_shot(r, uar + UAR_EQ_ARM, eq_arm);
    check_shot(r, uar + UAR_SQ_DOORBELL, 0);
    check_shot(r, uar + UAR_SQ_DOORBELL + 4, sq);
}

static void test_at_itself(void **state)
{
    Range r;

    range_start(&r, state);
    shoot_registers(&r, r.vf);
    hca_must_destroy_objects(r.vf, &r.o);
}

static void test_at_another_vf(void **state)
{
    Range r;

    range_start(&r, state);
    shoot_registers(&r, r.other);
    /* Its slots were not run, it was not reset. */
    hca_must_simple(r.other, OP(NOP), 0, 0);
    hca_must_destroy_objects(r.vf, &r.o);
}

static void test_at_the_pf(void **state)
{
    uint8_t nop[16] = {};
    Range r;

    range_start(&r, state);
    hca_header(nop, OP(NOP), 0);
    hca_prepare(r.pf, 9, nop, sizeof(nop), 16, NULL);
    shoot_registers(&r, r.pf);
    assert_false(hca_done(r.pf, 9));
    hca_must_simple(r.pf, OP(NOP), 0, 0);
    hca_must_destroy_objects(r.vf, &r.o);
}

/* A function's own reset by its own message, in the midst of its work. */
static void test_at_own_flr(void **state)
{
    Range r;

    range_start(&r, state);
    shoot(&r, pci_cfg_addr(&r.vf->fn, r.vf->fn.exp_cap + PCI_EXP_DEVCTL),
          FLR);
    check_restart(&r);
}

/* The message that tells of a command's completion resets the function. */
static void aim_commands_at_flr(Range *r, HcaEq *eq)
{
    hca_must_create_eq(r->vf, eq, BIT(HCA_EV_CMD), 5, 7);
    pci_msix_aim(&r->vf->fn, 7,
                 pci_cfg_addr(&r->vf->fn, r->vf->fn.exp_cap + PCI_EXP_DEVCTL),
                 FLR);
    hca_eq_ring(eq, true);
}

/* The same by the message that tells of a command's completion. */
static void test_command_at_own_flr(void **state)
{
    uint8_t nop[16] = {};
    HcaEq eq;
    Range r;

    range_start(&r, state);
    aim_commands_at_flr(&r, &eq);
    hca_header(nop, OP(NOP), 0);
    for (unsigned slot = 0; slot < HCA_SLOTS; slot++) {
        hca_prepare(r.vf, slot, nop, sizeof(nop), 16, NULL);
    }
    hca_ring(r.vf, 0xffffffff);
    qtest_settle(r.m->q);
    assert_true(qtest_alive(r.m->q));
    check_restart(&r);
}

static void test_at_the_pfs_flr(void **state)
{
    Range r;

    range_start(&r, state);
    shoot(&r, pci_cfg_addr(&r.pf->fn, r.pf->fn.exp_cap + PCI_EXP_DEVCTL),
          FLR);
    check_restart(&r);
}

static void test_at_sriov(void **state)
{
    Range r;

    range_start(&r, state);
    shoot(&r, pci_cfg_addr(&r.pf->fn, r.pf->fn.sriov_cap + PCI_SRIOV_CTRL),
          0);
    check_restart(&r);
}

static void test_at_the_bus_reset(void **state)
{
    PciFn port;
    Range r;

    range_start(&r, state);
    port = pci_root_port(&r.pf->fn);
    shoot(&r, pci_cfg_addr(&port, PCI_INTERRUPT_LINE),
          PCI_BRIDGE_CTL_BUS_RESET << 16);
    check_restart(&r);
}

/* A guest may power a slot off: the device is gone while it sends. */
static void test_at_the_slots_power(void **state)
{
    PciFn port;
    Range r;

    range_start(&r, state);
    port = pci_root_port(&r.pf->fn);
    shoot(&r, pci_cfg_addr(&port, pci_cap(&port, PCI_CAP_ID_EXP) +
                                  PCI_EXP_SLTCTL), SLOT_OFF);
    assert_int_equal(pci_cfg_read(&r.pf->fn, PCI_VENDOR_ID, 2), 0xffff);
}

/* Bus mastering turned off by a message: the next ones wait. */
static void test_at_bus_mastering(void **state)
{
    unsigned vector;
    Range r;

    range_start(&r, state);
    vector = r.o.comp_eq.vector;
    shoot(&r, pci_cfg_addr(&r.vf->fn, PCI_COMMAND), PCI_COMMAND_MEMORY);
    pci_msix_aim(&r.vf->fn, vector, r.vf->fn.msix_sink + vector * 4,
                 vector + 1);
    assert_false(pci_msix_fired(&r.vf->fn, vector));
    pci_set_bus_master(&r.vf->fn, true);
    assert_true(pci_msix_fired(&r.vf->fn, vector));
    check_work(&r);
}

/* What was raised and not sent by the time of the suspension comes after it. */
static void test_suspended_sends_none(void **state)
{
    unsigned vector;
    uint16_t id;
    Range r;

    range_start(&r, state);
    vector = r.o.comp_eq.vector;
    id = vhca_id_of(r.pf, 0);
    hca_sq_post_nop(&r.o.sq);
    hca_sq_ring(&r.o.sq, true);
    assert_int_equal(vhca_suspend(r.pf, id, SUSPEND_INITIATOR), HCA_OK);
    pci_msix_forget(&r.vf->fn, vector);
    assert_false(pci_msix_fired(&r.vf->fn, vector));
    hca_sq_post_nop(&r.o.sq);
    hca_sq_ring(&r.o.sq, true);
    assert_false(pci_msix_fired(&r.vf->fn, vector));
    assert_int_equal(vhca_resume(r.pf, id, RESUME_INITIATOR), HCA_OK);
    assert_true(pci_msix_fired(&r.vf->fn, vector));
    for (int i = 0; i < 2; i++) {
        assert_true(hca_cq_wait(&r.o.cq));
        hca_cq_pop(&r.o.cq);
    }
}

static unsigned nic_state(Hca *hca)
{
    return be32toh(pci_bar_read(&hca->fn, ISEG_CMDQ_LOW, 4)) >> 8 & 7;
}

/*
 * A suspension ends a command whose message resets the VF. The message is sent
 * when the VF runs again, and it is not halfway suspended then.
 */
static void test_suspension_ends_a_command(void **state)
{
    uint8_t nop[16] = {};
    uint16_t id;
    HcaEq eq;
    Range r;

    range_start(&r, state);
    aim_commands_at_flr(&r, &eq);
    id = vhca_id_of(r.pf, 0);
    qmp_set_number(r.m->q, "pf0", "x-delay-ms", 3600000);
    qmp_set_text(r.m->q, "pf0", "x-delay-cmd", "NOP");
    hca_header(nop, OP(NOP), 0);
    hca_prepare(r.vf, 0, nop, sizeof(nop), 16, NULL);
    hca_ring(r.vf, 1);
    assert_false(hca_done(r.vf, 0));
    assert_int_equal(vhca_suspend(r.pf, id, SUSPEND_INITIATOR), HCA_OK);
    assert_true(hca_done(r.vf, 0));
    assert_non_null(hca_eq_peek(&eq));
    qtest_settle(r.m->q);
    assert_int_equal(nic_state(r.vf), NIC_FULL_DRIVER);
    assert_int_equal(vhca_suspend(r.pf, id, SUSPEND_RESPONDER), HCA_OK);
    assert_int_equal(vhca_resume(r.pf, id, RESUME_RESPONDER), HCA_OK);
    assert_int_equal(nic_state(r.vf), NIC_FULL_DRIVER);
    assert_int_equal(vhca_resume(r.pf, id, RESUME_INITIATOR), HCA_OK);
    qtest_settle(r.m->q);
    pci_cfg_write(&r.vf->fn, PCI_COMMAND,
                  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    assert_int_equal(nic_state(r.vf), NIC_DISABLED);
    qmp_set_text(r.m->q, "pf0", "x-delay-cmd", "");
    check_restart(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_at_itself),
        machine_test(test_at_another_vf),
        machine_test(test_at_the_pf),
        machine_test(test_at_own_flr),
        machine_test(test_command_at_own_flr),
        machine_test(test_at_the_pfs_flr),
        machine_test(test_at_sriov),
        machine_test(test_at_the_bus_reset),
        machine_test(test_at_the_slots_power),
        machine_test(test_at_bus_mastering),
        machine_test(test_suspended_sends_none),
        machine_test(test_suspension_ends_a_command),
    };

    return machine_main(tests);
}
