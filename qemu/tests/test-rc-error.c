/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reliable connection, and what goes wrong with it: keys and rights, requests
 * that make no sense, a peer that is not ready or not there; what completes
 * then, with which syndrome, and what becomes of the queue pairs.
 */
#include "qmp.h"
#include "rdma-bench.h"

#define NO_ADDRESS      7               /* index of none */
#define EV_WQ_INVALID   0x10
#define EV_WQ_ACCESS    0x11
#define EQE_TYPE        1
#define EQE_NUMBER      (32 + 24)
#define CQE_COUNTER     60

static void must_be_in_error(RdmaEnd *e)
{
    uint8_t qpc[CX_SZ(qpc)];

    assert_int_equal(hca_must_query_qp(&e->qp, qpc), HCA_QP_ERR);
}

static void must_live(RdmaBench *r)
{
    HcaWr wr = rdma_wr(r, HCA_WR_WRITE, 0, 5000);

    rdma_fill(r->a.bytes, 5000, 2);
    hca_qp_send(&r->a.qp, &wr);
    hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
    rdma_check(r->b.bytes, 5000, 2);
}

static void must_tell(RdmaEnd *e, uint8_t event)
{
    uint8_t *eqe;

    assert_true(hca_eq_wait(&e->async_eq));
    eqe = hca_eq_peek(&e->async_eq);
    assert_int_equal(eqe[EQE_TYPE], event);
    assert_int_equal(ldl_be_p(eqe + EQE_NUMBER), e->qp.qpn);
    hca_eq_pop(&e->async_eq);
}

/* The peer refuses: both fail, and both can be connected again. */
static void must_be_refused(RdmaBench *r, const HcaWr *wr, unsigned syndrome,
                            uint8_t event)
{
    memset(r->b.bytes, 0xee, 64);
    hca_qp_send(&r->a.qp, wr);
    hca_must_fail(&r->a.send_cq, HCA_CQE_REQ_ERR, syndrome);
    must_be_in_error(&r->a);
    must_be_in_error(&r->b);
    if (event) {
        must_tell(&r->b, event);
    }
    if (wr->opcode != HCA_WR_READ) {
        assert_int_equal(r->b.bytes[0], 0xee);
    }
    rdma_reconnect(r);
    must_live(r);
}

static void test_remote_keys(void **state)
{
    static const RdmaKey no_write = { .no_remote_write = true };
    static const RdmaKey no_read = { .no_remote_read = true };
    RdmaBench r;
    RdmaKey other = {};
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 3000);
    wr.remote_key ^= 1;
    must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
    wr.remote_key = 0xabcdef12;
    must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
    wr.remote_key = rdma_create_key(&r.b, &no_write);
    must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
    other.pd = hca_must_alloc(r.b.hca, OP(ALLOC_PD));
    wr.remote_key = rdma_create_key(&r.b, &other);
    must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
    wr = rdma_wr(&r, HCA_WR_READ, 0, 3000);
    wr.remote_key = rdma_create_key(&r.b, &no_read);
    must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
    wr.remote_key = 0x1700;         /* for its own driver alone */
    must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
}

static void test_remote_range(void **state)
{
    static const unsigned opcodes[] = { HCA_WR_WRITE, HCA_WR_READ };
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned i = 0; i < 2; i++) {
        HcaWr wr = rdma_wr(&r, opcodes[i], 0, 3000);

        wr.remote_addr = r.b.buf - 1;
        must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
        wr.remote_addr = r.b.buf + RDMA_BUF_BYTES - 2999;
        must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
        wr.remote_addr = UINT64_MAX - 1;
        must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
    }
}

/* What the key allows, the queue pair may not. */
static void test_rights_of_the_pair(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned i = 0; i < 3; i++) {
        r.way.no_write = i == 0;
        r.way.no_read = i == 1;
        r.way.no_atomic = i == 2;
        rdma_reconnect(&r);
        wr = rdma_wr(&r, i == 0 ? HCA_WR_WRITE : i == 1 ? HCA_WR_READ :
                         HCA_WR_ATOMIC_FA, 0, 8);
        hca_qp_send(&r.a.qp, &wr);
        hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_ACCESS);
        must_be_in_error(&r.b);
    }
}

static void test_atomic_refused(void **state)
{
    static const RdmaKey no_atomic = {};
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_ATOMIC_FA, 4, 8);
    must_be_refused(&r, &wr, HCA_SYN_REMOTE_INVALID, EV_WQ_INVALID);
    wr = rdma_wr(&r, HCA_WR_ATOMIC_FA, 0, 8);
    wr.remote_key = rdma_create_key(&r.b, &no_atomic);
    must_be_refused(&r, &wr, HCA_SYN_REMOTE_ACCESS, EV_WQ_ACCESS);
}

/* A receive request that is too short, or leads nowhere */
static void test_bad_receives(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_SEND, 0, 3000);
    rdma_post_recv(&r.b, 0, 2999);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_LENGTH);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_INVALID);
    rdma_reconnect(&r);
    hca_qp_post_recv(&r.b.qp, &(HcaSeg) { r.b.buf, 3000, 0x666 }, 1);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_PROT);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_OP);
    rdma_reconnect(&r);
    must_live(&r);
}

static void test_bad_requests(void **state)
{
    static const RdmaKey read_only = { .no_local_write = true };
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 100);
    wr.seg[0].key ^= 1;
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_PROT);
    rdma_reconnect(&r);
    wr = rdma_wr(&r, 0x33, 0, 100);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_QP_OP);
    rdma_reconnect(&r);
    wr = rdma_wr(&r, HCA_WR_READ, 0, 3000);
    wr.seg[0].key = rdma_create_key(&r.a, &read_only);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_PROT);
    rdma_reconnect(&r);
    must_live(&r);
}

/* The good ones in front of a bad one complete first, and well. */
static void test_order_of_failure(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 5000);
    hca_qp_post(&r.a.qp, &wr);
    wr = rdma_wr(&r, HCA_WR_READ, 0, 5000);
    hca_qp_post(&r.a.qp, &wr);
    wr.remote_key ^= 1;
    hca_qp_post(&r.a.qp, &wr);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 100);
    wr.flags = 0;
    hca_qp_post(&r.a.qp, &wr);
    hca_qp_post(&r.a.qp, &wr);
    hca_qp_ring(&r.a.qp);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(hca_must_complete(&r.a.send_cq,
                                           HCA_CQE_REQ)[CQE_COUNTER + 1], i);
        hca_cq_pop(&r.a.send_cq);
    }
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_ACCESS);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_FLUSHED);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_FLUSHED);
    /* One more, as drivers do to see that it was the last */
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_FLUSHED);
}

static void test_flush(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned i = 0; i < 3; i++) {
        rdma_post_recv(&r.b, 0, 100);
    }
    assert_int_equal(hca_move_qp(&r.b.qp, OP(2ERR_QP), 0, NULL), HCA_OK);
    for (unsigned i = 0; i < 3; i++) {
        hca_must_fail(&r.b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_FLUSHED);
    }
    assert_null(hca_cq_peek(&r.b.recv_cq));
    /* No doorbell tells of it, and yet it comes back. */
    rdma_post_recv(&r.b, 0, 100);
    hca_must_fail(&r.b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_FLUSHED);
}

/* A message is lost in the middle when its receiver is reset. */
static void test_peer_is_gone(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    assert_int_equal(hca_move_qp(&r.b.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 5000);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_RETRY);
    must_be_in_error(&r.a);
    rdma_reconnect(&r);
    must_live(&r);
}

/* What is sent while the sender's address is that is lost. */
static void check_address_loses(void **state, bool version_1)
{
    RdmaBench r;
    HcaRoce other = {};
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    if (version_1) {
        other = r.a.roce;
        other.version_1 = true;
    }
    other.index = r.a.roce.index;
    assert_int_equal(hca_set_roce(r.a.hca, &other), HCA_OK);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 5000);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_RETRY);
    assert_int_equal(hca_set_roce(r.a.hca, &r.a.roce), HCA_OK);
    rdma_reconnect(&r);
    must_live(&r);
}

static void test_no_address(void **state)
{
    check_address_loses(state, false);
}

/* One of RoCE version 1 may be set, but nothing comes from there. */
static void test_address_of_version_1(void **state)
{
    check_address_loses(state, true);
}

/*
 * Answers that cannot leave are work nevertheless: what is left of them after a
 * go finds that its key is gone.
 */
static void test_answers_go_nowhere(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    r.b.roce.index = NO_ADDRESS;
    rdma_reconnect(&r);
    wr = rdma_wr(&r, HCA_WR_READ, 0, RDMA_BUF_BYTES);
    qmp_stop(r.m->q);
    hca_qp_send(&r.a.qp, &wr);
    qtest_settle(r.m->q);
    hca_must_simple(r.b.hca, OP(DESTROY_MKEY), 0, r.b.mkey >> 8);
    qmp_cont(r.m->q);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_RETRY);
    must_be_in_error(&r.b);
}

/* It comes back before patience ends. */
static void test_peer_comes_back(void **state)
{
    RdmaBench r;
    uint8_t qpc[CX_SZ(qpc)];
    unsigned tries = 0;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    r.way.retries = 7;
    rdma_reconnect(&r);
    hca_must_set_port(r.b.hca, false);
    wr = rdma_wr(&r, HCA_WR_READ, 0, 50000);
    rdma_fill(r.b.bytes, 50000, 4);
    hca_qp_send(&r.a.qp, &wr);
    do {
        hca_must_query_qp(&r.a.qp, qpc);
        tries = CX_GET(qpc, qpc, cur_retry_count);
    } while (!tries);
    hca_must_set_port(r.b.hca, true);
    hca_must_complete(&r.a.send_cq, HCA_CQE_REQ);
    rdma_check(r.a.bytes, 50000, 4);
    hca_must_query_qp(&r.a.qp, qpc);
    assert_int_equal(CX_GET(qpc, qpc, cur_retry_count), 0);
}

static void test_not_ready(void **state)
{
    RdmaBench r;
    uint8_t qpc[CX_SZ(qpc)];
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_SEND, 0, 3000);
    rdma_fill(r.a.bytes, 3000, 8);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_RNR_RETRY);
    must_be_in_error(&r.a);
    /* 7 is for ever. */
    r.way.rnr_retries = 7;
    rdma_reconnect(&r);
    hca_qp_send(&r.a.qp, &wr);
    qtest_settle(r.m->q);
    assert_null(hca_cq_peek(&r.a.send_cq));
    assert_int_equal(hca_must_query_qp(&r.a.qp, qpc), HCA_QP_RTS);
    rdma_post_recv(&r.b, 0, 3000);
    hca_must_complete(&r.b.recv_cq, HCA_CQE_RESP_SEND);
    hca_must_complete(&r.a.send_cq, HCA_CQE_REQ);
    rdma_check(r.b.bytes, 3000, 8);
}

/* The same amid a write, whose immediate data has nowhere to go */
static void test_write_imm_not_ready(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    r.way.rnr_retries = 7;
    rdma_reconnect(&r);
    wr = rdma_wr(&r, HCA_WR_WRITE_IMM, 0, 3000);
    rdma_fill(r.a.bytes, 3000, 8);
    hca_qp_send(&r.a.qp, &wr);
    qtest_settle(r.m->q);
    rdma_post_recv(&r.b, 0, 0);
    hca_must_complete(&r.b.recv_cq, HCA_CQE_RESP_WRITE_IMM);
    hca_must_complete(&r.a.send_cq, HCA_CQE_REQ);
    rdma_check(r.b.bytes, 3000, 8);
}

/* What rings out of turn is the driver's mistake, and harmless. */
static void test_doorbell_too_early(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    assert_int_equal(hca_move_qp(&r.a.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 100);
    hca_qp_send(&r.a.qp, &wr);
    qtest_settle(r.m->q);
    assert_null(hca_cq_peek(&r.a.send_cq));
    rdma_reconnect(&r);
    must_live(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_remote_keys),
        machine_test(test_remote_range),
        machine_test(test_rights_of_the_pair),
        machine_test(test_atomic_refused),
        machine_test(test_bad_receives),
        machine_test(test_bad_requests),
        machine_test(test_order_of_failure),
        machine_test(test_flush),
        machine_test(test_peer_is_gone),
        machine_test(test_no_address),
        machine_test(test_address_of_version_1),
        machine_test(test_answers_go_nowhere),
        machine_test(test_peer_comes_back),
        machine_test(test_not_ready),
        machine_test(test_write_imm_not_ready),
        machine_test(test_doorbell_too_early),
    };

    return machine_main(tests);
}
