/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sets count that queue pairs name: each thing once, and nothing else.
 */
#include "delta-bench.h"
#include "qmp.h"
#include "rdma-bench.h"

#define BYTES           5000            /* five packets */
#define RETRIES         3               /* rdma_start()'s */
#define LOSS            20
#define MANY            40
#define NO_SET          0xee
#define COUNTS_AT       16
#define COUNT_BYTES     CX_SZ(query_q_counter_out)

/* A reply to be expected */
typedef struct Counts {
    uint8_t out[COUNT_BYTES];
} Counts;

#define WANT(_c, _f, _n)    CX_SET(query_q_counter_out, (_c)->out, _f, _n)
#define GET(_c, _f)         CX_GET(query_q_counter_out, (_c)->out, _f)

static int query(Hca *hca, uint32_t set, bool clear, Counts *c)
{
    uint8_t in[CX_SZ(query_q_counter_in)] = {};

    hca_header(in, OP(QUERY_Q_COUNTER), 0);
    CX_SET(query_q_counter_in, in, counter_set_id, set);
    CX_SET(query_q_counter_in, in, clear, clear);
    return hca_exec(hca, in, sizeof(in), c->out, sizeof(c->out));
}

static Counts counts(RdmaEnd *e)
{
    Counts c;

    assert_int_equal(query(e->hca, e->counters, false, &c), HCA_OK);
    return c;
}

/* These and no others; they begin anew. */
static void must_count(RdmaEnd *e, const Counts *want)
{
    Counts c;

    assert_int_equal(query(e->hca, e->counters, true, &c), HCA_OK);
    for (unsigned at = COUNTS_AT; at < COUNT_BYTES; at += 4) {
        if (ldl_be_p(c.out + at) != ldl_be_p(want->out + at)) {
            fail_msg("counter at 0x%x is %u, not %u", at,
                     ldl_be_p(c.out + at), ldl_be_p(want->out + at));
        }
    }
}

static void must_count_nothing(RdmaEnd *e)
{
    must_count(e, &(Counts) {});
}

/* An error that completes the request of a's, and what else is counted there */
static void must_count_error(RdmaEnd *a, Counts *want)
{
    WANT(want, req_cqe_error, 1);
    must_count(a, want);
}

static void counting_start(RdmaBench *r, void **state, unsigned type)
{
    rdma_start(r, state, type, false);
    r->a.counters = hca_must_alloc_counters(r->a.hca);
    r->b.counters = hca_must_alloc_counters(r->b.hca);
    rdma_reconnect(r);
}

static void must_do(RdmaBench *r, unsigned opcode, uint32_t len)
{
    HcaWr wr = rdma_wr(r, opcode, 0, len);

    hca_qp_send(&r->a.qp, &wr);
    hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
}

static void test_requests(void **state)
{
    RdmaBench r;
    Counts b = {};

    counting_start(&r, state, HCA_QP_RC);
    must_do(&r, HCA_WR_WRITE, BYTES);
    must_do(&r, HCA_WR_READ, BYTES);
    must_do(&r, HCA_WR_READ, 0);
    must_do(&r, HCA_WR_ATOMIC_FA, 8);
    rdma_post_recv(&r.b, 0, BYTES);
    must_do(&r, HCA_WR_SEND, BYTES);
    WANT(&b, rx_write_requests, 1);
    WANT(&b, rx_read_requests, 2);
    WANT(&b, rx_atomic_requests, 1);
    assert_memory_equal(counts(&r.b).out + COUNTS_AT, b.out + COUNTS_AT,
                        COUNT_BYTES - COUNTS_AT);
    must_count(&r.b, &b);
    must_count_nothing(&r.b);
    must_count_nothing(&r.a);
}

/* Not what is in no set, nor in one that is gone; and there is no such set. */
static void test_no_set(void **state)
{
    uint8_t in[CX_SZ(dealloc_q_counter_in)] = {};
    uint8_t out[CX_SZ(dealloc_q_counter_out)];
    RdmaBench r;
    uint32_t set;
    Counts c;

    counting_start(&r, state, HCA_QP_RC);
    set = r.b.counters;
    r.b.counters = 0;
    rdma_reconnect(&r);
    must_do(&r, HCA_WR_WRITE, BYTES);
    r.b.counters = set;
    must_count_nothing(&r.b);
    rdma_reconnect(&r);
    hca_header(in, OP(DEALLOC_Q_COUNTER), 0);
    CX_SET(dealloc_q_counter_in, in, counter_set_id, set);
    assert_int_equal(hca_exec(r.b.hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    must_do(&r, HCA_WR_WRITE, BYTES);
    assert_int_equal(query(r.b.hca, set, false, &c), HCA_BAD_RES);
    assert_int_equal(query(r.b.hca, NO_SET, false, &c), HCA_BAD_RES);
}

static uint32_t alloc_counters_as(Hca *hca, uint16_t uid)
{
    uint32_t set;

    hca->uid = uid;
    set = hca_must_alloc_counters(hca);
    hca->uid = 0;
    return set;
}

/* Between two PDs' ends, of which b's queue pair is a user context's */
static void users_start(RdmaBench *r, void **state, uint16_t uids[2])
{
    Hca *hca;

    memset(r, 0, sizeof(*r));
    r->m = machine_start_ready(state, 1, "rdma=on");
    machine_enable_vfs(r->m, 0, 2);
    rdma_end_create(&r->a, machine_start_vf(r->m, 0, 0), 0, false);
    rdma_end_qp(&r->a, HCA_QP_RC);
    hca = machine_start_vf(r->m, 0, 1);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(hca_create_uctx(hca, 0, &uids[i]), HCA_OK);
    }
    hca->uid = HCA_UID_SHARED;
    hca->uar = hca_must_alloc(hca, OP(ALLOC_UAR));
    rdma_end_create(&r->b, hca, 1, false);
    hca->uid = uids[0];
    rdma_end_qp(&r->b, HCA_QP_RC);
    hca->uid = 0;
    r->way = (HcaQpWay) {
        .mtu = HCA_QP_MTU_1024, .ack_timeout = 15, .retries = RETRIES,
        .rnr_retries = 3, .rnr_timer = 12,
    };
    rdma_connect(r);
}

/* A user context's queue pair counts in its own sets, and in those for all. */
static void test_sets_of_users(void **state)
{
    uint16_t uids[2];
    uint32_t sets[3];
    RdmaBench r;

    users_start(&r, state, uids);
    sets[0] = alloc_counters_as(r.b.hca, uids[0]);
    sets[1] = alloc_counters_as(r.b.hca, HCA_UID_SHARED);
    sets[2] = alloc_counters_as(r.b.hca, uids[1]);
    for (unsigned i = 0; i < 3; i++) {
        Counts want = {};

        r.b.counters = sets[i];
        rdma_reconnect(&r);
        must_do(&r, HCA_WR_WRITE, BYTES);
        WANT(&want, rx_write_requests, i < 2);
        must_count(&r.b, &want);
    }
}

static void test_peer_not_ready(void **state)
{
    RdmaBench r;
    Counts a = {}, b = {};
    HcaWr wr;

    counting_start(&r, state, HCA_QP_RC);
    wr = rdma_wr(&r, HCA_WR_SEND, 0, BYTES);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_RNR_RETRY);
    WANT(&a, rnr_nak_retry_err, RETRIES);
    WANT(&a, req_rnr_retries_exceeded, 1);
    must_count_error(&r.a, &a);
    /* Of each try the rest is out of sequence, and not asked for. */
    b = counts(&r.b);
    assert_int_equal(GET(&b, out_of_buffer), 1 + RETRIES);
}

static void test_peer_gone(void **state)
{
    RdmaBench r;
    Counts a = {};
    HcaWr wr;

    counting_start(&r, state, HCA_QP_RC);
    assert_int_equal(hca_move_qp(&r.b.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, BYTES);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_RETRY);
    WANT(&a, local_ack_timeout_err, RETRIES);
    WANT(&a, req_transport_retries_exceeded, 1);
    must_count_error(&r.a, &a);
    must_count_nothing(&r.b);
}

/* What is posted behind it, at both ends, is flushed. */
static void test_no_access(void **state)
{
    RdmaBench r;
    Counts a = {}, b = {};
    HcaWr wr;

    counting_start(&r, state, HCA_QP_RC);
    rdma_post_recv(&r.b, 0, BYTES);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, BYTES);
    wr.remote_key ^= 1;
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_ACCESS);
    hca_must_fail(&r.b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_FLUSHED);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_FLUSHED);
    WANT(&a, req_remote_access_errors, 1);
    WANT(&a, req_cqe_error, 2);
    WANT(&a, req_cqe_flush_error, 1);
    must_count(&r.a, &a);
    b = counts(&r.b);
    assert_int_equal(GET(&b, resp_remote_access_errors), 1);
    assert_int_equal(GET(&b, resp_cqe_error), 1);
    assert_int_equal(GET(&b, resp_cqe_flush_error), 1);
    assert_int_equal(GET(&b, rx_write_requests), 0);
}

static void test_invalid(void **state)
{
    RdmaBench r;
    Counts a = {}, b = {};
    HcaWr wr;

    counting_start(&r, state, HCA_QP_RC);
    wr = rdma_wr(&r, HCA_WR_ATOMIC_FA, 4, 8);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_INVALID);
    WANT(&a, req_remote_invalid_request, 1);
    must_count_error(&r.a, &a);
    WANT(&b, resp_remote_invalid_request, 1);
    must_count(&r.b, &b);
}

/* Receive requests that are too short, or lead nowhere */
static void test_bad_receives(void **state)
{
    RdmaBench r;
    Counts a = {}, b = {};
    HcaWr wr;

    counting_start(&r, state, HCA_QP_RC);
    wr = rdma_wr(&r, HCA_WR_SEND, 0, RDMA_MTU);
    rdma_post_recv(&r.b, 0, RDMA_MTU - 1);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_LENGTH);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_INVALID);
    WANT(&a, req_remote_invalid_request, 1);
    must_count_error(&r.a, &a);
    WANT(&b, resp_local_length_error, 1);
    WANT(&b, resp_remote_invalid_request, 1);
    WANT(&b, resp_cqe_error, 1);
    must_count(&r.b, &b);

    rdma_reconnect(&r);
    hca_qp_post_recv(&r.b.qp, &(HcaSeg) { r.b.buf, RDMA_MTU, r.b.mkey ^ 1 },
                     1);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_PROT);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_OP);
    a = b = (Counts) {};
    WANT(&a, req_remote_operation_errors, 1);
    must_count_error(&r.a, &a);
    WANT(&b, resp_local_protection, 1);
    WANT(&b, resp_cqe_error, 1);
    must_count(&r.b, &b);
}

/* Requests that make no sense to the one that sends them */
static void test_bad_requests(void **state)
{
    RdmaBench r;
    Counts a = {};
    HcaWr wr;

    counting_start(&r, state, HCA_QP_RC);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, BYTES);
    wr.seg[0].key ^= 1;
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_PROT);
    WANT(&a, req_local_protection, 1);
    must_count_error(&r.a, &a);

    rdma_reconnect(&r);
    wr = rdma_wr(&r, HCA_WR_ATOMIC_FA, 0, 4);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_LENGTH);
    a = (Counts) {};
    WANT(&a, req_local_length_error, 1);
    must_count_error(&r.a, &a);

    rdma_reconnect(&r);
    wr = rdma_wr(&r, HCA_WR_SEND, 0, BYTES);
    wr.opcode = 0x0e;
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_QP_OP);
    a = (Counts) {};
    WANT(&a, local_operation_error, 1);
    must_count_error(&r.a, &a);
    must_count_nothing(&r.b);
}

/* Packets that are lost: what comes behind them, and what comes again */
static void test_losses(void **state)
{
    Counts a, b;
    RdmaBench r;

    counting_start(&r, state, HCA_QP_RC);
    r.way.ack_timeout = 9;              /* 2 ms */
    r.way.retries = 7;
    rdma_reconnect(&r);
    qmp_set_number(r.m->q, "pf0", "x-rdma-loses", LOSS);
    for (unsigned i = 0; i < MANY; i++) {
        must_do(&r, i % 2 ? HCA_WR_READ : HCA_WR_WRITE, 4 * BYTES);
    }
    a = counts(&r.a);
    b = counts(&r.b);
    assert_int_not_equal(GET(&a, packet_seq_err), 0);
    assert_int_not_equal(GET(&a, implied_nak_seq_err), 0);
    assert_int_not_equal(GET(&a, local_ack_timeout_err), 0);
    assert_int_equal(GET(&a, req_cqe_error), 0);
    assert_int_not_equal(GET(&b, out_of_sequence), 0);
    assert_int_not_equal(GET(&b, duplicate_request), 0);
    assert_int_equal(GET(&b, rx_write_requests), MANY / 2);
    assert_int_equal(GET(&b, rx_read_requests), MANY / 2);
}

/* Without answers nothing comes twice: a number gone by is out of sequence. */
static void test_unreliable(void **state)
{
    RdmaBench r;
    Counts b = {};
    HcaQpWay way;

    counting_start(&r, state, HCA_QP_UC);
    way = r.way;
    way.from = &r.b.roce;
    way.to = &r.a.roce;
    way.remote_qpn = r.a.qp.qpn;
    way.counters = r.b.counters;
    way.recv_psn = r.way.send_psn + 5;
    assert_int_equal(hca_move_qp(&r.b.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    hca_must_connect_qp(&r.b.qp, &way);
    must_do(&r, HCA_WR_WRITE, 100);
    WANT(&b, rx_write_requests, 1);
    WANT(&b, out_of_sequence, 1);
    must_count(&r.b, &b);
    must_count_nothing(&r.a);
}

static void test_datagrams(void **state)
{
    RdmaBench r;
    Counts b = {};
    HcaWr wr;

    counting_start(&r, state, HCA_QP_UD);
    wr = rdma_datagram(&r, 64);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_complete(&r.a.send_cq, HCA_CQE_REQ);
    qtest_settle(r.m->q);
    WANT(&b, out_of_buffer, 1);
    must_count(&r.b, &b);
    must_count_nothing(&r.a);
}

/* They go on where the VF does, as they were in the last of its images. */
static void test_moves(void **state)
{
    Counts before, after;
    DeltaBench d;
    RdmaBench r;

    delta_start(&d, state, "rdma=on");
    rdma_join(&r, d.b.m, d.pf, d.vf, HCA_QP_RC, false);
    r.b.counters = hca_must_alloc_counters(d.vf);
    rdma_reconnect(&r);
    must_do(&r, HCA_WR_WRITE, BYTES);
    delta_save(&d, true, true);
    must_do(&r, HCA_WR_READ, BYTES);
    before = counts(&r.b);
    delta_must_save_final(&d);
    delta_must_load(&d);
    delta_check_equal(&d);
    rdma_end_moves(&r.b, delta_move(&d));
    after = counts(&r.b);
    assert_int_equal(GET(&after, rx_write_requests), 1);
    assert_int_equal(GET(&after, rx_read_requests), 1);
    assert_memory_equal(before.out, after.out, COUNT_BYTES);
    must_do(&r, HCA_WR_READ, BYTES);
    after = counts(&r.b);
    assert_int_equal(GET(&after, rx_read_requests), 2);
    delta_end(&d);
}

static bool offered(Hca *hca)
{
    uint8_t page[HCA_CAP_BYTES];

    assert_int_equal(hca_query_cap(hca, 0, 0, true, page), HCA_OK);
    return CX_GET(cmd_hca_cap, page, max_qp_cnt) &&
           CX_GET(cmd_hca_cap, page, out_of_seq_cnt) &&
           CX_GET(cmd_hca_cap, page, retransmission_q_counters) &&
           CX_GET(cmd_hca_cap, page, enhanced_error_q_counters);
}

static void test_offered(void **state)
{
    assert_true(offered(&machine_start_ready(state, 1, "rdma=on")->pf[0]));
}

static void test_not_offered(void **state)
{
    assert_false(offered(&machine_start_ready(state, 1, NULL)->pf[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_requests),
        machine_test(test_no_set),
        machine_test(test_sets_of_users),
        machine_test(test_peer_not_ready),
        machine_test(test_peer_gone),
        machine_test(test_no_access),
        machine_test(test_invalid),
        machine_test(test_bad_receives),
        machine_test(test_bad_requests),
        machine_test(test_losses),
        machine_test(test_unreliable),
        machine_test(test_datagrams),
        machine_test(test_moves),
        machine_test(test_offered),
        machine_test(test_not_offered),
    };

    return machine_main(tests);
}
