/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is at the other end of the wire may act upon this end: another card in
 * the same machine, whose interrupt message the guest has aimed at ours.
 */
#include <linux/pci_regs.h>

#include "machine.h"
#include "objects.h"

#define REG_PPCNT       0x5008
#define GROUP_802_3     0
#define GROUP_RFC_2863  1
#define NOPS                4
#define PEER_SLOT           0x8
#define PEER_BAR            0xe4000000ULL
#define PEER_RING           8
#define PEER_BUF_BYTES      2048

/* Registers of an Intel 82574 (datasheet, chapter 10) */
enum {
    PEER_IMS        = 0xd0,
    PEER_RCTL       = 0x100,
    PEER_RDBAL      = 0x2800,
    PEER_RDLEN      = 0x2808,
    PEER_RDT        = 0x2818,
    PEER_RCTL_ALL   = 0x801a,   /* enabled, promiscuous, broadcast */
};

static const char *const two_cards[] = {
    "-netdev", "hubport,id=wire0,hubid=0",
    "-netdev", "hubport,id=wire1,hubid=0",
    "-device", "e1000e,netdev=wire1,addr=0x8", NULL,
};

/* A card that has room for frames and tells of each by a message to @addr. */
static void peer_start(PciFn *peer, Qtest *q, uint64_t addr, uint16_t data)
{
    uint64_t ring = qtest_alloc(q, PEER_RING * 16, 128);
    uint8_t *descriptors = qtest_ram(q, ring, PEER_RING * 16);
    uint8_t msi;

    for (unsigned i = 0; i < PEER_RING; i++) {
        uint64_t buf = htole64(qtest_alloc(q, PEER_BUF_BYTES, 64));

        memcpy(descriptors + i * 16, &buf, sizeof(buf));
    }
    pci_root_fn_init(peer, q, PEER_SLOT);
    peer->bar0 = PEER_BAR;
    pci_cfg_write(peer, PCI_BASE_ADDRESS_0, PEER_BAR, 4);
    pci_cfg_write(peer, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
                  2);
    msi = pci_cap(peer, PCI_CAP_ID_MSI);
    assert_int_not_equal(msi, 0);
    pci_cfg_write(peer, msi + PCI_MSI_ADDRESS_LO, addr, 4);
    pci_cfg_write(peer, msi + PCI_MSI_ADDRESS_HI, addr >> 32, 4);
    pci_cfg_write(peer, msi + PCI_MSI_DATA_64, data, 2);
    pci_cfg_write(peer, msi + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, 2);
    pci_bar_write(peer, PEER_RDBAL, ring, 4);
    pci_bar_write(peer, PEER_RDLEN, PEER_RING * 16, 4);
    pci_bar_write(peer, PEER_RDT, PEER_RING - 1, 4);
    pci_bar_write(peer, PEER_RCTL, PEER_RCTL_ALL, 4);
    pci_bar_write(peer, PEER_IMS, 0xffffffff, 4);
}

/* Broadcasts a frame; requests behind it keep the queue at work. */
static void broadcast(HcaObjects *o)
{
    static const uint8_t header[14] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 8, 8, 8, 8, 8, 0x88, 0xb5,
    };

    hca_sq_post_frame(&o->sq, &(HcaFrame) {
        .header = header, .header_len = sizeof(header),
        .addr = o->rx_buf, .len = 100,
        .key = o->mkey << 8 | HCA_MKEY_BYTE,
    });
    for (int i = 0; i < NOPS; i++) {
        hca_sq_post_nop(&o->sq);
    }
    hca_sq_ring(&o->sq, true);
}

static Hca *wire_start(void **state, HcaObjects *o)
{
    Machine *m = machine_start_with(state, 1, "netdev=wire0", two_cards);
    Hca *hca = &m->pf[0];

    hca_must_boot(hca);
    hca_must_start(hca);
    hca_must_set_port(hca, true);
    hca_must_create_objects(hca, o);
    return hca;
}

static bool told(void *opaque)
{
    /* QEMU, another process, writes to it meanwhile. */
    volatile uint32_t *sink = opaque;

    return *sink == 0x1234;
}

static void test_frame_reaches_the_peer(void **state)
{
    HcaObjects o;
    Hca *hca = wire_start(state, &o);
    uint64_t sink = qtest_alloc(hca->q, 4, 4);
    PciFn peer;

    peer_start(&peer, hca->q, sink, 0x1234);
    broadcast(&o);
    assert_true(qtest_wait(hca->q, told, qtest_ram(hca->q, sink, 4),
                           HCA_TIMEOUT_MS));
}

static uint64_t port_counter(Hca *hca, unsigned group, unsigned offset)
{
    uint8_t in[CX_SZ(access_register_in) + CX_SZ(ppcnt_reg)] = {};
    uint8_t out[sizeof(in)];
    uint8_t *reg = in + CX_OFF(access_register_in, register_data);

    hca_header(in, OP(ACCESS_REG), 1);
    CX_SET(access_register_in, in, register_id, REG_PPCNT);
    CX_SET(ppcnt_reg, reg, local_port, 1);
    CX_SET(ppcnt_reg, reg, grp, group);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    return ldq_be_p(out + CX_OFF(access_register_out, register_data) +
                    CX_OFF(ppcnt_reg, counter_set) + offset);
}

/* What went over the wire is in the port's counters. */
static void test_port_counts(void **state)
{
#define COUNT_802_3(f) \
    port_counter(hca, GROUP_802_3, \
                 CX_OFF(eth_802_3_cntrs_grp_data_layout, f##_high))
#define COUNT_2863(f) \
    port_counter(hca, GROUP_RFC_2863, \
                 CX_OFF(eth_2863_cntrs_grp_data_layout, f##_high))
    HcaObjects o;
    Hca *hca = wire_start(state, &o);

    assert_int_equal(COUNT_802_3(a_frames_transmitted_ok), 0);
    broadcast(&o);
    assert_int_equal(COUNT_802_3(a_frames_transmitted_ok), 1);
    assert_int_equal(COUNT_802_3(a_octets_transmitted_ok), 114);
    assert_int_equal(COUNT_802_3(a_broadcast_frames_xmitted_ok), 1);
    assert_int_equal(COUNT_802_3(a_frames_received_ok), 0);
    assert_int_equal(COUNT_2863(if_out_broadcast_pkts), 1);
    assert_int_equal(COUNT_2863(if_out_ucast_pkts), 0);
    assert_int_equal(COUNT_2863(if_out_octets), 114);
}

/* The peer's message resets the function whose frame it was. */
static void test_peer_resets_the_sender(void **state)
{
    HcaObjects o;
    Hca *hca = wire_start(state, &o);
    PciFn peer, fn = {};

    peer_start(&peer, hca->q,
               pci_cfg_addr(&hca->fn, hca->fn.exp_cap + PCI_EXP_DEVCTL),
               PCI_EXP_DEVCTL_BCR_FLR);
    broadcast(&o);
    assert_true(qtest_alive(hca->q));
    pci_hot_reset(&hca->fn);
    pci_pf_init(&fn, hca->q, 0);
    hca_attach(hca, &fn);
    hca_must_boot(hca);
    hca_must_start(hca);
    hca_must_create_objects(hca, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_frame_reaches_the_peer),
        machine_test(test_port_counts),
        machine_test(test_peer_resets_the_sender),
    };

    return machine_main(tests);
}
