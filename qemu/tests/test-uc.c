/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An unreliable connection: sends and writes that nobody answers. What arrives
 * is whole and in order; what cannot is lost, and the sender never knows.
 */
#include "qmp.h"
#include "rdma-moves.h"

#define CQE_IMM         36
#define CQE_BYTES       44
#define LEN             5000u
#define LONG            (600u << 10)
#define LOSSES          8               /* one packet in so many */
#define ROUNDS          60

static const uint32_t lengths[] = {
    0, 1, RDMA_MTU - 1, RDMA_MTU, RDMA_MTU + 1, 5 * RDMA_MTU + 7,
    200 * RDMA_MTU + 3,
};

static void must_have_sent(RdmaBench *r)
{
    hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
}

static void must_receive(RdmaBench *r, unsigned opcode, uint32_t bytes,
                         uint32_t imm)
{
    uint8_t *cqe = hca_must_complete(&r->b.recv_cq, opcode);

    assert_int_equal(ldl_be_p(cqe + CQE_BYTES), bytes);
    assert_int_equal(ldl_be_p(cqe + CQE_IMM), imm);
    hca_cq_pop(&r->b.recv_cq);
}

static void must_live(RdmaBench *r)
{
    HcaWr wr = rdma_wr(r, HCA_WR_SEND_IMM, 0, LEN);

    wr.imm = 77;
    rdma_fill(r->a.bytes, LEN, 4);
    rdma_post_recv(&r->b, 0, LEN);
    hca_qp_send(&r->a.qp, &wr);
    must_receive(r, HCA_CQE_RESP_SEND_IMM, LEN, 77);
    must_have_sent(r);
    rdma_check(r->b.bytes, LEN, 4);
}

static unsigned state_of(RdmaEnd *e)
{
    uint8_t qpc[CX_SZ(qpc)];

    return hca_must_query_qp(&e->qp, qpc);
}

static void test_sends(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_UC, false);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint32_t len = lengths[i];
        HcaWr wr = rdma_wr(&r, HCA_WR_SEND, 0, len);

        rdma_fill(r.a.bytes, len, i);
        memset(r.b.bytes, 0xee, len + 1);
        rdma_post_recv(&r.b, 0, RDMA_BUF_BYTES);
        hca_qp_send(&r.a.qp, &wr);
        must_receive(&r, HCA_CQE_RESP_SEND, len, 0);
        must_have_sent(&r);
        rdma_check(r.b.bytes, len, i);
        assert_int_equal(r.b.bytes[len], 0xee);
    }
    must_live(&r);
}

static void test_writes(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_UC, false);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint32_t len = lengths[i];
        HcaWr wr = rdma_wr(&r, HCA_WR_WRITE, 8, len);

        rdma_fill(r.a.bytes + 8, len, i);
        memset(r.b.bytes, 0xee, len + 16);
        hca_qp_send(&r.a.qp, &wr);
        must_have_sent(&r);
        rdma_check(r.b.bytes + 8, len, i);
        assert_int_equal(r.b.bytes[7], 0xee);
        assert_int_equal(r.b.bytes[8 + len], 0xee);
        wr.opcode = HCA_WR_WRITE_IMM;
        wr.imm = 0x5a5a0000 + len;
        rdma_post_recv(&r.b, 0, 0);
        hca_qp_send(&r.a.qp, &wr);
        must_receive(&r, HCA_CQE_RESP_WRITE_IMM, len, wr.imm);
        must_have_sent(&r);
    }
}

/* Nobody has to be there. */
static void test_peer_is_gone(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UC, false);
    assert_int_equal(hca_move_qp(&r.b.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, LEN);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    assert_int_equal(state_of(&r.a), HCA_QP_RTS);
    rdma_reconnect(&r);
    must_live(&r);
}

/* Messages that a packet is missing of do not arrive, and no others fail. */
static void test_losses(void **state)
{
    unsigned arrived = 0;
    RdmaBench r;
    uint8_t *cqe;

    rdma_start(&r, state, HCA_QP_UC, false);
    qmp_set_number(r.m->q, "pf0", "x-rdma-loses", LOSSES);
    rdma_post_recv(&r.b, 0, LEN);
    for (unsigned i = 0; i < ROUNDS; i++) {
        HcaWr wr = rdma_wr(&r, HCA_WR_SEND_IMM, 0, LEN);

        wr.imm = i;
        rdma_fill(r.a.bytes, LEN, i);
        hca_qp_send(&r.a.qp, &wr);
        must_have_sent(&r);
        cqe = hca_cq_peek(&r.b.recv_cq);
        if (cqe) {
            must_receive(&r, HCA_CQE_RESP_SEND_IMM, LEN, i);
            rdma_check(r.b.bytes, LEN, i);
            rdma_post_recv(&r.b, 0, LEN);
            arrived++;
        }
    }
    assert_in_range(arrived, 1, ROUNDS - 1);
    qmp_set_number(r.m->q, "pf0", "x-rdma-loses", 0);
    must_live(&r);
}

static void test_not_ready(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UC, false);
    wr = rdma_wr(&r, HCA_WR_SEND, 0, LEN);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    wr = rdma_wr(&r, HCA_WR_WRITE_IMM, 0, LEN);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    must_live(&r);
    assert_null(hca_cq_peek(&r.b.recv_cq));
}

/* What the peer may not write it does not, and is not told. */
static void test_no_access(void **state)
{
    static const RdmaKey no_write = { .no_remote_write = true };
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UC, false);
    memset(r.b.bytes, 0xee, LEN);
    rdma_fill(r.a.bytes, LEN, 1);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, LEN);
    wr.remote_key = rdma_create_key(&r.b, &no_write);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r);
    assert_int_equal(r.b.bytes[0], 0xee);
    assert_int_equal(state_of(&r.b), HCA_QP_RTS);
    assert_null(hca_eq_peek(&r.b.async_eq));
    must_live(&r);
}

/* A receive request that is too short is its own driver's fault. */
static void test_too_short(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UC, false);
    wr = rdma_wr(&r, HCA_WR_SEND, 0, LEN);
    rdma_post_recv(&r.b, 0, LEN - 1);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_LENGTH);
    assert_int_equal(state_of(&r.b), HCA_QP_ERR);
    must_have_sent(&r);
    rdma_reconnect(&r);
    must_live(&r);
}

/* Requests that would have an answer fail, and the send queue with them. */
static void test_bad_requests(void **state)
{
    static const unsigned opcodes[] = {
        HCA_WR_READ, HCA_WR_ATOMIC_FA, HCA_WR_ATOMIC_CS, HCA_WR_SEND_INV,
    };
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UC, false);
    for (unsigned i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
        wr = rdma_wr(&r, opcodes[i], 0, 8);
        hca_qp_post(&r.a.qp, &wr);
        wr = rdma_wr(&r, HCA_WR_WRITE, 0, LEN);
        hca_qp_send(&r.a.qp, &wr);
        hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_QP_OP);
        hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_FLUSHED);
        assert_int_equal(state_of(&r.a), HCA_QP_SQER);
        assert_int_equal(hca_move_qp(&r.a.qp, OP(SQERR2RTS_QP), 0, NULL),
                         HCA_OK);
        must_live(&r);
    }
}

/* Amid a message: what is not sent yet is sent from where it is then. */
static void test_sender_moves(void **state)
{
    RdmaBench *r;
    RdmaMoves t;
    HcaWr wr;

    rdma_moves_start(&t, state, HCA_QP_UC);
    r = &t.r;
    rdma_fill(r->a.bytes, LONG, 3);
    rdma_post_recv(&r->b, 0, LONG);
    wr = rdma_wr(r, HCA_WR_SEND, 0, LONG);
    qmp_stop(r->m->q);
    hca_qp_send(&r->a.qp, &wr);
    rdma_moves_suspend(&t, &r->a);
    qmp_cont(r->m->q);
    assert_null(hca_cq_peek(&r->a.send_cq));
    rdma_moves_end(&t, &r->a);
    must_have_sent(r);
    must_receive(r, HCA_CQE_RESP_SEND, LONG, 0);
    rdma_check(r->b.bytes, LONG, 3);
    must_live(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_sends),
        machine_test(test_writes),
        machine_test(test_peer_is_gone),
        machine_test(test_losses),
        machine_test(test_not_ready),
        machine_test(test_no_access),
        machine_test(test_too_short),
        machine_test(test_bad_requests),
        machine_test(test_sender_moves),
    };

    return machine_main(tests);
}
