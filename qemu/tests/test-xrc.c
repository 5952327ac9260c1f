/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XRC: connections whose messages say which of the receiver's shared queues
 * they are for. Whose requests and whose memory that is, where it completes,
 * and what is refused.
 */
#include "delta-bench.h"
#include "qmp.h"
#include "vhca-bench.h"
#include "xrc-bench.h"

#define RESERVED_LKEY   0x1700
#define CQE_USER        32
#define CQE_IMM         36
#define CQE_BYTES       44
#define CQE_OPCODE_QPN  56
#define CQE_COUNTER     60
#define EQE_TYPE        1
#define EQE_NUMBER      (32 + 24)
#define EV_WQ_INVALID   0x10
#define EV_WQ_ACCESS    0x11
#define EV_SRQ_LIMIT    0x14
#define ARM_MOD         1               /* op_mod of ARM_XRC_SRQ */
#define LEN             3000u
#define LONG            (600u << 10)

static const uint32_t lengths[] = {
    0, 1, RDMA_MTU - 1, RDMA_MTU, RDMA_MTU + 1, 5 * RDMA_MTU + 7,
    200 * RDMA_MTU + 3,
};

static void must_have_sent(Xrc *x)
{
    hca_must_pop(&x->r.a.send_cq, HCA_CQE_REQ);
}

static void must_receive(Xrc *x, HcaCq *cq, unsigned opcode, uint32_t user,
                         uint32_t bytes)
{
    uint8_t *cqe = hca_must_complete(cq, opcode);

    assert_int_equal(ldl_be_p(cqe + CQE_BYTES), bytes);
    assert_int_equal(ldl_be_p(cqe + CQE_USER), user);
    assert_int_equal(ldl_be_p(cqe + CQE_OPCODE_QPN), x->r.b.qp.qpn);
    hca_cq_pop(cq);
    assert_null(hca_cq_peek(&x->r.b.recv_cq));
}

static void must_arrive(Xrc *x, unsigned index, uint32_t seed)
{
    HcaWr wr = xrc_wr(x, HCA_WR_SEND, 0, LEN);

    rdma_fill(x->r.a.bytes, LEN, seed);
    srq_post(&x->srq, index, 8192, LEN);
    hca_qp_send(&x->r.a.qp, &wr);
    must_receive(x, &x->cq, HCA_CQE_RESP_SEND, SRQ_USER_INDEX, LEN);
    must_have_sent(x);
    rdma_check(x->r.b.bytes + 8192, LEN, seed);
}

static void test_sends(void **state)
{
    unsigned index = 0;
    uint8_t *cqe;
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint32_t len = lengths[i];

        wr = xrc_wr(&x, HCA_WR_SEND_IMM, 0, len);
        wr.imm = 0xabcd0000 + len;
        rdma_fill(x.r.a.bytes, len, i);
        memset(x.r.b.bytes, 0xee, len + 1);
        srq_post(&x.srq, index, 0, RDMA_BUF_BYTES);
        hca_qp_send(&x.r.a.qp, &wr);
        cqe = hca_must_complete(&x.cq, HCA_CQE_RESP_SEND_IMM);
        assert_int_equal(ldl_be_p(cqe + CQE_IMM), wr.imm);
        assert_int_equal(cqe[CQE_COUNTER] << 8 | cqe[CQE_COUNTER + 1], index);
        must_receive(&x, &x.cq, HCA_CQE_RESP_SEND_IMM, SRQ_USER_INDEX, len);
        must_have_sent(&x);
        rdma_check(x.r.b.bytes, len, i);
        assert_int_equal(x.r.b.bytes[len], 0xee);
        index = (index + SRQ_SLOTS - 1) % SRQ_SLOTS;
    }
}

/* A user context's queue: it has no key of all memory, whatever it asks for. */
static void test_user_has_no_reserved_key(void **state)
{
    uint16_t uids[] = { HCA_UID_SHARED, 0 };
    RdmaEnd *b;
    Srq srq;
    Xrc x;

    xrc_start(&x, state);
    b = &x.r.b;
    assert_int_equal(hca_create_uctx(b->hca, 0, &uids[1]), HCA_OK);
    for (unsigned i = 0; i < 2; i++) {
        HcaWr wr = xrc_wr(&x, HCA_WR_SEND, 0, LEN);

        b->hca->uid = uids[i];
        assert_int_equal(srq_try_xrc(&srq, b, x.xrcd, x.cq.cqn,
                                     XRC_NO_USER_INDEX), HCA_OK);
        b->hca->uid = 0;
        srq_post(&srq, 0, 0, LEN);
        srq_set_key(&srq, 0, RESERVED_LKEY);
        wr.srqn = srq.number;
        rdma_fill(x.r.a.bytes, LEN, 3);
        hca_qp_send(&x.r.a.qp, &wr);
        if (uids[i] == HCA_UID_SHARED) {
            must_have_sent(&x);
            rdma_check(b->bytes, LEN, 3);
        } else {
            hca_must_fail(&x.r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_OP);
        }
    }
}

/* Which queue a message is for, each says; one has no user index. */
static void test_two_queues(void **state)
{
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    wr = xrc_wr(&x, HCA_WR_SEND, 0, LEN);
    rdma_fill(x.r.a.bytes, LEN, 5);
    srq_post(&x.srq, 0, 0, LEN);
    srq_post(&x.srq2, 0, 8192, LEN);
    wr.srqn = x.srq2.number;
    hca_qp_post(&x.r.a.qp, &wr);
    wr.srqn = x.srq.number;
    hca_qp_send(&x.r.a.qp, &wr);
    must_receive(&x, &x.cq2, HCA_CQE_RESP_SEND, x.srq2.number, LEN);
    must_receive(&x, &x.cq, HCA_CQE_RESP_SEND, SRQ_USER_INDEX, LEN);
    must_have_sent(&x);
    must_have_sent(&x);
    rdma_check(x.r.b.bytes, LEN, 5);
    rdma_check(x.r.b.bytes + 8192, LEN, 5);
}

static void check_atomic(Xrc *x)
{
    HcaWr wr = xrc_wr(x, HCA_WR_ATOMIC_FA, 16, 8);
    uint64_t was = htole64(40), now;

    memcpy(x->r.b.bytes + 16, &was, sizeof(was));
    wr.swap_add = 2;
    hca_qp_send(&x->r.a.qp, &wr);
    must_have_sent(x);
    assert_memory_equal(x->r.a.bytes + 16, &was, sizeof(was));
    memcpy(&now, x->r.b.bytes + 16, sizeof(now));
    assert_int_equal(le64toh(now), 42);
}

/* The memory is that of the shared queue's protection domain. */
static void test_memory(void **state)
{
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint32_t len = lengths[i];

        rdma_fill(x.r.a.bytes, len, i);
        wr = xrc_wr(&x, HCA_WR_WRITE, 0, len);
        hca_qp_send(&x.r.a.qp, &wr);
        must_have_sent(&x);
        rdma_check(x.r.b.bytes, len, i);
        memset(x.r.a.bytes, 0xee, len);
        wr = xrc_wr(&x, HCA_WR_READ, 0, len);
        hca_qp_send(&x.r.a.qp, &wr);
        must_have_sent(&x);
        rdma_check(x.r.a.bytes, len, i);
    }
    check_atomic(&x);
    wr = xrc_wr(&x, HCA_WR_WRITE_IMM, 0, LEN);
    srq_post(&x.srq, 0, 0, 0);
    hca_qp_send(&x.r.a.qp, &wr);
    must_receive(&x, &x.cq, HCA_CQE_RESP_WRITE_IMM, SRQ_USER_INDEX, LEN);
}

static void must_be_refused(Xrc *x, const HcaWr *wr, unsigned syndrome,
                            uint8_t event)
{
    uint8_t qpc[CX_SZ(qpc)], *eqe;

    memset(x->r.b.bytes, 0xee, LEN);
    hca_qp_send(&x->r.a.qp, wr);
    hca_must_fail(&x->r.a.send_cq, HCA_CQE_REQ_ERR, syndrome);
    assert_int_equal(hca_must_query_qp(&x->r.b.qp, qpc), HCA_QP_ERR);
    assert_true(hca_eq_wait(&x->r.b.async_eq));
    eqe = hca_eq_peek(&x->r.b.async_eq);
    assert_int_equal(eqe[EQE_TYPE], event);
    assert_int_equal(ldl_be_p(eqe + EQE_NUMBER), x->r.b.qp.qpn);
    hca_eq_pop(&x->r.b.async_eq);
    /* A shared queue is not told that a queue pair has left it. */
    assert_null(hca_eq_peek(&x->r.b.async_eq));
    assert_int_equal(x->r.b.bytes[0], 0xee);
    rdma_reconnect(&x->r);
}

static void test_refused(void **state)
{
    RdmaKey key = {};
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    srq_post(&x.foreign, 0, 0, LEN);
    for (unsigned i = 0; i < 3; i++) {
        static const unsigned opcodes[] = {
            HCA_WR_SEND, HCA_WR_WRITE, HCA_WR_READ,
        };

        wr = xrc_wr(&x, opcodes[i], 0, LEN);
        wr.srqn = 0xabcdef;
        must_be_refused(&x, &wr, HCA_SYN_REMOTE_INVALID, EV_WQ_INVALID);
        wr.srqn = x.foreign.number;
        must_be_refused(&x, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
        assert_null(hca_cq_peek(&x.cq2));
    }
    /* A key of the domain that the queue pair itself is in */
    key.pd = x.pd;
    wr = xrc_wr(&x, HCA_WR_WRITE, 0, LEN);
    wr.remote_key = rdma_create_key(&x.r.b, &key);
    must_be_refused(&x, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
    must_arrive(&x, 0, 1);
}

static void test_not_ready(void **state)
{
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    srq_post(&x.srq2, 0, 0, LEN);
    wr = xrc_wr(&x, HCA_WR_SEND, 0, LEN);
    hca_qp_send(&x.r.a.qp, &wr);
    hca_must_fail(&x.r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_RNR_RETRY);
    x.r.way.rnr_retries = 7;
    rdma_reconnect(&x.r);
    hca_qp_send(&x.r.a.qp, &wr);
    qtest_settle(x.r.m->q);
    assert_null(hca_cq_peek(&x.r.a.send_cq));
    srq_post(&x.srq, 0, 0, LEN);
    must_receive(&x, &x.cq, HCA_CQE_RESP_SEND, SRQ_USER_INDEX, LEN);
    must_have_sent(&x);
    assert_null(hca_cq_peek(&x.cq2));
}

/* A receive request that is too short fails where it would have completed. */
static void test_too_short(void **state)
{
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    wr = xrc_wr(&x, HCA_WR_SEND, 0, LEN);
    srq_post(&x.srq, 0, 0, LEN - 1);
    hca_qp_send(&x.r.a.qp, &wr);
    hca_must_fail(&x.cq, HCA_CQE_RESP_ERR, HCA_SYN_LENGTH);
    hca_must_fail(&x.r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_INVALID);
    rdma_reconnect(&x.r);
    must_arrive(&x, SRQ_SLOTS - 1, 2);
}

static void set_limit(Xrc *x, unsigned limit)
{
    uint8_t in[CX_SZ(arm_xrc_srq_in)] = {}, out[CX_SZ(arm_xrc_srq_out)];

    hca_header(in, OP(ARM_XRC_SRQ), ARM_MOD);
    CX_SET(arm_xrc_srq_in, in, xrc_srqn, x->srq.number);
    CX_SET(arm_xrc_srq_in, in, lwm, limit);
    assert_int_equal(hca_exec(x->r.b.hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
}

/* Told once, when less than two are left */
static void test_limit(void **state)
{
    HcaWr wr;
    uint8_t *eqe;
    Xrc x;

    xrc_start(&x, state);
    wr = xrc_wr(&x, HCA_WR_SEND, 0, 10);
    for (unsigned i = 0; i < 4; i++) {
        srq_post(&x.srq, (SRQ_SLOTS - i) % SRQ_SLOTS, 0, 100);
    }
    set_limit(&x, 2);
    for (unsigned i = 0; i < 4; i++) {
        assert_null(hca_eq_peek(&x.r.b.async_eq));
        hca_qp_send(&x.r.a.qp, &wr);
        must_receive(&x, &x.cq, HCA_CQE_RESP_SEND, SRQ_USER_INDEX, 10);
        if (i != 2) {
            continue;
        }
        assert_true(hca_eq_wait(&x.r.b.async_eq));
        eqe = hca_eq_peek(&x.r.b.async_eq);
        assert_int_equal(eqe[EQE_TYPE], EV_SRQ_LIMIT);
        assert_int_equal(ldl_be_p(eqe + EQE_NUMBER), x.srq.number);
        hca_eq_pop(&x.r.b.async_eq);
    }
    assert_null(hca_eq_peek(&x.r.b.async_eq));
    assert_int_equal(hca_simple(x.r.b.hca, OP(ARM_XRC_SRQ), ARM_MOD, 0xabcdef),
                     HCA_BAD_RES);
    assert_int_equal(hca_simple(x.r.b.hca, OP(ARM_XRC_SRQ), 0, x.srq.number),
                     HCA_BAD_OP);
}

/* Who names what, and so must be gone before it */
static void test_objects(void **state)
{
    RdmaEnd *b;
    uint32_t xrcd;
    HcaQp qp;
    Srq srq, rmp;
    Xrc x;

    xrc_start(&x, state);
    b = &x.r.b;
    srq_create(&rmp, b);
    assert_int_equal(xrc_try_target(&x, &qp, rmp.number, x.xrcd),
                     HCA_BAD_RES);
    assert_int_equal(xrc_try_target(&x, &qp, 0, x.xrcd), HCA_BAD_PARAM);
    assert_int_equal(xrc_try_target(&x, &qp, x.srq.number, 0xabcdef),
                     HCA_BAD_RES);
    assert_int_equal(hca_create_qp(b->hca, &qp, &(HcaQpSetup) {
        .type = HCA_QP_RC, .pd = b->pd, .send_cqn = b->send_cq.cqn,
        .recv_cqn = b->recv_cq.cqn, .log_sq = 2, .srqn = x.srq.number,
    }), HCA_BAD_RES);
    assert_int_equal(srq_try_xrc(&srq, b, x.xrcd, 0, 0), HCA_BAD_RES);
    assert_int_equal(srq_try_xrc(&srq, b, 0xabcdef, x.cq.cqn, 0),
                     HCA_BAD_RES);
    xrcd = hca_must_alloc(b->hca, OP(ALLOC_XRCD));
    assert_int_equal(xrc_try_target(&x, &qp, x.srq.number, xrcd), HCA_OK);
    assert_int_equal(hca_simple(b->hca, OP(DEALLOC_XRCD), 0, xrcd),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(b->hca, OP(DESTROY_XRC_SRQ), 0, x.srq.number),
                     HCA_RES_BUSY);
    hca_must_simple(b->hca, OP(DESTROY_QP), 0, qp.qpn);
    hca_must_simple(b->hca, OP(DEALLOC_XRCD), 0, xrcd);
    assert_int_equal(hca_simple(b->hca, OP(DESTROY_CQ), 0, x.cq.cqn),
                     HCA_RES_BUSY);
    hca_must_simple(b->hca, OP(DESTROY_XRC_SRQ), 0, x.srq.number);
    hca_must_simple(b->hca, OP(DESTROY_CQ), 0, x.cq.cqn);
}

/* A queue that goes amid a message: the rest has no request to go to. */
static void test_queue_goes(void **state)
{
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    srq_post(&x.srq, 0, 0, LONG);
    wr = xrc_wr(&x, HCA_WR_SEND, 0, LONG);
    qmp_stop(x.r.m->q);
    hca_qp_send(&x.r.a.qp, &wr);
    hca_must_simple(x.r.b.hca, OP(DESTROY_XRC_SRQ), 0, x.srq.number);
    qmp_cont(x.r.m->q);
    hca_must_fail(&x.r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_INVALID);
    assert_null(hca_cq_peek(&x.cq));
}

static void end_moves(Xrc *x, RdmaEnd *e, unsigned from, unsigned to)
{
    HcaObjects none = {};

    vhca_move(&x->v, 0, from, 0, to, &none);
    rdma_end_moves(e, &x->r.m->vf[0][to]);
    if (e == &x->r.b) {
        x->cq.hca = x->cq2.hca = e->hca;
    }
}

/*
 * A target moves with a message half received, and then with one that waits for
 * a request; the message's queue goes with it.
 */
static void test_target_moves(void **state)
{
    Hca *pf;
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    pf = &x.r.m->pf[0];
    x.r.way.rnr_retries = 7;
    rdma_reconnect(&x.r);
    rdma_fill(x.r.a.bytes, LONG, 3);
    srq_post(&x.srq, 0, 0, LONG);
    wr = xrc_wr(&x, HCA_WR_SEND, 0, LONG);
    qmp_stop(x.r.m->q);
    hca_qp_send(&x.r.a.qp, &wr);
    assert_int_equal(vhca_suspend(pf, vhca_id_of(pf, 2), SUSPEND_INITIATOR),
                     HCA_OK);
    qmp_cont(x.r.m->q);
    assert_null(hca_cq_peek(&x.cq));
    end_moves(&x, &x.r.b, 2, 3);
    must_receive(&x, &x.cq, HCA_CQE_RESP_SEND, SRQ_USER_INDEX, LONG);
    must_have_sent(&x);
    rdma_check(x.r.b.bytes, LONG, 3);
    hca_qp_send(&x.r.a.qp, &wr);
    qtest_settle(x.r.m->q);
    end_moves(&x, &x.r.b, 3, 2);
    srq_post(&x.srq, SRQ_SLOTS - 1, 0, LONG);
    must_receive(&x, &x.cq, HCA_CQE_RESP_SEND, SRQ_USER_INDEX, LONG);
    must_have_sent(&x);
}

static void test_initiator_moves(void **state)
{
    Xrc x;

    xrc_start(&x, state);
    must_arrive(&x, 0, 1);
    end_moves(&x, &x.r.a, 0, 1);
    must_arrive(&x, SRQ_SLOTS - 1, 2);
}

/* The same by a delta, in which a queue's run is all that there is of it */
static void test_target_moves_by_delta(void **state)
{
    DeltaBench d = {};
    Xrc x;

    xrc_start(&x, state);
    delta_begin(&d, &x.v, 2, 3);
    must_arrive(&x, 0, 1);
    must_arrive(&x, SRQ_SLOTS - 1, 2);
    delta_must_save_final(&d);
    delta_must_load(&d);
    delta_check_equal(&d);
    delta_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_sends),
        machine_test(test_user_has_no_reserved_key),
        machine_test(test_two_queues),
        machine_test(test_memory),
        machine_test(test_refused),
        machine_test(test_not_ready),
        machine_test(test_too_short),
        machine_test(test_limit),
        machine_test(test_objects),
        machine_test(test_queue_goes),
        machine_test(test_target_moves),
        machine_test(test_initiator_moves),
        machine_test(test_target_moves_by_delta),
    };

    return machine_main(tests);
}
