/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random commands, random registers: the device answers or does not, QEMU
 * lives.  Runs are bounded and repeatable, see luck.h.
 */
#include "luck.h"
#include "machine.h"
#include "objects.h"

#define COMMAND_ROUNDS      12000
#define REGISTER_ROUNDS     12000
#define MAX_IN_BYTES        1600
#define RESTART_EVERY       400

/* Mostly small numbers and handles that exist, sometimes anything. */
static uint32_t some_word(const HcaObjects *o, Hca *hca)
{
    switch (luck_below(16)) {
    case 0:
        return luck();
    case 1:
        return 0xffffffff;
    case 2:
        return 1u << luck_below(32);
    case 3:
        return o->pd;
    case 4:
        return o->cq.cqn;
    case 5:
        return o->sq.number;
    case 6:
        return o->rq.number;
    case 7:
        return o->flow_table;
    case 8:
        return hca->uar;
    case 9:
        return luck_below(9) << luck_below(28);
    default:
        return 0;
    }
}

static void random_command(Hca *hca, const HcaObjects *o, unsigned slot)
{
    uint8_t in[MAX_IN_BYTES];
    uint32_t in_len = 16 + luck_below(4) * 16;
    HcaCmdOpts opts = {};

    if (luck_below(3)) {
        in_len = luck_below(MAX_IN_BYTES);
    }
    for (unsigned i = 0; i < MAX_IN_BYTES; i += 4) {
        stl_be_p(in + i, some_word(o, hca));
    }
    hca_header(in, luck_opcode(), luck_below(4) ? luck_below(4) : luck());
    hca->uid = luck_below(8) ? 0 : luck_below(4) ? 0xffff : luck();
    opts.bad_in_token = !luck_below(200);
    opts.loop_in_chain = !luck_below(200);
    opts.cut_out_chain = !luck_below(200);
    hca_prepare(hca, slot, in, in_len, luck_below(1200), &opts);
    hca->uid = 0;
}

/* A function that the random commands may have taken down. */
static void restart(Hca *hca, HcaObjects *o, uint64_t mark)
{
    PciFn fn = hca->fn;

    qtest_alloc_release(hca->q, mark);
    pci_flr(&fn);
    hca_attach(hca, &fn);
    pci_msix_enable(&hca->fn);
    hca_must_boot(hca);
    hca_must_start(hca);
    hca_must_create_objects(hca, o);
}

static void fuzz_commands(Hca *hca, unsigned rounds)
{
    uint64_t mark = qtest_alloc_mark(hca->q);
    HcaObjects o;

    for (unsigned i = 0; i < rounds; i++) {
        unsigned slot = luck_below(HCA_SLOTS);
        uint32_t at = luck_now();

        if (i % RESTART_EVERY == 0) {
            restart(hca, &o, mark);
        }
        random_command(hca, &o, slot);
        hca_ring(hca, 1u << slot);
        if (!hca_wait_done(hca, slot)) {
            fail_msg("round %u (seed then 0x%x): no answer", i, at);
        }
        if (!luck_below(8)) {
            hca_sq_post_nop(&o.sq);
            hca_sq_ring(&o.sq, true);
        }
    }
    restart(hca, &o, mark);
    hca_must_destroy_objects(hca, &o);
}

static void test_pf_commands(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);

    fuzz_commands(&m->pf[0], luck_begin(COMMAND_ROUNDS));
}

static void test_vf_commands(void **state)
{
    Machine *m = machine_start_ready(state, 1, "fw-pages=16");

    machine_enable_vfs(m, 0, 2);
    fuzz_commands(&m->vf[0][0], luck_begin(COMMAND_ROUNDS));
    /* Whatever it did, the others are as before. */
    hca_must_simple(&m->pf[0], OP(NOP), 0, 0);
    machine_start_vf(m, 0, 1);
}

/* The queue page itself, all slots at once, without a thought for format. */
static void test_random_slots(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    unsigned rounds = luck_begin(300);
    uint32_t *page;

    page = qtest_ram(m->q, hca->cmdq, HCA_PAGE_BYTES);
    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned w = 0; w < HCA_PAGE_BYTES / 4; w++) {
            page[w] = luck();
        }
        for (unsigned slot = 0; slot < HCA_SLOTS; slot++) {
            uint8_t *entry = (uint8_t *)page + slot * 64;

            entry[0] = 7;
            entry[63] |= 1;
            /* Small lengths and pointers into RAM, for half of them. */
            if (slot % 2) {
                stl_be_p(entry + 4, luck_below(2000));
                stq_be_p(entry + 8, luck() & 0x7fffe00);
                stq_be_p(entry + 0x30, luck() & 0x7fffe00);
                stl_be_p(entry + 0x38, luck_below(2000));
            }
        }
        hca_ring(hca, luck());
        assert_true(qtest_alive(m->q));
    }
}

static void test_random_registers(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0], *vf;
    unsigned rounds = luck_begin(REGISTER_ROUNDS);
    HcaObjects o, vo;

    machine_enable_vfs(m, 0, 1);
    vf = machine_start_vf(m, 0, 0);
    hca_must_create_objects(pf, &o);
    hca_must_create_objects(vf, &vo);
    for (unsigned i = 0; i < rounds; i++) {
        Hca *hca = luck_below(2) ? pf : vf;
        unsigned size = 1u << luck_below(4);
        uint64_t off = luck_below(luck_below(3) ? 0x10000 : 1 << 20);

        off &= ~(uint64_t)(size - 1);
        if (luck_below(4)) {
            uint64_t val = luck_64();

            pci_bar_write(&hca->fn, off, val, size);
        } else {
            pci_bar_read(&hca->fn, off, size);
        }
    }
    assert_true(qtest_alive(m->q));
}

/* Doorbell records, queue entries and doorbells of a live queue. */
static void test_random_queues(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint64_t mark = qtest_alloc_mark(m->q);
    unsigned rounds = luck_begin(4000);
    HcaObjects o;

    for (unsigned i = 0; i < rounds; i++) {
        uint8_t *wqe, *dbr;

        if (i % RESTART_EVERY == 0) {
            restart(hca, &o, mark);
        }
        wqe = qtest_ram(m->q, o.sq.buf, 64 << o.sq.log_size);
        for (unsigned w = 0; w < 64u << o.sq.log_size; w += 4) {
            stl_be_p(wqe + w, some_word(&o, hca));
        }
        dbr = qtest_ram(m->q, o.sq.dbr, 8);
        stl_be_p(dbr + 4, luck_below(4) ? o.sq.pi + luck_below(20) : luck());
        pci_bar_write(&hca->fn, (uint64_t)hca->uar * HCA_PAGE_BYTES + 0x800,
                      htobe64((uint64_t)luck() << 32 | o.sq.number << 8), 8);
        if (!luck_below(4)) {
            hca_cq_arm(&o.cq);
        }
        if (!luck_below(16)) {
            hca_modify_wq(hca, OP(MODIFY_SQ), o.sq.number, luck_below(4),
                          luck_below(4));
        }
    }
    restart(hca, &o, mark);
    hca_must_destroy_objects(hca, &o);
}

/* A request that looks like a frame to send, more or less */
static void random_wqe(uint8_t *wqe, const HcaWq *sq, uint32_t mkey,
                       uint64_t payload)
{
    for (unsigned at = 0; at < LUCK_WQE_BYTES; at += 4) {
        stl_be_p(wqe + at, luck_below(3) ? 0 : luck());
    }
    luck_frame(wqe, sq->number, mkey, payload);
}

/* To the beginning of its ring, out of whatever state it is in. */
static void restart_wq(Hca *hca, uint16_t opcode, uint32_t number)
{
    hca_modify_wq(hca, opcode, number, HCA_WQ_RDY, HCA_WQ_ERR);
    hca_modify_wq(hca, opcode, number, HCA_WQ_ERR, HCA_WQ_RST);
    hca_modify_wq(hca, opcode, number, HCA_WQ_RST, HCA_WQ_RDY);
}

/* Frames between two functions, whose requests are a matter of luck. */
static void test_random_frames(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    HcaObjects o[2];
    uint64_t mark, payload;
    unsigned rounds = luck_begin(4000), received = 0;
    Hca *vf;

    hca_must_set_port(&m->pf[0], true);
    machine_enable_vfs(m, 0, 2);
    payload = qtest_alloc(m->q, 16384, 64);
    mark = qtest_alloc_mark(m->q);
    for (unsigned i = 0; i < rounds; i++) {
        unsigned who = luck_below(2);
        uint8_t *rq;

        if (i % 50 == 0) {
            qtest_alloc_release(m->q, mark);
            for (unsigned n = 0; n < 2; n++) {
                vf = &m->vf[0][n];
                restart(vf, &o[n], qtest_alloc_mark(m->q));
            }
        }
        vf = &m->vf[0][who];
        random_wqe(qtest_ram(m->q, o[who].sq.buf, LUCK_WQE_BYTES), &o[who].sq,
                   o[who].mkey << 8 | HCA_MKEY_BYTE, payload);
        restart_wq(vf, OP(MODIFY_SQ), o[who].sq.number);
        restart_wq(&m->vf[0][!who], OP(MODIFY_RQ), o[!who].rq.number);
        rq = qtest_ram(m->q, o[!who].rq.buf, 256);
        stl_be_p(rq + luck_below(16) * 16, luck_below(3) ? 2048 : luck());
        stl_be_p(qtest_ram(m->q, o[!who].rq.dbr, 4),
                 luck_below(8) ? luck_below(17) : luck_below(0x10000));
        o[who].sq.last = 0;
        o[who].sq.pi = 1 + luck_below(16);
        hca_sq_ring(&o[who].sq, true);
        while (hca_cq_peek(&o[!who].cq)) {
            received++;
            hca_cq_pop(&o[!who].cq);
        }
        while (hca_cq_peek(&o[who].cq)) {
            hca_cq_pop(&o[who].cq);
        }
    }
    assert_true(qtest_alive(m->q));
    printf("# %u frames arrived\n", received);
    assert_int_not_equal(received, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_pf_commands),
        machine_test(test_vf_commands),
        machine_test(test_random_slots),
        machine_test(test_random_registers),
        machine_test(test_random_queues),
        machine_test(test_random_frames),
    };

    return machine_main(tests);
}
