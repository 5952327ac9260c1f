/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that move while they speak RoCE: amid writes and reads of which
 * packets are on their way, amid waits, with queue pairs in every state. No
 * byte may be lost, nor any request complete twice or not at all.
 */
#include "delta-bench.h"
#include "image-bench.h"
#include "qmp.h"
#include "rdma-moves.h"

#define PART            (72u << 10)
#define PARTS           14
#define MOVES           6
#define CQE_COUNTER     60
#define CQE_OP_OWN      63
#define CQE_IMM         36
#define GRH_BYTES       40
#define RUN_OFFSET      15              /* word of a queue pair's run */
#define MESSAGE_MAX     (1u << 30)
#define DATAGRAMS       8
#define DATAGRAM_BYTES  100

/* Requests over neighbouring parts of memory, rung while the clock stands */
static void post_parts(RdmaMoves *t, unsigned opcode)
{
    RdmaBench *r = &t->r;

    for (unsigned i = 0; i < PARTS; i++) {
        HcaWr wr = rdma_wr(r, opcode, i * PART, PART);

        hca_qp_post(&r->a.qp, &wr);
    }
    hca_qp_ring(&r->a.qp);
}

static unsigned completed(RdmaMoves *t, unsigned next)
{
    uint8_t *cqe;

    while ((cqe = hca_cq_peek(&t->r.a.send_cq))) {
        uint16_t want = t->r.a.qp.sq_pi - PARTS + next;

        assert_int_equal(cqe[CQE_OP_OWN] >> 4, HCA_CQE_REQ);
        assert_int_equal(cqe[CQE_COUNTER] << 8 | cqe[CQE_COUNTER + 1], want);
        hca_cq_pop(&t->r.a.send_cq);
        next++;
    }
    return next;
}

static void finish(RdmaMoves *t, unsigned next)
{
    while (next < PARTS) {
        assert_true(hca_cq_wait(&t->r.a.send_cq));
        next = completed(t, next);
    }
    qtest_settle(t->r.m->q);
    assert_int_equal(completed(t, next), PARTS);
}

/* The one that asks is cut off amid its requests, and goes on elsewhere. */
static void check_requester(RdmaMoves *t, unsigned opcode, unsigned seed)
{
    RdmaBench *r = &t->r;
    bool read = opcode == HCA_WR_READ;
    uint8_t *from = read ? r->b.bytes : r->a.bytes;
    uint8_t *to = read ? r->a.bytes : r->b.bytes;
    unsigned next;

    rdma_fill(from, PARTS * PART, seed);
    memset(to, 0xee, PARTS * PART);
    qmp_stop(r->m->q);
    post_parts(t, opcode);
    rdma_moves_suspend(t, &t->r.a);
    qmp_cont(r->m->q);
    next = completed(t, 0);
    /* Neither nothing nor all was done by then. */
    assert_in_range(next, 0, PARTS - 1);
    rdma_moves_end(t, &r->a);
    finish(t, next);
    rdma_check(to, PARTS * PART, seed);
}

static void test_requester_moves(void **state)
{
    RdmaMoves t;

    rdma_moves_start(&t, state, HCA_QP_RC);
    for (unsigned i = 0; i < MOVES; i++) {
        check_requester(&t, HCA_WR_WRITE, i);
        check_requester(&t, HCA_WR_READ, i);
    }
}

/* The same by images taken while it ran, each told from the one before */
static void test_requester_moves_by_deltas(void **state)
{
    DeltaBench d = {};
    unsigned next;
    RdmaMoves t;

    rdma_moves_start(&t, state, HCA_QP_RC);
    delta_begin(&d, &t.v, 0, 1);
    rdma_fill(t.r.b.bytes, PARTS * PART, 1);
    for (unsigned i = 0; i < MOVES; i++) {
        post_parts(&t, i % 2 ? HCA_WR_READ : HCA_WR_WRITE);
        delta_save(&d, true, true);
        finish(&t, 0);
    }
    rdma_fill(t.r.b.bytes, PARTS * PART, 9);
    qmp_stop(t.r.m->q);
    post_parts(&t, HCA_WR_READ);
    rdma_moves_suspend(&t, &t.r.a);
    qmp_cont(t.r.m->q);
    next = completed(&t, 0);
    assert_in_range(next, 0, PARTS - 1);
    delta_must_save_final(&d);
    delta_must_load(&d);
    delta_check_equal(&d);
    rdma_end_moves(&t.r.a, delta_move(&d));
    finish(&t, next);
    rdma_check(t.r.a.bytes, PARTS * PART, 9);
    delta_end(&d);
}

/* The one that answers is away for a while; its peer retries. */
static void check_responder(RdmaMoves *t, unsigned opcode, unsigned seed)
{
    RdmaBench *r = &t->r;
    bool read = opcode == HCA_WR_READ;
    uint8_t *from = read ? r->b.bytes : r->a.bytes;
    uint8_t *to = read ? r->a.bytes : r->b.bytes;

    rdma_fill(from, PARTS * PART, seed);
    memset(to, 0xee, PARTS * PART);
    qmp_stop(r->m->q);
    post_parts(t, opcode);
    rdma_moves_suspend(t, &t->r.b);
    qmp_cont(r->m->q);
    rdma_moves_end(t, &r->b);
    finish(t, 0);
    rdma_check(to, PARTS * PART, seed);
}

static void test_responder_moves(void **state)
{
    RdmaMoves t;

    rdma_moves_start(&t, state, HCA_QP_RC);
    for (unsigned i = 0; i < MOVES; i++) {
        check_responder(&t, HCA_WR_WRITE, i);
        check_responder(&t, HCA_WR_READ, i);
    }
}

/* A message half received lies in a request that was taken before. */
static void test_receiver_moves(void **state)
{
    RdmaMoves t;
    uint8_t *cqe;
    HcaWr wr;

    rdma_moves_start(&t, state, HCA_QP_RC);
    for (unsigned i = 0; i < MOVES; i++) {
        wr = rdma_wr(&t.r, HCA_WR_SEND_IMM, 0, PARTS * PART);
        wr.imm = i;
        rdma_fill(t.r.a.bytes, PARTS * PART, i);
        rdma_post_recv(&t.r.b, 0, PARTS * PART);
        qmp_stop(t.r.m->q);
        hca_qp_send(&t.r.a.qp, &wr);
        rdma_moves_suspend(&t, &t.r.b);
        qmp_cont(t.r.m->q);
        assert_null(hca_cq_peek(&t.r.b.recv_cq));
        rdma_moves_end(&t, &t.r.b);
        cqe = hca_must_complete(&t.r.b.recv_cq, HCA_CQE_RESP_SEND_IMM);
        assert_int_equal(ldl_be_p(cqe + CQE_IMM), i);
        hca_cq_pop(&t.r.b.recv_cq);
        hca_must_pop(&t.r.a.send_cq, HCA_CQE_REQ);
        rdma_check(t.r.b.bytes, PARTS * PART, i);
    }
}

/* It waits for its peer to be ready, wherever it is. */
static void test_wait_moves(void **state)
{
    RdmaMoves t;
    HcaWr wr;

    rdma_moves_start(&t, state, HCA_QP_RC);
    wr = rdma_wr(&t.r, HCA_WR_SEND, 0, 5000);
    rdma_fill(t.r.a.bytes, 5000, 1);
    hca_qp_send(&t.r.a.qp, &wr);
    qtest_settle(t.r.m->q);
    rdma_moves_end(&t, &t.r.a);
    rdma_moves_end(&t, &t.r.b);
    assert_null(hca_cq_peek(&t.r.a.send_cq));
    rdma_post_recv(&t.r.b, 0, 5000);
    hca_must_complete(&t.r.b.recv_cq, HCA_CQE_RESP_SEND);
    hca_must_complete(&t.r.a.send_cq, HCA_CQE_REQ);
    rdma_check(t.r.b.bytes, 5000, 1);
}

static void send_datagrams(RdmaMoves *t, unsigned first)
{
    RdmaBench *r = &t->r;

    for (unsigned i = 0; i < DATAGRAMS; i++) {
        HcaWr wr = rdma_datagram(r, DATAGRAM_BYTES);

        wr.opcode = HCA_WR_SEND_IMM;
        wr.imm = first + i;
        hca_qp_send(&r->a.qp, &wr);
    }
}

static void must_be_sent(RdmaMoves *t)
{
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        hca_must_pop(&t->r.a.send_cq, HCA_CQE_REQ);
    }
}

/* These and no others, each once and in order */
static void must_be_received(RdmaMoves *t, unsigned first)
{
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        uint8_t *cqe = hca_must_complete(&t->r.b.recv_cq,
                                         HCA_CQE_RESP_SEND_IMM);

        assert_int_equal(ldl_be_p(cqe + CQE_IMM), first + i);
        hca_cq_pop(&t->r.b.recv_cq);
    }
    qtest_settle(t->r.m->q);
    assert_null(hca_cq_peek(&t->r.b.recv_cq));
}

static void datagrams_start(RdmaMoves *t, void **state)
{
    rdma_moves_start(t, state, HCA_QP_UD);
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        rdma_post_recv(&t->r.b, 0, GRH_BYTES + DATAGRAM_BYTES);
    }
}

/* What is asked of a VF that stands still leaves from where it goes on. */
static void test_sender_of_datagrams_moves(void **state)
{
    RdmaMoves t;

    datagrams_start(&t, state);
    rdma_moves_suspend(&t, &t.r.a);
    send_datagrams(&t, 0);
    qtest_settle(t.r.m->q);
    assert_null(hca_cq_peek(&t.r.b.recv_cq));
    rdma_moves_end(&t, &t.r.a);
    must_be_received(&t, 0);
    must_be_sent(&t);
}

/* Those that come while it stands still are lost, and take no request. */
static void test_receiver_of_datagrams_moves(void **state)
{
    RdmaMoves t;
    Hca *pf;

    datagrams_start(&t, state);
    pf = &t.r.m->pf[0];
    vhca_must_stop(pf, vhca_id_of(pf, t.b_on));
    send_datagrams(&t, 0);
    must_be_sent(&t);
    rdma_moves_end(&t, &t.r.b);
    send_datagrams(&t, DATAGRAMS);
    must_be_received(&t, DATAGRAMS);
}

/* Queue pairs in every state are what they were, and can go on from there. */
static void test_states_move(void **state)
{
    static const uint16_t steps[] = {
        OP(RST2INIT_QP), OP(INIT2RTR_QP), OP(RTR2RTS_QP),
    };
    uint8_t before[4][CX_SZ(qpc)], after[CX_SZ(qpc)], qpc[CX_SZ(qpc)];
    RdmaEnd *a;
    HcaQp qp[4];
    RdmaMoves t;

    rdma_moves_start(&t, state, HCA_QP_RC);
    a = &t.r.a;
    for (unsigned i = 0; i < 4; i++) {
        HcaQpWay way = t.r.way;

        way.from = &a->roce;
        way.to = &t.r.b.roce;
        hca_qp_fill(&way, qpc);
        rdma_end_qp(a, HCA_QP_RC);
        qp[i] = a->qp;
        for (unsigned step = 0; step < i; step++) {
            assert_int_equal(hca_move_qp(&qp[i], steps[step], 0, qpc), HCA_OK);
        }
        assert_int_equal(hca_must_query_qp(&qp[i], before[i]), i);
    }
    rdma_moves_end(&t, a);
    for (unsigned i = 0; i < 4; i++) {
        qp[i].hca = a->hca;
        hca_must_query_qp(&qp[i], after);
        assert_memory_equal(before[i], after, sizeof(after));
        if (i < 3) {
            assert_int_equal(hca_move_qp(&qp[i], steps[i], 0, qpc), HCA_OK);
        }
        assert_int_equal(hca_move_qp(&qp[i], OP(2ERR_QP), 0, NULL), HCA_OK);
    }
}

/*
 * The run of b's queue pair in an image, where it says how much of a message
 * has come
 */
static uint8_t *offset_in(uint8_t *image)
{
    return image_object_in(image_object(image, "QP", 0)) + RUN_OFFSET * 8;
}

/*
 * A message ends where it is as long as one may be, however much room there is
 * for it: who sends more than that gets an answer, and the image is good.
 */
static void test_message_ends(void **state)
{
    uint16_t from, to;
    uint8_t *image;
    uint32_t bytes;
    RdmaBench *r;
    HcaWr wr;
    RdmaMoves t;
    Hca *pf;

    rdma_moves_start(&t, state, HCA_QP_RC);
    r = &t.r;
    pf = &r->m->pf[0];
    from = vhca_id_of(pf, 2);
    to = vhca_id_of(pf, 3);
    rdma_post_recv(&r->b, 0, INT32_MAX);
    wr = rdma_wr(r, HCA_WR_SEND, 0, RDMA_BUF_BYTES);
    qmp_stop(r->m->q);
    hca_qp_send(&r->a.qp, &wr);
    rdma_moves_suspend(&t, &t.r.b);
    qmp_cont(r->m->q);
    vhca_must_stop(pf, from);
    image = vhca_must_save(&t.v.buf[0], from, &bytes);
    assert_in_range(image_get_le32(offset_in(image)), RDMA_MTU,
                    RDMA_BUF_BYTES - 1);
    vhca_must_stop(pf, to);
    image_put_le32(offset_in(image), MESSAGE_MAX + 1);
    image_fix_crcs(image);
    assert_int_equal(vhca_load_image(&t.v.buf[0], to, image, bytes),
                     HCA_BAD_PARAM);
    pci_flr(&r->m->vf[0][3].fn);
    vhca_must_stop(pf, to);
    image_put_le32(offset_in(image), MESSAGE_MAX - RDMA_MTU + 1);
    image_fix_crcs(image);
    assert_int_equal(vhca_load_image(&t.v.buf[0], to, image, bytes), HCA_OK);
    vhca_move_driver(&r->m->vf[0][3], &r->m->vf[0][2]);
    pci_flr(&r->m->vf[0][2].fn);
    vhca_must_run(pf, to);
    rdma_end_moves(&r->b, &r->m->vf[0][3]);
    hca_must_fail(&r->b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_LENGTH);
    hca_must_fail(&r->a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_INVALID);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_requester_moves),
        machine_test(test_requester_moves_by_deltas),
        machine_test(test_responder_moves),
        machine_test(test_receiver_moves),
        machine_test(test_wait_moves),
        machine_test(test_sender_of_datagrams_moves),
        machine_test(test_receiver_of_datagrams_moves),
        machine_test(test_states_move),
        machine_test(test_message_ends),
    };

    return machine_main(tests);
}
