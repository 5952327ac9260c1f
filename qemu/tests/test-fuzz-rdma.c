/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue pairs whose requests, records, packets and states are a matter of luck:
 * QEMU lives, and two others go on as if nothing was.
 */
#include "qemu/osdep.h"
#include "packet/roce.h"
#include "image-bench.h"
#include "luck.h"
#include "qmp.h"
#include "xrc-bench.h"

#define REQUEST_ROUNDS  3000
#define PACKET_ROUNDS   3000
#define XRC_ROUNDS      2000
#define IMAGE_ROUNDS    600
#define RENEW_EVERY     3
#define SAVE_EVERY      (20 * RENEW_EVERY)
#define SPARE           2               /* VF, behind both ends' */
#define OBJECT_HEAD_BYTES   48
#define RUN_WORDS       141             /* of a queue pair, in an image */
#define WQE_BYTES       64
#define SQ_BYTES        (WQE_BYTES << RDMA_LOG_WQ)
#define RQ_BYTES        (WQE_BYTES << RDMA_LOG_WQ)

static uint32_t some_length(void)
{
    switch (luck_below(8)) {
    case 0:
        return luck();
    case 1:
        return luck_below(1 << 20);
    default:
        return luck_below(5000);
    }
}

/* Mostly what works: a few words are others. */
static void spoil(uint8_t *p, unsigned bytes, unsigned words)
{
    while (words--) {
        unsigned at = luck_below(bytes / 4) * 4;

        stl_be_p(p + at, luck_below(2) ? luck() : ldl_be_p(p + at) ^
                                            1u << luck_below(32));
    }
}

static void post_some(RdmaBench *r)
{
    static const unsigned opcodes[] = {
        HCA_WR_NOP, HCA_WR_WRITE, HCA_WR_WRITE_IMM, HCA_WR_SEND,
        HCA_WR_SEND_IMM, HCA_WR_READ, HCA_WR_ATOMIC_CS, HCA_WR_ATOMIC_FA,
        HCA_WR_UMR, HCA_WR_SEND_INV,
    };

    for (unsigned n = 1 + luck_below(4); n; n--) {
        unsigned opcode = opcodes[luck_below(ARRAY_SIZE(opcodes))];
        bool number = opcode == HCA_WR_ATOMIC_CS || opcode == HCA_WR_ATOMIC_FA;
        HcaWr wr = rdma_wr(r, opcode, luck_below(100) * 8,
                           number ? 8 : luck_below(5000));

        wr.flags = luck() & 0xff;
        if (r->a.qp.setup.type == HCA_QP_UD) {
            wr.to = &r->b.roce;
            wr.to_qpn = r->b.qp.qpn;
            wr.from_index = r->a.roce.index;
            wr.q_key = r->way.q_key;
        }
        wr.nr_segs = luck_below(3);
        wr.seg[1] = wr.seg[0];
        hca_qp_post(&r->a.qp, &wr);
    }
}

/*
 * More than is done in a go (512 packets): several reads at a time, if they are
 * of less packets than may be on their way (128)
 */
static void post_long(RdmaBench *r)
{
    unsigned max = luck_below(3) ? 120 * RDMA_MTU : RDMA_BUF_BYTES;

    for (unsigned i = 0; i < 8; i++) {
        HcaWr wr = rdma_wr(r, luck_below(8) ? HCA_WR_READ : HCA_WR_WRITE, 0,
                           max / 2 + luck_below(max / 2));

        hca_qp_post(&r->a.qp, &wr);
    }
}

static void drain(HcaCq *cq)
{
    while (hca_cq_peek(cq)) {
        hca_cq_pop(cq);
    }
}

static void drain_both(RdmaBench *r)
{
    drain(&r->a.send_cq);
    drain(&r->a.recv_cq);
    drain(&r->b.send_cq);
    drain(&r->b.recv_cq);
}

/* Two VFs, and one that has what became of them, for a moment */
typedef struct Ends {
    RdmaBench r;
    VhcaBuf buf;
    uint16_t id[SPARE + 1];
} Ends;

static void ends_start(Ends *e, void **state, unsigned type)
{
    Machine *m = machine_start_ready(state, 1, "rdma=on");

    machine_enable_vfs(m, 0, SPARE + 1);
    rdma_join(&e->r, m, machine_start_vf(m, 0, 0), machine_start_vf(m, 0, 1),
              type, false);
    vhca_buf_create(&m->pf[0], &e->buf, VHCA_BUF_BYTES);
    for (unsigned i = 0; i <= SPARE; i++) {
        e->id[i] = vhca_id_of(&m->pf[0], i);
    }
}

/* Both stop amid what is posted, in that order or the other. */
static void ends_stop(Ends *e)
{
    Hca *pf = &e->r.m->pf[0];
    unsigned first = luck_below(SPARE);

    qmp_stop(pf->q);
    hca_qp_ring(&e->r.a.qp);
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned i = 0; i < SPARE; i++) {
            assert_int_equal(vhca_suspend(pf, e->id[first ^ i], half), HCA_OK);
        }
    }
    qmp_cont(pf->q);
}

/* Whatever came of a queue pair, or is under way, its VF can be moved. */
static void must_fit(Ends *e)
{
    ends_stop(e);
    for (unsigned i = 0; i < SPARE; i++) {
        assert_int_equal(vhca_try_image_of(&e->buf, e->id[i],
                                           &e->r.m->vf[0][SPARE].fn,
                                           e->id[SPARE]), HCA_OK);
    }
    for (unsigned i = 0; i < SPARE; i++) {
        vhca_must_run(&e->r.m->pf[0], e->id[i]);
    }
}

static void fuzz_requests(Ends *e, unsigned rounds)
{
    static const uint16_t moves[] = {
        OP(RTS2RTS_QP), OP(2ERR_QP), OP(2RST_QP), OP(SQERR2RTS_QP),
        OP(RTR2RTS_QP), OP(RST2INIT_QP),
    };
    RdmaBench *r = &e->r;
    Qtest *q = r->m->q;
    unsigned arrived = 0;

    for (unsigned i = 0; i < rounds; i++) {
        if (i % RENEW_EVERY == 0) {
            rdma_reconnect(r);
        }
        if (i % SAVE_EVERY == 0) {
            post_long(r);
            must_fit(e);
        }
        for (unsigned n = luck_below(3); n; n--) {
            rdma_post_recv(&r->b, luck_below(1000), some_length());
        }
        post_some(r);
        if (!luck_below(3)) {
            spoil(qtest_ram(q, r->a.qp.buf + RQ_BYTES, SQ_BYTES), SQ_BYTES, 3);
        }
        if (!luck_below(3)) {
            spoil(qtest_ram(q, r->b.qp.buf, RQ_BYTES), RQ_BYTES, 3);
        }
        if (i % SAVE_EVERY == 1) {
            must_fit(e);
        }
        hca_qp_ring(&r->a.qp);
        if (!luck_below(20)) {
            stl_be_p(qtest_ram(q, r->b.qp.dbr, 4), luck());
            stl_be_p(qtest_ram(q, r->a.qp.dbr + 4, 4), luck());
            hca_move_qp(&r->a.qp, OP(RTS2RTS_QP), 0, NULL);
        }
        if (!luck_below(10)) {
            hca_move_qp(luck_below(2) ? &r->a.qp : &r->b.qp,
                        moves[luck_below(ARRAY_SIZE(moves))], 0, NULL);
        }
        arrived += !!hca_cq_peek(&r->b.recv_cq);
        drain_both(r);
    }
    printf("# something arrived in %u rounds\n", arrived);
    assert_int_not_equal(arrived, 0);
}

/* Whatever was, a new connection works. */
static void must_live(RdmaBench *r)
{
    HcaWr wr;

    rdma_reconnect(r);
    wr = rdma_wr(r, HCA_WR_WRITE, 0, 5000);
    rdma_fill(r->a.bytes, 5000, 1);
    hca_qp_send(&r->a.qp, &wr);
    hca_must_complete(&r->a.send_cq, HCA_CQE_REQ);
    rdma_check(r->b.bytes, 5000, 1);
}

static void test_random_requests(void **state)
{
    Ends e;

    ends_start(&e, state, HCA_QP_RC);
    fuzz_requests(&e, luck_begin(REQUEST_ROUNDS));
    must_live(&e.r);
}

static void test_random_uc(void **state)
{
    Ends e;

    ends_start(&e, state, HCA_QP_UC);
    fuzz_requests(&e, luck_begin(REQUEST_ROUNDS));
    must_live(&e.r);
}

static void test_random_datagrams(void **state)
{
    Ends e;

    ends_start(&e, state, HCA_QP_UD);
    fuzz_requests(&e, luck_begin(REQUEST_ROUNDS));
}

/* Packets as a stranger makes them, with a right checksum. srqn: of XRC */
static ConnectXRoce some_packet(const RdmaBench *r, const RdmaEnd *to,
                                uint32_t srqn, const uint8_t *data)
{
    uint8_t transport = srqn ? CX_ROCE_XRC :
                        to->qp.setup.type == HCA_QP_UC ? CX_ROCE_UC :
                                                         CX_ROCE_RC;
    uint8_t opcode = luck_below(8) ? transport | luck_below(0x18) : luck();
    unsigned means = cx_roce_means(opcode);
    /* Answers have the numbers of those whom they answer. */
    bool a_sent = (to == &r->b) != !!(means & CX_ROCE_ANSWER);
    uint32_t psn = a_sent ? r->way.send_psn : r->way.recv_psn;

    return (ConnectXRoce) {
        .opcode = opcode, .solicited = luck_below(2),
        .ack_wanted = luck_below(2), .pkey = CX_ROCE_PKEY,
        .qpn = luck_below(8) ? to->qp.qpn : r->a.qp.qpn,
        .psn = luck_below(8) ? psn + luck_below(4) : luck(),
        .va = luck_below(8) ? r->b.buf + luck_below(1000) * 8 : luck(),
        .key = luck_below(8) ? r->b.mkey : luck(),
        .len = luck_below(8) ? luck_below(5000) : luck(), .swap_add = luck(),
        .compare = luck_below(2), .syndrome = luck(), .msn = luck(),
        .imm = luck(), .srqn = luck_below(8) ? srqn : luck(),
        .payload = means & CX_ROCE_DATA ? data : NULL,
        .payload_len = !(means & CX_ROCE_DATA) ? 0 :
                       luck_below(2) ? RDMA_MTU : luck_below(1100),
    };
}

static void send_frame(HcaObjects *o, RdmaBench *r, uint32_t srqn,
                       uint64_t at)
{
    const RdmaEnd *to = luck_below(2) ? &r->a : &r->b;
    const RdmaEnd *from = to == &r->a ? &r->b : &r->a;
    uint8_t *frame = qtest_ram(r->m->q, at, CX_ROCE_FRAME_MAX);
    static uint8_t data[CX_ROCE_PAYLOAD_MAX];
    ConnectXRoceEnds ends = { .hops = 64, .sport = luck() };
    ConnectXRoce p = some_packet(r, to, srqn, data);
    uint32_t len;

    memcpy(ends.to, to->roce.mac, sizeof(ends.to));
    memcpy(ends.from, from->roce.mac, sizeof(ends.from));
    memcpy(ends.target, to->roce.gid, sizeof(ends.target));
    memcpy(ends.source, from->roce.gid, sizeof(ends.source));
    len = cx_roce_build(&ends, &p, frame);
    hca_sq_post_frame(&o->sq, &(HcaFrame) {
        .addr = at, .len = len, .key = o->mkey << 8 | HCA_MKEY_BYTE,
    });
    hca_sq_ring(&o->sq, true);
    drain(&o->cq);
}

static void fuzz_packets(void **state, unsigned type)
{
    RdmaBench r;
    HcaObjects o;
    unsigned rounds = luck_begin(PACKET_ROUNDS), arrived = 0;
    uint64_t at;

    rdma_start(&r, state, type, false);
    hca_must_set_port(&r.m->pf[0], true);
    hca_must_create_objects(&r.m->pf[0], &o);
    at = qtest_alloc(r.m->q, CX_ROCE_FRAME_MAX, 64);
    for (unsigned i = 0; i < rounds; i++) {
        if (i % RENEW_EVERY == 0) {
            rdma_reconnect(&r);
        }
        if (luck_below(2)) {
            unsigned opcode = luck_below(2) ? HCA_WR_READ : HCA_WR_WRITE;
            HcaWr wr = rdma_wr(&r, opcode, 0, luck_below(5000));

            hca_qp_send(&r.a.qp, &wr);
        }
        rdma_post_recv(&r.b, 0, 2000);
        send_frame(&o, &r, 0, at);
        arrived += !!hca_cq_peek(&r.b.recv_cq);
        drain_both(&r);
    }
    printf("# something arrived in %u rounds\n", arrived);
    assert_int_not_equal(arrived, 0);
    must_live(&r);
}

static void test_random_packets(void **state)
{
    fuzz_packets(state, HCA_QP_RC);
}

static void test_random_packets_of_uc(void **state)
{
    fuzz_packets(state, HCA_QP_UC);
}

static uint32_t some_srqn(const Xrc *x)
{
    switch (luck_below(12)) {
    case 0:
        return luck();
    case 1:
        return x->foreign.number;
    case 2:
        return x->srq2.number;
    default:
        return x->srq.number;
    }
}

static void post_some_xrc(Xrc *x)
{
    static const unsigned opcodes[] = {
        HCA_WR_WRITE_IMM, HCA_WR_SEND, HCA_WR_SEND_IMM, HCA_WR_READ,
    };
    HcaWr wr = xrc_wr(x, opcodes[luck_below(ARRAY_SIZE(opcodes))],
                      luck_below(100) * 8, luck_below(5000));

    wr.srqn = some_srqn(x);
    hca_qp_post(&x->r.a.qp, &wr);
    if (!luck_below(6)) {
        spoil(qtest_ram(x->r.m->q, x->r.a.qp.buf, SQ_BYTES), SQ_BYTES, 3);
    }
    if (x->srq.posted < SRQ_SLOTS) {
        srq_post(&x->srq, luck_below(SRQ_SLOTS), 0, some_length());
    }
    if (!luck_below(6)) {
        spoil(qtest_ram(x->r.m->q, x->srq.buf, HCA_PAGE_BYTES),
              HCA_PAGE_BYTES, 3);
    }
    hca_qp_ring(&x->r.a.qp);
}

/* A shared queue goes amid messages, and another comes. */
static void renew_xrc(Xrc *x)
{
    Srq *srq = &x->srq;

    hca_must_simple(x->r.b.hca, OP(DESTROY_XRC_SRQ), 0, srq->number);
    srq_create_xrc(srq, &x->r.b, x->xrcd, x->cq.cqn);
    rdma_reconnect(&x->r);
}

static void test_random_xrc(void **state)
{
    unsigned rounds = luck_begin(XRC_ROUNDS), arrived = 0;
    HcaObjects o;
    uint64_t at;
    Xrc x;

    xrc_start(&x, state);
    hca_must_set_port(&x.r.m->pf[0], true);
    hca_must_create_objects(&x.r.m->pf[0], &o);
    at = qtest_alloc(x.r.m->q, CX_ROCE_FRAME_MAX, 64);
    for (unsigned i = 0; i < rounds; i++) {
        if (i % RENEW_EVERY == 0) {
            renew_xrc(&x);
        }
        post_some_xrc(&x);
        send_frame(&o, &x.r, some_srqn(&x), at);
        arrived += !!hca_cq_peek(&x.cq);
        drain(&x.cq);
        drain(&x.cq2);
        drain_both(&x.r);
    }
    printf("# something arrived in %u rounds\n", arrived);
    assert_int_not_equal(arrived, 0);
    assert_true(qtest_alive(x.r.m->q));
}

/* Words of the queue pair's run, which is behind what all objects have */
static void damage_run(uint8_t *image)
{
    uint8_t *run = image_object(image, "QP", 0) + OBJECT_HEAD_BYTES;

    for (unsigned n = 1 + luck_below(3); n; n--) {
        uint64_t word;

        switch (luck_below(4)) {
        case 0:
            word = luck_below(3);
            break;
        case 1:
            word = luck_below(1 << 16);
            break;
        case 2:
            word = luck_below(1 << 24);
            break;
        default:
            word = luck_64();
            break;
        }
        word = htole64(word);
        memcpy(run + luck_below(RUN_WORDS) * 8, &word, sizeof(word));
    }
    image_fix_crcs(image);
}

/* Requests are under way on VF 0 when it is stopped. */
static void images_start(ImageBench *b, RdmaBench *r, void **state)
{
    image_bench_start(b, state, false, "rdma=on");
    rdma_join(r, b->m, machine_start_vf(b->m, 0, 0),
              machine_start_vf(b->m, 0, 2), HCA_QP_RC, false);
    rdma_be_patient(r);
    for (unsigned i = 0; i < 4; i++) {
        HcaWr wr = rdma_wr(r, i % 2 ? HCA_WR_READ : HCA_WR_WRITE, 0, 200000);

        hca_qp_post(&r->a.qp, &wr);
    }
    qmp_stop(b->m->q);
    hca_qp_ring(&r->a.qp);
    assert_int_equal(vhca_suspend(b->pf, b->from, SUSPEND_INITIATOR), HCA_OK);
    qmp_cont(b->m->q);
    image_bench_save(b);
}

/* Whatever a run says that is taken, QEMU lives with it. */
static void test_damaged_runs(void **state)
{
    unsigned rounds = luck_begin(IMAGE_ROUNDS), accepted = 0;
    uint8_t *bad;
    RdmaBench r;
    ImageBench b;

    images_start(&b, &r, state);
    bad = malloc(b.bytes);
    for (unsigned i = 0; i < rounds; i++) {
        Hca *vf = &b.m->vf[0][1];
        int status;

        memcpy(bad, b.image, b.bytes);
        damage_run(bad);
        status = vhca_load_image(&b.buf, b.to, bad, b.bytes);
        if (status == HCA_OK) {
            accepted++;
            vhca_move_driver(vf, &b.m->vf[0][0]);
            pci_msix_enable(&vf->fn);
            vhca_must_run(b.pf, b.to);
            qtest_settle(b.m->q);
            assert_true(qtest_alive(b.m->q));
        } else {
            assert_int_equal(status, HCA_BAD_PARAM);
        }
        image_bench_renew(&b);
    }
    printf("# %u of %u damaged images were plausible\n", accepted, rounds);
    assert_in_range(accepted, rounds / 10, rounds);
    free(bad);
    image_bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_random_requests),
        machine_test(test_random_uc),
        machine_test(test_random_datagrams),
        machine_test(test_random_packets),
        machine_test(test_random_packets_of_uc),
        machine_test(test_random_xrc),
        machine_test(test_damaged_runs),
    };

    return machine_main(tests);
}
