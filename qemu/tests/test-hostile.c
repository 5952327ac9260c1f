/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile guest, for as long as it is let: commands near and far from right
 * ones, doorbells of all kinds, damaged images, suspensions and resets at any
 * time, interrupt messages aimed at anything. The device may refuse or lose all
 * of it; QEMU lives and goes on answering.
 *
 * A round is a machine of its own with a seed of its own, printed before it
 * begins:
 *
 * FUZZ_SEED     of the first round
 * FUZZ_SECONDS  begin no new round after this time; 0, the default: one round
 */
#include <linux/pci_regs.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "image-spots.h"
#include "machine.h"
#include "objects.h"
#include "qmp.h"
#include "random.h"
#include "rdma-bench.h"
#include "track.h"
#include "vhca.h"

#define DEFAULT_SEED        0xc0ffee
#define VFS                 3
#define FUNCTIONS           (1 + VFS)
#define STEPS               1500
#define STEP_SECONDS        60
#define ALIVE_EVERY         64
#define LOAD_LOOKS          100
#define KEPT_COMMANDS       256
#define MAX_COMMAND_BYTES   4400
#define IMAGE_BYTES         (1u << 20)
#define PAYLOAD_BYTES       16384
#define BAR_BYTES           0x20000
#define ECAM_BYTES          0x200000
#define ECAM_BASE           0xb0000000ULL

/* A command that the device took, with which others begin. */
typedef struct Kept {
    uint32_t in_len, out_len;
    uint8_t in[MAX_COMMAND_BYTES];
} Kept;

typedef struct Fuzz {
    Machine *m;
    Hca *hca[FUNCTIONS];
    HcaObjects o[FUNCTIONS];
    RdmaBench rdma;                     /* between VFs 1 and 2 */
    uint16_t id[FUNCTIONS];
    VhcaBuf buf;
    ImageSpots right;                   /* an image of a VF */
    uint64_t payload;
    unsigned nr_kept;
    Kept kept[KEPT_COMMANDS];
} Fuzz;

/*
 * What objects.c does not send, by its length; the third word names an object
 * or a VF. Mutation brings what a command needs in its other words.
 */
#define ROW(op, layout) \
    { MLX5_CMD_OP_##op, CX_SZ(layout##_in), CX_SZ(layout##_out) }

static const struct {
    uint16_t opcode;
    uint16_t in_len, out_len;
} rows[] = {
    ROW(NOP, nop), ROW(QUERY_ISSI, query_issi), ROW(SET_ISSI, set_issi),
    ROW(QUERY_ADAPTER, query_adapter), ROW(QUERY_PAGES, query_pages),
    ROW(TEARDOWN_HCA, teardown_hca), ROW(DISABLE_HCA, disable_hca),
    ROW(QUERY_SPECIAL_CONTEXTS, query_special_contexts),
    ROW(QUERY_MKEY, query_mkey), ROW(QUERY_EQ, query_eq),
    ROW(QUERY_CQ, query_cq), ROW(MODIFY_CQ, modify_cq),
    ROW(QUERY_SQ, query_sq), ROW(QUERY_RQ, query_rq),
    ROW(CREATE_RMP, create_rmp), ROW(MODIFY_RMP, modify_rmp),
    ROW(QUERY_RMP, query_rmp), ROW(DESTROY_RMP, destroy_rmp),
    ROW(CREATE_XRC_SRQ, create_xrc_srq), ROW(QUERY_XRC_SRQ, query_xrc_srq),
    ROW(DESTROY_XRC_SRQ, destroy_xrc_srq),
    ROW(RST2INIT_QP, rst2init_qp), ROW(INIT2RTR_QP, init2rtr_qp),
    ROW(RTR2RTS_QP, rtr2rts_qp), ROW(RTS2RTS_QP, rts2rts_qp),
    ROW(INIT2INIT_QP, init2init_qp), ROW(SQERR2RTS_QP, sqerr2rts_qp),
    ROW(SQD_RTS_QP, sqd2rts_qp), ROW(2ERR_QP, qp_2err), ROW(2RST_QP, qp_2rst),
    ROW(SET_ROCE_ADDRESS, set_roce_address),
    ROW(QUERY_ROCE_ADDRESS, query_roce_address),
    ROW(QUERY_QP, query_qp), ROW(DESTROY_QP, destroy_qp),
    ROW(MODIFY_TIS, modify_tis), ROW(QUERY_TIS, query_tis),
    ROW(MODIFY_TIR, modify_tir), ROW(QUERY_TIR, query_tir),
    ROW(MODIFY_RQT, modify_rqt), ROW(QUERY_RQT, query_rqt),
    ROW(QUERY_Q_COUNTER, query_q_counter), ROW(ALLOC_XRCD, alloc_xrcd),
    ROW(QUERY_FLOW_TABLE, query_flow_table),
    ROW(MODIFY_FLOW_TABLE, modify_flow_table),
    ROW(SET_FLOW_TABLE_ROOT, set_flow_table_root),
    ROW(QUERY_FLOW_TABLE_ENTRY, query_fte),
    ROW(QUERY_NIC_VPORT_CONTEXT, query_nic_vport_context),
    ROW(MODIFY_NIC_VPORT_CONTEXT, modify_nic_vport_context),
    ROW(QUERY_VPORT_STATE, query_vport_state),
    ROW(MODIFY_VPORT_STATE, modify_vport_state),
    ROW(QUERY_ESW_VPORT_CONTEXT, query_esw_vport_context),
    ROW(MODIFY_ESW_VPORT_CONTEXT, modify_esw_vport_context),
    ROW(QUERY_VPORT_COUNTER, query_vport_counter),
    ROW(QUERY_VNIC_ENV, query_vnic_env),
    ROW(SET_L2_TABLE_ENTRY, set_l2_table_entry),
};

/* What may happen in a round; each has its own share of them. */
enum {
    WILD_COMMANDS   = 1 << 0,
    WILD_RESETS     = 1 << 1,
    WILD_INTERRUPTS = 1 << 2,
    WILD_CONFIG     = 1 << 3,
    WILD_VHCA       = 1 << 4,
};

static Fuzz fuzz;
static uint32_t state, seed, wild;
static unsigned step;

static uint32_t rnd(void)
{
    return random_next(&state);
}

static uint32_t below(uint32_t n)
{
    return random_below(&state, n);
}

static uint64_t rnd64(void)
{
    uint64_t high = rnd();

    return high << 32 | rnd();
}

/* A step that does not come back is a spin in the device. */
static void stuck(int sig)
{
    (void)sig;
    dprintf(STDOUT_FILENO, "# FUZZ_SEED=0x%x: stuck in step %u\n", seed, step);
    dprintf(STDOUT_FILENO, "not ok 1 - the device answers a hostile guest\n");
    _exit(1);
}

/* Called for each command that a helper of hca.c or objects.c sends. */
static void keep(const void *in, uint32_t in_len, uint32_t out_len)
{
    Kept *k = &fuzz.kept[fuzz.nr_kept];

    if (fuzz.nr_kept == KEPT_COMMANDS || in_len > MAX_COMMAND_BYTES) {
        return;
    }
    k->in_len = in_len;
    k->out_len = out_len;
    memcpy(k->in, in, in_len);
    fuzz.nr_kept++;
}

/* Numbers that mean something to function n, and some that do not. */
static uint32_t some_word(unsigned n)
{
    const HcaObjects *o = &fuzz.o[n];
    const uint32_t words[] = {
        o->pd, o->td, o->mkey, o->mkey << 8 | HCA_MKEY_BYTE, o->tis, o->rqt,
        o->tir, o->flow_table, o->flow_group, o->async_eq.eqn, o->comp_eq.eqn,
        o->cq.cqn, o->sq.number, o->rq.number, fuzz.hca[n]->uar,
        fuzz.id[below(FUNCTIONS)], below(FUNCTIONS), 0, 1, below(256), 1u << 31,
        0xffffffff, 0xffffff, 1u << below(32), rnd(),
    };

    return words[below(sizeof(words) / sizeof(words[0]))];
}

static unsigned some_function(void)
{
    return below(FUNCTIONS);
}

static void send(unsigned n, const uint8_t *in, uint32_t in_len,
                 uint32_t out_len)
{
    HcaCmdOpts opts = {
        .bad_in_token = !below(100), .bad_out_token = !below(100),
        .loop_in_chain = !below(100), .cut_out_chain = !below(100),
        .cut_in_chain = !below(100), .loop_out_chain = !below(100),
    };
    unsigned slot = below(HCA_SLOTS);

    hca_prepare(fuzz.hca[n], slot, in, in_len, out_len, &opts);
    hca_ring(fuzz.hca[n], below(20) ? 1u << slot : rnd());
}

/* A right command with a few words of it wrong, also to the wrong function. */
static void mutated_command(void)
{
    const Kept *k = &fuzz.kept[below(fuzz.nr_kept)];
    unsigned n = some_function();
    uint8_t in[MAX_COMMAND_BYTES];
    uint32_t in_len = k->in_len;

    memcpy(in, k->in, k->in_len);
    for (unsigned i = below(4); i; i--) {
        unsigned at = below(k->in_len / 4) * 4;

        switch (below(4)) {
        case 0:
            in[at + below(4)] ^= 1u << below(8);
            break;
        case 1:
            in[at + below(4)] = rnd();
            break;
        default:
            stl_be_p(in + at, some_word(n));
            break;
        }
    }
    if (!below(10)) {
        in_len = 8 + below(k->in_len);
        in_len = in_len < k->in_len ? in_len : k->in_len;
    }
    send(n, in, in_len, below(10) ? k->out_len : below(2000));
}

static void random_command(void)
{
    static const uint16_t base[] = {
        0x100, 0x110, 0x200, 0x300, 0x400, 0x500, 0x700, 0x750, 0x760, 0x770,
        0x780, 0x800, 0x810, 0x820, 0x900, 0x910, 0x920, 0x930, 0x940, 0xa00,
        0xb00,
    };
    uint8_t in[1600];
    unsigned n = some_function();

    for (unsigned i = 0; i < sizeof(in); i += 4) {
        stl_be_p(in + i, below(3) ? 0 : some_word(n));
    }
    hca_header(in, base[below(sizeof(base) / sizeof(base[0]))] + below(16),
               below(4));
    send(n, in, 8 + below(sizeof(in) - 8), 8 + below(1200));
}

static void doorbell(void)
{
    unsigned n = some_function();
    Hca *hca = fuzz.hca[n];
    uint64_t uar = (uint64_t)hca->uar * HCA_PAGE_BYTES;
    unsigned size = 1u << below(4);

    switch (below(6)) {
    case 0:
        pci_bar_write(&hca->fn, uar + 0x40 + below(2) * 8,
                      htobe32(some_word(n) << 24 | below(64)), 4);
        break;
    case 1:
        pci_bar_write(&hca->fn, uar + 0x20,
                      htobe64((uint64_t)rnd() << 32 | some_word(n)), 8);
        break;
    case 2:
        pci_bar_write(&hca->fn, uar + 0x800 + below(8) * 0x100,
                      htobe64((uint64_t)rnd() << 32 | some_word(n) << 8), 8);
        break;
    case 3:
        pci_bar_write(&hca->fn, uar + below(1024) * 4, rnd(), 4);
        break;
    case 4:
        pci_bar_write(&hca->fn, below(BAR_BYTES) & ~(size - 1), rnd64(), size);
        break;
    default:
        pci_bar_read(&hca->fn, below(BAR_BYTES) & ~(size - 1), size);
        break;
    }
}

/* A command that nobody waits for: most are done when the doorbell is rung. */
static void tell(unsigned n, const void *in, uint32_t in_len)
{
    hca_prepare(fuzz.hca[n], 1, in, in_len, in_len + 64, NULL);
    hca_ring(fuzz.hca[n], 1u << 1);
}

/* Whatever state a queue is in: to RDY by way of RST, at the ring's start. */
static void restart_queue(unsigned n, uint16_t opcode, uint32_t number)
{
    static const uint8_t steps[][2] = {
        { HCA_WQ_RDY, HCA_WQ_ERR }, { HCA_WQ_ERR, HCA_WQ_RST },
        { HCA_WQ_RST, HCA_WQ_RDY },
    };

    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint8_t in[CX_SZ(modify_sq_in)] = {};

        hca_header(in, opcode, 0);
        CX_SET(modify_sq_in, in, sqn, number);
        CX_SET(modify_sq_in, in, sq_state, steps[i][0]);
        CX_SET(sqc, in + CX_OFF(modify_sq_in, ctx), state, steps[i][1]);
        tell(n, in, sizeof(in));
    }
}

/* A frame to all, with headers that are mostly right. */
static void write_wqe(unsigned n, uint8_t *wqe)
{
    static const uint8_t opcodes[] = { 0x00, 0x0a, 0x0a, 0x0e, 0x0e, 0x25 };
    static const uint16_t inlined[] = {
        0, 1, 2, 14, 18, 34, 54, 66, 94, 200, 1000, 0x7fff, 0x8012,
    };
    unsigned header = inlined[below(sizeof(inlined) / sizeof(inlined[0]))];
    unsigned at;

    for (at = 0; at < 1024; at += 4) {
        stl_be_p(wqe + at, below(3) ? 0 : some_word(n));
    }
    stl_be_p(wqe, opcodes[below(sizeof(opcodes))]);
    wqe[11] = rnd() & 8;
    wqe[20] = rnd();
    wqe[22] = below(8);
    wqe[23] = rnd();
    wqe[28] = header >> 8;
    wqe[29] = header;
    memset(wqe + 30, below(4) ? 0xff : rnd(), 6);
    wqe[42] = below(2) ? 0x08 : 0x86;
    wqe[43] = wqe[42] == 0x08 ? 0x00 : 0xdd;
    wqe[44] = wqe[42] == 0x08 ? 0x45 : 0x60;
    wqe[53] = below(2) ? 6 : 17;
    wqe[50] = wqe[53];
    at = 32 + (header > 2 && header < 128 ? (header - 2 + 15) / 16 * 16 : 0);
    for (; at + 16 <= 1024 && below(4); at += 16) {
        stl_be_p(wqe + at, below(8) ? below(3000) : rnd());
        stl_be_p(wqe + at + 4, below(16) ?
                 fuzz.o[n].mkey << 8 | HCA_MKEY_BYTE : rnd());
        stq_be_p(wqe + at + 8, below(16) ? fuzz.payload : rnd64());
    }
    stl_be_p(wqe + 4, fuzz.o[n].sq.number << 8 |
             (below(4) ? at / 16 : below(64)));
}

/* Something to send and room to receive it, or nearly. */
static void work(void)
{
    unsigned n = some_function(), to = some_function();
    HcaObjects *o = &fuzz.o[n];
    uint8_t *rq = qtest_ram(fuzz.m->q, fuzz.o[to].rq.buf, 256);

    if (below(4)) {
        restart_queue(n, OP(MODIFY_SQ), o->sq.number);
        o->sq.pi = 1 + below(16);
        o->sq.last = 0;
    } else {
        o->sq.pi = rnd();
    }
    write_wqe(n, qtest_ram(fuzz.m->q, o->sq.buf, 1024));
    stl_be_p(rq + below(16) * 16, below(3) ? 2048 : rnd());
    stl_be_p(qtest_ram(fuzz.m->q, fuzz.o[to].rq.dbr, 4), below(0x10000));
    hca_sq_ring(&o->sq, below(8));
    if (below(2)) {
        hca_cq_arm(&o->cq);
    }
    /* What was completed is consumed, or said to be. */
    while (below(16) && hca_cq_peek(&o->cq)) {
        hca_cq_pop(&o->cq);
    }
    while (below(16) && hca_eq_peek(&o->comp_eq)) {
        hca_eq_pop(&o->comp_eq);
    }
    hca_eq_ring(&o->comp_eq, below(2));
    if (!below(16)) {
        stl_be_p(qtest_ram(fuzz.m->q, o->cq.dbr, 4), rnd());
    }
}

/* A request of a queue pair's, mostly a right one, and room at its peer */
static void converse(void)
{
    static const unsigned opcodes[] = {
        HCA_WR_NOP, HCA_WR_WRITE, HCA_WR_WRITE_IMM, HCA_WR_SEND, HCA_WR_READ,
        HCA_WR_ATOMIC_FA, HCA_WR_UMR,
    };
    RdmaBench *r = &fuzz.rdma;
    HcaWr wr = rdma_wr(r, opcodes[below(sizeof(opcodes) / sizeof(opcodes[0]))],
                       below(100) * 8, below(4) ? 8 : below(20000));

    if (!below(4)) {
        rdma_reconnect_if_may(r);
    }
    wr.flags = rnd() & 0xff;
    rdma_post_recv(&r->b, 0, below(20000));
    hca_qp_post(&r->a.qp, &wr);
    if (!below(4)) {
        stl_be_p(qtest_ram(fuzz.m->q, r->a.qp.buf + below(500) * 4, 4), rnd());
        stl_be_p(qtest_ram(fuzz.m->q, r->b.qp.buf + below(500) * 4, 4), rnd());
    }
    hca_qp_ring(&r->a.qp);
}

static void vhca_command(uint16_t opcode, unsigned op_mod)
{
    uint8_t in[CX_SZ(load_vhca_state_in)] = {};
    uint16_t id = fuzz.id[some_function()];

    hca_header(in, opcode, op_mod);
    /* id, key, address and size lie alike in SAVE and LOAD */
    CX_SET(load_vhca_state_in, in, vhca_id, id);
    if (opcode == OP(SAVE_VHCA_STATE)) {
        CX_SET(save_vhca_state_in, in, incremental, below(2));
        CX_SET(save_vhca_state_in, in, set_track, below(2));
    } else if (opcode == OP(QUERY_VHCA_MIGRATION_STATE)) {
        CX_SET(query_vhca_migration_state_in, in, incremental, below(2));
        CX_SET(query_vhca_migration_state_in, in, chunk, below(2));
    }
    if (opcode == OP(SAVE_VHCA_STATE) || opcode == OP(LOAD_VHCA_STATE)) {
        CX_SET(load_vhca_state_in, in, mkey, below(16) ? fuzz.buf.key : rnd());
        CX_SET(load_vhca_state_in, in, size,
               below(8) ? fuzz.right.bytes : below(IMAGE_BYTES));
    }
    send(0, in, opcode == OP(SUSPEND_VHCA) || opcode == OP(RESUME_VHCA) ?
         16 : sizeof(in), 64);
}

/* It may be right, too. */
static void write_image(unsigned words_max)
{
    image_spots_damage(&fuzz.right, vhca_buf_data(&fuzz.buf),
                       below(words_max + 1), &state);
}

static void damaged_image(void)
{
    write_image(5);
    vhca_command(OP(LOAD_VHCA_STATE), 0);
}

/* A VF gets a whole image, right or damaged, and goes on with it, or not. */
static void move_in(void)
{
    unsigned n = 1 + below(VFS);
    uint8_t in[CX_SZ(load_vhca_state_in)] = {};
    uint8_t header[16] = {};
    uint16_t resume = below(2);

    pci_flr(&fuzz.hca[n]->fn);
    for (unsigned half = 0; half < 2; half++) {
        hca_header(header, OP(SUSPEND_VHCA), half);
        CX_SET(suspend_vhca_in, header, vhca_id, fuzz.id[n]);
        tell(0, header, sizeof(header));
    }
    write_image(2);
    hca_header(in, OP(LOAD_VHCA_STATE), 0);
    CX_SET(load_vhca_state_in, in, vhca_id, fuzz.id[n]);
    CX_SET(load_vhca_state_in, in, mkey, fuzz.buf.key);
    CX_SET(load_vhca_state_in, in, size, fuzz.right.bytes);
    tell(0, in, sizeof(in));
    /* An answer is not certain: the PF may be dead. */
    for (unsigned i = 0; i < LOAD_LOOKS && !hca_done(fuzz.hca[0], 1); i++) {
        qtest_alive(fuzz.m->q);
    }
    for (unsigned half = 0; half < 2; half++) {
        hca_header(header, OP(RESUME_VHCA), half ^ resume);
        CX_SET(resume_vhca_in, header, vhca_id, fuzz.id[n]);
        tell(0, header, sizeof(header));
    }
    /* What the image says of its queues is what the driver knows now. */
    fuzz.hca[n]->uar = fuzz.hca[1]->uar;
}

/* Anywhere: memory, this or another function's registers, configuration. */
static uint64_t some_address(void)
{
    Hca *hca = fuzz.hca[some_function()];

    switch (below(6)) {
    case 0:
        return hca->fn.msix_sink;
    case 1:
        return hca->fn.bar0 + (below(BAR_BYTES) & ~3u);
    case 2:
        return hca->fn.bar0 + (uint64_t)hca->uar * HCA_PAGE_BYTES +
               (below(4096) & ~3u);
    case 3:
        /* A function's device control: a reset by interrupt */
        return pci_cfg_addr(&hca->fn, hca->fn.exp_cap + PCI_EXP_DEVCTL);
    case 4:
        return ECAM_BASE + (below(ECAM_BYTES) & ~3u);
    default:
        return rnd64() & ~3ull;
    }
}

static void aim_interrupts(void)
{
    Hca *hca = fuzz.hca[some_function()];

    pci_msix_aim(&hca->fn, below(4), some_address(), rnd());
    if (!below(4)) {
        pci_cfg_write(&hca->fn, hca->fn.msix_cap + PCI_MSIX_FLAGS,
                      below(4) << 14, 2);
    }
}

/* Of this device and its port alone: the rest of the machine is not ours. */
static void configure(void)
{
    Hca *hca = fuzz.hca[some_function()];
    unsigned size = 1u << below(3);

    switch (below(8)) {
    case 0:
        pci_set_bus_master(&hca->fn, below(2));
        break;
    case 1:
        pci_cfg_write(&hca->fn, PCI_COMMAND, below(8), 2);
        break;
    case 2:
        pci_sriov_set(&fuzz.m->pf[0].fn, below(VFS + 1));
        break;
    case 3:
        pci_cfg_write(&hca->fn, below(0x100) & ~(size - 1), rnd(), size);
        break;
    case 4:
        qmp_set_number(fuzz.m->q, "pf0", "x-delay-ms", below(4));
        qmp_set_text(fuzz.m->q, "pf0", "x-delay-cmd",
                     below(2) ? "SAVE_VHCA_STATE" : "NOP");
        break;
    default:
        pci_cfg_write(&hca->fn, PCI_COMMAND, 6, 2);
        break;
    }
}

static void reset(void)
{
    Hca *hca = fuzz.hca[some_function()];

    switch (below(8)) {
    case 0:
        pci_hot_reset(&fuzz.m->pf[0].fn);
        pci_pf_init(&fuzz.m->pf[0].fn, fuzz.m->q, 0);
        pci_sriov_set(&fuzz.m->pf[0].fn, VFS);
        break;
    case 1:
        /* A software reset, or none */
        pci_bar_write(&hca->fn, 0x14, htobe32(hca->cmdq | below(8) << 8), 4);
        break;
    default:
        pci_flr(&hca->fn);
        break;
    }
}

/* A driver that comes back: boots as far as it can, minds no refusal. */
static void revive(unsigned n)
{
    Hca *hca = fuzz.hca[n];

    pci_cfg_write(&hca->fn, PCI_COMMAND, 6, 2);
    pci_bar_write(&hca->fn, 0x10, htobe32(hca->cmdq >> 32), 4);
    pci_bar_write(&hca->fn, 0x14, htobe32(hca->cmdq), 4);
    for (unsigned i = 0; i < fuzz.nr_kept; i++) {
        const Kept *k = &fuzz.kept[i];

        hca_prepare(hca, 0, k->in, k->in_len, k->out_len, NULL);
        hca_ring(hca, 1);
    }
}

static void one_step(void)
{
    static const uint16_t vhca[] = {
        OP(SUSPEND_VHCA), OP(RESUME_VHCA), OP(RESUME_VHCA),
        OP(QUERY_VHCA_MIGRATION_STATE), OP(SAVE_VHCA_STATE),
        OP(LOAD_VHCA_STATE),
    };
    unsigned what = below(200);

    if (what < 60 && wild & WILD_COMMANDS) {
        mutated_command();
    } else if (what < 70 && wild & WILD_COMMANDS) {
        random_command();
    } else if (what < 100) {
        doorbell();
    } else if (what < 130) {
        work();
    } else if (what < 150) {
        converse();
    } else if (what < 165 && wild & WILD_VHCA) {
        vhca_command(vhca[below(sizeof(vhca) / sizeof(vhca[0]))], below(2));
    } else if (what < 170 && wild & WILD_VHCA) {
        damaged_image();
    } else if (what < 180) {
        move_in();
    } else if (what < 188 && wild & WILD_INTERRUPTS) {
        aim_interrupts();
    } else if (what < 194 && wild & WILD_CONFIG) {
        configure();
    } else if (what < 196 && wild & WILD_RESETS) {
        reset();
    } else if (what >= 196) {
        revive(some_function());
    }
}

static void keep_rows(void)
{
    uint8_t in[MAX_COMMAND_BYTES] = {};

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hca_header(in, rows[i].opcode, 0);
        stl_be_p(in + 8, some_word(below(FUNCTIONS)));
        keep(in, rows[i].in_len, rows[i].out_len);
    }
}

/* A tracker of all memory, and a report of it, for commands like theirs */
static void begin_tracking(void)
{
    TrackBench bench;
    TrackSetup setup;
    uint32_t id;

    track_bench_create(&bench, fuzz.hca[0]);
    setup = track_setup(&bench, fuzz.id[1], 0, QTEST_RAM_BYTES);
    assert_int_equal(track_create(&bench, &setup, &id), HCA_OK);
    assert_int_equal(track_report(&bench, id, 0, QTEST_RAM_BYTES), HCA_OK);
}

static void begin(void **state_of_test)
{
    Machine *m = machine_start(state_of_test, 1,
                               "fw-pages=4,page-tracking=on,rdma=on");
    uint8_t *image;
    uint32_t bytes;

    memset(&fuzz, 0, sizeof(fuzz));
    fuzz.m = m;
    hca_on_command = keep;
    hca_must_boot(&m->pf[0]);
    hca_must_start(&m->pf[0]);
    machine_enable_vfs(m, 0, VFS);
    for (unsigned n = 0; n < FUNCTIONS; n++) {
        fuzz.hca[n] = n ? machine_start_vf(m, 0, n - 1) : &m->pf[0];
        pci_msix_enable(&fuzz.hca[n]->fn);
        hca_must_set_port(fuzz.hca[n], true);
        hca_must_create_objects(fuzz.hca[n], &fuzz.o[n]);
        fuzz.id[n] = n ? vhca_id_of(&m->pf[0], n - 1) : 0;
    }
    fuzz.rdma.m = m;
    rdma_end_create(&fuzz.rdma.a, fuzz.hca[1], 0, false);
    rdma_end_create(&fuzz.rdma.b, fuzz.hca[2], 1, false);
    rdma_end_qp(&fuzz.rdma.a, HCA_QP_RC);
    rdma_end_qp(&fuzz.rdma.b, HCA_QP_RC);
    fuzz.rdma.way = (HcaQpWay) {
        .mtu = HCA_QP_MTU_1024, .ack_timeout = 9, .retries = 7,
        .rnr_retries = 7, .rnr_timer = 1,
    };
    rdma_connect(&fuzz.rdma);
    fuzz.payload = qtest_alloc(m->q, PAYLOAD_BYTES, 64);
    vhca_buf_create(&m->pf[0], &fuzz.buf, IMAGE_BYTES);
    vhca_must_stop(&m->pf[0], fuzz.id[1]);
    image = vhca_must_save(&fuzz.buf, fuzz.id[1], &bytes);
    image_spots_find(&fuzz.right, image, bytes);
    vhca_must_run(&m->pf[0], fuzz.id[1]);
    begin_tracking();
    hca_on_command = NULL;
    keep_rows();
}

static void one_round(void **state_of_test)
{
    state = seed;
    wild = below(32);
    begin(state_of_test);
    for (step = 0; step < STEPS; step++) {
        alarm(STEP_SECONDS);
        one_step();
        if (step % ALIVE_EVERY == 0 && !qtest_alive(fuzz.m->q)) {
            break;
        }
    }
    alarm(STEP_SECONDS);
    free(fuzz.right.image);
    if (machine_teardown(state_of_test)) {
        fail_msg("FUZZ_SEED=0x%x: QEMU died by step %u", seed, step);
    }
    alarm(0);
}

static void test_hostile_guest(void **state_of_test)
{
    const char *seconds = getenv("FUZZ_SECONDS");
    const char *first = getenv("FUZZ_SEED");
    const struct sigaction action = { .sa_handler = stuck };
    time_t end = time(NULL) + (seconds ? strtoul(seconds, NULL, 0) : 0);
    unsigned rounds = 0;

    seed = first ? strtoul(first, NULL, 0) : DEFAULT_SEED;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    do {
        seed = seed ? seed : 1;
        printf("# FUZZ_SEED=0x%x\n", seed);
        fflush(stdout);
        one_round(state_of_test);
        seed++;
        rounds++;
    } while (time(NULL) < end);
    printf("# %u rounds of %u steps\n", rounds, STEPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_hostile_guest),
    };

    return machine_main(tests);
}
