/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams, the queue pair of management, and receive requests that queue
 * pairs share.
 */
#include "srq.h"

#define GRH_BYTES       40
#define CQE_RQPN        24
#define CQE_HDR_TYPE    29
#define CQE_VLAN        30
#define CQE_SRQN        32
#define CQE_IMM         36
#define CQE_BYTES       44
#define CQE_COUNTER     60
#define RQPN_GRH        (1u << 28)
#define RQPN_V6         (1u << 24)
#define RQPN_V4         (2u << 24)
#define USE_OWN_KEY     0x80000000u
#define GSI_KEY         0x80010000u
#define GSI_QPN         1
#define VLAN            0x123
#define EV_SRQ_LAST     0x13
#define EV_SRQ_LIMIT    0x14
#define NO_USER_INDEX   0xffffff

static void must_have_sent(RdmaBench *r)
{
    hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
}

static void check_datagram(RdmaBench *r, uint32_t len, bool v6)
{
    HcaWr wr = rdma_datagram(r, len);
    uint8_t *cqe, *grh = r->b.bytes;

    rdma_fill(r->a.bytes, len, len);
    memset(r->b.bytes, 0xee, GRH_BYTES + len + 1);
    rdma_post_recv(&r->b, 0, GRH_BYTES + len);
    hca_qp_send(&r->a.qp, &wr);
    must_have_sent(r);
    cqe = hca_must_complete(&r->b.recv_cq, HCA_CQE_RESP_SEND);
    assert_int_equal(ldl_be_p(cqe + CQE_BYTES), GRH_BYTES + len);
    assert_int_equal(ldl_be_p(cqe + CQE_RQPN), RQPN_GRH | r->a.qp.qpn |
                     (v6 ? RQPN_V6 : RQPN_V4));
    rdma_check(r->b.bytes + GRH_BYTES, len, len);
    assert_int_equal(r->b.bytes[GRH_BYTES + len], 0xee);
    if (v6) {
        assert_memory_equal(grh + 8, r->a.roce.gid, HCA_GID_BYTES);
        assert_memory_equal(grh + 24, r->b.roce.gid, HCA_GID_BYTES);
    } else {
        assert_int_equal(grh[20], 0x45);
        assert_memory_equal(grh + 32, r->a.roce.gid + 12, 4);
        assert_memory_equal(grh + 36, r->b.roce.gid + 12, 4);
    }
    hca_cq_pop(&r->b.recv_cq);
}

static void test_datagrams(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_UD, false);
    check_datagram(&r, 0, false);
    check_datagram(&r, 1, false);
    check_datagram(&r, RDMA_MTU, false);
}

static void test_datagrams_over_v6(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_UD, true);
    check_datagram(&r, 333, true);
}

/* What has no request, or the wrong key, is lost, and the sender is content. */
static void test_lost(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UD, false);
    wr = rdma_datagram(&r, 100);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    rdma_post_recv(&r.b, 0, 1000);
    wr.q_key++;
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    wr.q_key--;
    wr.to_qpn ^= 0x10;
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    qtest_settle(r.m->q);
    assert_null(hca_cq_peek(&r.b.recv_cq));
    wr.to_qpn ^= 0x10;
    wr.opcode = HCA_WR_SEND_IMM;
    wr.imm = 0x1234;
    wr.q_key = USE_OWN_KEY;
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    assert_int_equal(ldl_be_p(hca_must_complete(&r.b.recv_cq,
                                                HCA_CQE_RESP_SEND_IMM) +
                              CQE_IMM), 0x1234);
}

static void test_tagged(void **state)
{
    RdmaBench r;
    uint8_t *cqe;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UD, false);
    r.a.roce.vlan = VLAN;
    assert_int_equal(hca_set_roce(r.a.hca, &r.a.roce), HCA_OK);
    rdma_post_recv(&r.b, 0, 1000);
    wr = rdma_datagram(&r, 100);
    hca_qp_send(&r.a.qp, &wr);
    cqe = hca_must_complete(&r.b.recv_cq, HCA_CQE_RESP_SEND);
    assert_int_equal(cqe[CQE_HDR_TYPE] & 1, 1);
    assert_int_equal(lduw_be_p(cqe + CQE_VLAN), VLAN);
}

/* A bad request stops the sender, until it is told to go on. */
static void test_send_error(void **state)
{
    RdmaBench r;
    uint8_t qpc[CX_SZ(qpc)];
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UD, false);
    rdma_post_recv(&r.b, 0, 2000);
    wr = rdma_datagram(&r, RDMA_MTU + 1);
    hca_qp_post(&r.a.qp, &wr);
    wr = rdma_datagram(&r, 10);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_LENGTH);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_FLUSHED);
    assert_int_equal(hca_must_query_qp(&r.a.qp, qpc), HCA_QP_SQER);
    assert_null(hca_cq_peek(&r.b.recv_cq));
    assert_int_equal(hca_move_qp(&r.a.qp, OP(RTS2RTS_QP), 0, NULL),
                     HCA_QP_BAD_STATE);
    assert_int_equal(hca_move_qp(&r.a.qp, OP(SQERR2RTS_QP), 0, NULL), HCA_OK);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    hca_must_complete(&r.b.recv_cq, HCA_CQE_RESP_SEND);
}

/* What is for number 1 is for the one that is of that kind. */
static void test_management(void **state)
{
    RdmaBench r;
    uint8_t *cqe;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_GSI, false);
    rdma_post_recv(&r.b, 0, 1000);
    wr = rdma_datagram(&r, 256);
    wr.to_qpn = GSI_QPN;
    wr.q_key = GSI_KEY;
    rdma_fill(r.a.bytes, 256, 7);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    cqe = hca_must_complete(&r.b.recv_cq, HCA_CQE_RESP_SEND);
    assert_int_equal(ldl_be_p(cqe + CQE_RQPN) & 0xffffff, GSI_QPN);
    assert_int_equal(ldl_be_p(cqe + CQE_IMM) & 0xffff, 0xffff);
    rdma_check(r.b.bytes + GRH_BYTES, 256, 7);
    hca_cq_pop(&r.b.recv_cq);
    /* When it is gone, nobody is number 1. */
    assert_int_equal(hca_move_qp(&r.b.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    qtest_settle(r.m->q);
    assert_null(hca_cq_peek(&r.b.recv_cq));
}

/* Without it in the vport's context, a function has no RoCE. */
static void test_switched_off(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UD, false);
    hca_must_enable_roce(r.b.hca, false);
    rdma_post_recv(&r.b, 0, 1000);
    wr = rdma_datagram(&r, 100);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    qtest_settle(r.m->q);
    assert_null(hca_cq_peek(&r.b.recv_cq));
}

static void set_limit(Srq *s, unsigned limit)
{
    uint8_t in[CX_SZ(modify_rmp_in)] = {}, out[CX_SZ(modify_rmp_out)];

    hca_header(in, OP(MODIFY_RMP), 0);
    CX_SET(modify_rmp_in, in, rmp_state, HCA_WQ_RDY);
    CX_SET(modify_rmp_in, in, rmpn, s->number);
    CX_SET(modify_rmp_in, in, bitmask.lwm, 1);
    CX_SET(modify_rmp_in, in, ctx.state, HCA_WQ_RDY);
    CX_SET(modify_rmp_in, in, ctx.wq.lwm, limit);
    assert_int_equal(hca_exec(s->e->hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
}

static void take_one(RdmaBench *r)
{
    HcaWr wr = rdma_wr(r, HCA_WR_SEND, 0, 10);

    hca_qp_send(&r->a.qp, &wr);
    hca_must_pop(&r->b.recv_cq, HCA_CQE_RESP_SEND);
    hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
}

/* With the list's first request next: told once, when less than two are left */
static void check_limit(RdmaBench *r, Srq *s)
{
    uint8_t *eqe;

    for (unsigned i = 0; i < SRQ_SLOTS; i++) {
        srq_post(s, i, 0, 100);
    }
    set_limit(s, 2);
    for (unsigned i = 0; i < SRQ_SLOTS - 2; i++) {
        take_one(r);
        assert_null(hca_eq_peek(&r->b.async_eq));
    }
    take_one(r);
    assert_true(hca_eq_wait(&r->b.async_eq));
    eqe = hca_eq_peek(&r->b.async_eq);
    assert_int_equal(eqe[1], EV_SRQ_LIMIT);
    assert_int_equal(ldl_be_p(eqe + 32 + 24), s->number);
    hca_eq_pop(&r->b.async_eq);
    take_one(r);
    assert_null(hca_eq_peek(&r->b.async_eq));
}

static void test_shared_queue(void **state)
{
    RdmaBench r;
    uint8_t *cqe;
    HcaQp own;
    Srq srq;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    own = r.b.qp;
    srq_create(&srq, &r.b);
    hca_must_create_qp(r.b.hca, &r.b.qp, &(HcaQpSetup) {
        .type = HCA_QP_RC, .pd = r.b.pd, .send_cqn = r.b.send_cq.cqn,
        .recv_cqn = r.b.recv_cq.cqn, .log_sq = RDMA_LOG_WQ,
        .srqn = srq.number, .user_index = NO_USER_INDEX,
    });
    assert_int_equal(hca_move_qp(&r.a.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    rdma_connect(&r);
    for (unsigned i = 0; i < 3 * SRQ_SLOTS; i++) {
        unsigned index = (SRQ_SLOTS - i % SRQ_SLOTS) % SRQ_SLOTS;

        srq_post(&srq, index, 8192, 3000);
        rdma_fill(r.a.bytes, 3000, i);
        wr = rdma_wr(&r, HCA_WR_SEND, 0, 3000);
        hca_qp_send(&r.a.qp, &wr);
        cqe = hca_must_complete(&r.b.recv_cq, HCA_CQE_RESP_SEND);
        assert_int_equal(cqe[CQE_COUNTER] << 8 | cqe[CQE_COUNTER + 1], index);
        assert_int_equal(ldl_be_p(cqe + CQE_SRQN), srq.number);
        rdma_check(r.b.bytes + 8192, 3000, i);
        hca_cq_pop(&r.b.recv_cq);
        hca_must_pop(&r.a.send_cq, HCA_CQE_REQ);
    }
    check_limit(&r, &srq);
    /* It is in use; its requests outlive the queue pair. */
    assert_int_equal(hca_simple(r.b.hca, OP(DESTROY_RMP), 0, srq.number),
                     HCA_RES_BUSY);
    srq_post(&srq, 0, 0, 100);
    assert_int_equal(hca_move_qp(&r.b.qp, OP(2ERR_QP), 0, NULL), HCA_OK);
    assert_true(hca_eq_wait(&r.b.async_eq));
    assert_int_equal(hca_eq_peek(&r.b.async_eq)[1], EV_SRQ_LAST);
    assert_null(hca_cq_peek(&r.b.recv_cq));
    assert_int_not_equal(own.qpn, r.b.qp.qpn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_datagrams),
        machine_test(test_datagrams_over_v6),
        machine_test(test_lost),
        machine_test(test_tagged),
        machine_test(test_send_error),
        machine_test(test_management),
        machine_test(test_switched_off),
        machine_test(test_shared_queue),
    };

    return machine_main(tests);
}
