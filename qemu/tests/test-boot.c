/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI identity, initialization segment, boot handshake, and a function's
 * life from ENABLE_HCA to DISABLE_HCA and back.
 */
#include <linux/pci_regs.h>

#include "machine.h"
#include "qmp.h"

#define CONNECTX_VENDOR     0x15b3
#define CONNECTX_PF_ID      0x101d
#define CONNECTX_VF_ID      0x101e
#define HEALTH_PERIOD_MS    2000

static void test_identity(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    PciFn *fn = &m->pf[0].fn;
    uint16_t pcie_flags, devcap_off;

    assert_int_equal(pci_cfg_read(fn, PCI_VENDOR_ID, 2), CONNECTX_VENDOR);
    assert_int_equal(pci_cfg_read(fn, PCI_DEVICE_ID, 2), CONNECTX_PF_ID);
    assert_int_equal(pci_cfg_read(fn, PCI_CLASS_DEVICE, 2), 0x0200);
    assert_int_not_equal(fn->exp_cap, 0);
    assert_int_not_equal(fn->msix_cap, 0);
    assert_int_not_equal(fn->sriov_cap, 0);
    pcie_flags = pci_cfg_read(fn, fn->exp_cap + PCI_EXP_FLAGS, 2);
    assert_int_equal((pcie_flags & PCI_EXP_FLAGS_TYPE) >> 4,
                     PCI_EXP_TYPE_ENDPOINT);
    devcap_off = fn->exp_cap + PCI_EXP_DEVCAP;
    assert_true(pci_cfg_read(fn, devcap_off, 4) & PCI_EXP_DEVCAP_FLR);
    assert_int_equal(pci_sriov_total(fn), 8);
    /* Clear of the initialization segment and of the first UAR page. */
    assert_in_range(fn->msix_table, 0x2010, 0x8000 - 64 * 16);
    assert_in_range(fn->msix_pba, 0x2010, 0x8000 - 8);
}

/* Where the card is named, its names agree; VFs are all alike. */
static void test_other_cards(void **state)
{
    static const struct {
        const char *props;
        uint16_t id, hw_id;
        uint8_t fw_major;
    } cards[] = {
        { "identity=connectx-7", 0x1021, 0x218, 28 },
        { "identity=bluefield-3", 0xa2dc, 0x21c, 32 },
        { "identity=connectx-6-dx", CONNECTX_PF_ID, 0x212, 22 },
    };

    for (unsigned i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
        Machine *m = machine_start_ready(state, 1, cards[i].props);
        PciFn *fn = &m->pf[0].fn;

        assert_int_equal(pci_cfg_read(fn, PCI_DEVICE_ID, 2), cards[i].id);
        assert_int_equal(pci_cfg_read(fn, PCI_SUBSYSTEM_ID, 2), cards[i].id);
        assert_int_equal(be32toh(pci_bar_read(fn, 0, 4)) & 0xffff,
                         cards[i].fw_major);
        assert_int_equal(be32toh(pci_bar_read(fn, 0x230, 4)) >> 24,
                         cards[i].fw_major);
        assert_int_equal(be32toh(pci_bar_read(fn, 0x234, 4)), cards[i].hw_id);
        machine_enable_vfs(m, 0, 1);
        machine_start_vf(m, 0, 0);
        assert_int_equal(pci_cfg_read(fn, fn->sriov_cap + PCI_SRIOV_VF_DID, 2),
                         CONNECTX_VF_ID);
        assert_int_equal(be32toh(pci_bar_read(&m->vf[0][0].fn, 0, 4)) & 0xffff,
                         cards[i].fw_major);
        assert_true(qmp_refuses(m->q, "pf0", "identity", "connectx-7"));
        assert_int_equal(machine_teardown(state), 0);
    }
}

static void test_iseg_reads_in_every_size(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    PciFn *fn = &m->pf[0].fn;

    /* The whole register range answers every size without a fault. */
    for (uint64_t off = 0; off < 0x8000; off += 0x3c) {
        for (unsigned size = 1; size <= 8; size *= 2) {
            pci_bar_read(fn, off & ~(uint64_t)(size - 1), size);
        }
    }
    /* A word and its bytes agree. */
    for (unsigned off = 0; off < 8; off += 4) {
        uint32_t word = pci_bar_read(fn, off, 4);

        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(pci_bar_read(fn, off + i, 1),
                             word >> (8 * i) & 0xff);
        }
    }
    assert_int_not_equal(pci_bar_read(fn, 0x230, 4), 0xffffffff);
}

typedef struct HealthCond {
    PciFn *fn;
    uint32_t old;
} HealthCond;

static bool health_moved(void *opaque)
{
    HealthCond *c = opaque;
    size_t word = CX_BIT(initial_seg, health_syndrome) / 32 * 4;

    return (be32toh(pci_bar_read(c->fn, word, 4)) & 0xffffff) != c->old;
}

static void test_health_counter_moves(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    size_t word = CX_BIT(initial_seg, health_syndrome) / 32 * 4;
    HealthCond c = { .fn = &m->pf[0].fn };
    uint32_t val = be32toh(pci_bar_read(c.fn, word, 4));

    assert_int_equal(val >> 24, 0);
    c.old = val & 0xffffff;
    assert_true(qtest_wait(m->q, health_moved, &c, HEALTH_PERIOD_MS));
}

static void test_start_stop(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    Hca *hca = &m->pf[0];

    hca_must_boot(hca);
    for (int i = 0; i < 3; i++) {
        hca_must_start(hca);
        assert_int_equal(hca->uar, 8);
        hca_must_stop(hca);
    }
}

static void test_teardown_frees_everything(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint32_t pd = hca_must_alloc(hca, OP(ALLOC_PD));

    hca_must_stop(hca);
    hca_must_start(hca);
    assert_int_equal(hca_simple(hca, OP(DEALLOC_PD), 0, pd), HCA_BAD_RES);
}

static void test_states(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint8_t init[CX_SZ(init_hca_in)] = {}, out[CX_SZ(init_hca_out)];

    hca_must_boot(hca);
    hca_header(init, OP(INIT_HCA), 0);
    assert_int_equal(hca_simple(hca, OP(ALLOC_PD), 0, 0), HCA_BAD_SYS_STATE);
    assert_int_equal(hca_exec(hca, init, sizeof(init), out, sizeof(out)),
                     HCA_BAD_SYS_STATE);
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    /* Repeated after a crash of the driver: harmless. */
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    assert_int_equal(hca_simple(hca, OP(ALLOC_PD), 0, 0), HCA_BAD_SYS_STATE);
    assert_int_equal(hca_exec(hca, init, sizeof(init), out, sizeof(out)),
                     HCA_OK);
    hca_must_alloc(hca, OP(ALLOC_PD));
    hca_must_stop(hca);
    assert_int_equal(hca_simple(hca, OP(ALLOC_PD), 0, 0), HCA_BAD_SYS_STATE);
}

static void test_set_cap_rules(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint8_t page[HCA_CAP_BYTES], back[HCA_CAP_BYTES];
    unsigned log_max_qp;

    hca_must_boot(hca);
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    assert_int_equal(hca_query_cap(hca, 0, 0, true, page), HCA_OK);
    log_max_qp = CX_GET(cmd_hca_cap, page, log_max_qp);
    assert_int_not_equal(log_max_qp, 0);
    assert_int_equal(CX_GET(cmd_hca_cap, page, num_ports), 1);
    CX_SET(cmd_hca_cap, page, log_max_qp, log_max_qp + 1);
    assert_int_equal(hca_set_cap(hca, 0, 0, page), HCA_BAD_PARAM);
    CX_SET(cmd_hca_cap, page, log_max_qp, log_max_qp - 1);
    assert_int_equal(hca_set_cap(hca, 0, 0, page), HCA_OK);
    assert_int_equal(hca_query_cap(hca, 0, 0, false, back), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, back, log_max_qp), log_max_qp - 1);
    assert_int_equal(hca_query_cap(hca, 0, 0, true, back), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, back, log_max_qp), log_max_qp);
    hca_must_start(hca);
    assert_int_not_equal(hca_set_cap(hca, 0, 0, page), HCA_OK);
}

static void test_flr(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint32_t pd = hca_must_alloc(hca, OP(ALLOC_PD));

    pci_msix_enable(&hca->fn);
    pci_flr(&hca->fn);
    assert_false(pci_cfg_read(&hca->fn, hca->fn.msix_cap + PCI_MSIX_FLAGS,
                              2) & PCI_MSIX_FLAGS_ENABLE);
    /* The command queue is forgotten: a doorbell starts nothing. */
    hca_prepare(hca, 0, (uint8_t[16]) { 0x01, 0x04 }, 16, 12, NULL);
    hca_ring(hca, 1);
    assert_true(qtest_alive(m->q));
    assert_false(hca_done(hca, 0));
    hca_must_boot(hca);
    assert_int_equal(hca_simple(hca, OP(DEALLOC_PD), 0, pd),
                     HCA_BAD_SYS_STATE);
    hca_must_start(hca);
    assert_int_equal(hca_simple(hca, OP(DEALLOC_PD), 0, pd), HCA_BAD_RES);
}

static void test_hot_reset(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];

    machine_enable_vfs(m, 0, 4);
    machine_start_vf(m, 0, 0);
    pci_hot_reset(&hca->fn);
    pci_pf_init(&hca->fn, m->q, 0);
    hca_must_boot(hca);
    hca_must_start(hca);
    hca_must_stop(hca);
}

static void test_no_bus_master(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];

    pci_set_bus_master(&hca->fn, false);
    hca_prepare(hca, 0, (uint8_t[16]) { 0x08, 0x0d }, 16, 16, NULL);
    hca_ring(hca, 1);
    assert_true(qtest_alive(m->q));
    assert_false(hca_done(hca, 0));
    pci_set_bus_master(&hca->fn, true);
    hca_ring(hca, 1);
    assert_true(hca_wait_done(hca, 0));
    assert_int_equal(hca_result(hca, 0, NULL, 0), HCA_OK);
}

static void refused(const char *device, const char *what)
{
    const char *argv[] = {
        "-device", "pcie-root-port,id=rp0", "-device", device, NULL
    };
    char text[1024];

    assert_int_equal(qtest_start_refused(argv, text, sizeof(text)), 1);
    if (!strstr(text, what)) {
        fail_msg("no \"%s\" in: %s", what, text);
    }
}

static void test_bad_properties(void **state)
{
    (void)state;
    refused("connectx-pf,bus=rp0,vfs=1000", "vfs");
    refused("connectx-vf,bus=rp0", "connectx-vf");
    refused("connectx-pf,bus=rp0,identity=connectx-9", "identity");
    refused("connectx-pf,bus=rp0,x-fail-cmd=NO_SUCH_COMMAND", "x-fail-cmd");
    refused("connectx-pf,bus=rp0,x-delay-cmd=NO_SUCH_COMMAND", "x-delay-cmd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_identity),
        machine_test(test_other_cards),
        machine_test(test_iseg_reads_in_every_size),
        machine_test(test_health_counter_moves),
        machine_test(test_start_stop),
        machine_test(test_teardown_frees_everything),
        machine_test(test_states),
        machine_test(test_set_cap_rules),
        machine_test(test_flr),
        machine_test(test_hot_reset),
        machine_test(test_no_bus_master),
        machine_test(test_bad_properties),
    };

    return machine_main(tests);
}
