/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue pairs by their commands: from state to state, what is refused and why,
 * what they tell of themselves; the table of RoCE addresses.
 */
#include "machine.h"
#include "qp.h"

#define LOG_EQ          4
#define LOG_CQ          4
#define SYN_STATE       0x0e0501
#define SYN_MTU         0x0e0502
#define SYN_READS       0x0e0503
#define OPT_RRE         (1u << 1)
#define OPT_RNR_TIMEOUT (1u << 6)
#define ROCE_TABLE      16
#define HCA_BAD_INDEX   0x0a
#define LOG_BIG_CQ      7
#define CQE_BYTES       64
#define CQE_COUNTER     61              /* low byte */
#define CQE_RESIZED     5
#define EVERY_STATE     (HCA_QP_ERR + 1)

typedef struct Bench {
    Machine *m;
    Hca *hca;
    HcaEq eq;
    HcaCq cq;
    uint32_t pd;
} Bench;

static const HcaQpWay way = {
    .remote_qpn = 0x1234, .mtu = HCA_QP_MTU_1024, .send_psn = 0xabcdef,
    .recv_psn = 0x123456, .ack_timeout = 14, .retries = 5, .rnr_retries = 6,
    .rnr_timer = 12,
};

static Bench bench_start(void **state, const char *props)
{
    Bench b = { .m = machine_start_ready(state, 1, props) };

    b.hca = &b.m->pf[0];
    b.pd = hca_must_alloc(b.hca, OP(ALLOC_PD));
    hca_must_create_eq(b.hca, &b.eq, 0, LOG_EQ, 0);
    hca_must_create_cq(b.hca, &b.cq, b.eq.eqn, LOG_CQ);
    return b;
}

static void create(Bench *b, HcaQp *qp, unsigned type)
{
    hca_must_create_qp(b->hca, qp, &(HcaQpSetup) {
        .type = type, .pd = b->pd, .send_cqn = b->cq.cqn,
        .recv_cqn = b->cq.cqn, .log_sq = 4, .log_rq = 4,
    });
}

/* Brings a new one to a state that commands lead to. */
static void bring(HcaQp *qp, unsigned to)
{
    static const uint16_t steps[] = {
        OP(RST2INIT_QP), OP(INIT2RTR_QP), OP(RTR2RTS_QP),
    };
    uint8_t qpc[CX_SZ(qpc)];

    hca_qp_fill(&way, qpc);
    if (to == HCA_QP_ERR) {
        assert_int_equal(hca_move_qp(qp, OP(2ERR_QP), 0, NULL), HCA_OK);
        return;
    }
    for (unsigned i = 0; i < to; i++) {
        assert_int_equal(hca_move_qp(qp, steps[i], 0, qpc), HCA_OK);
    }
}

/* From each state that can be reached, by each command */
static void test_transitions(void **state)
{
    static const struct {
        uint16_t opcode;
        unsigned from, to;
    } rows[] = {
        { OP(RST2INIT_QP), HCA_QP_RST, HCA_QP_INIT },
        { OP(INIT2INIT_QP), HCA_QP_INIT, HCA_QP_INIT },
        { OP(INIT2RTR_QP), HCA_QP_INIT, HCA_QP_RTR },
        { OP(RTR2RTS_QP), HCA_QP_RTR, HCA_QP_RTS },
        { OP(RTS2RTS_QP), HCA_QP_RTS, HCA_QP_RTS },
        { OP(SQERR2RTS_QP), HCA_QP_SQER, HCA_QP_RTS },
        { OP(SQD_RTS_QP), HCA_QP_SQD, HCA_QP_RTS },
        { OP(2ERR_QP), EVERY_STATE, HCA_QP_ERR },
        { OP(2RST_QP), EVERY_STATE, HCA_QP_RST },
    };
    Bench b = bench_start(state, NULL);
    uint8_t in[CX_SZ(qpc)], out[CX_SZ(qpc)];
    HcaQp qp;

    hca_qp_fill(&way, in);
    create(&b, &qp, HCA_QP_RC);
    for (unsigned from = HCA_QP_RST; from <= HCA_QP_ERR; from++) {
        if (from == HCA_QP_SQER || from == HCA_QP_SQD) {
            continue;
        }
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            bool good = rows[i].from == EVERY_STATE || rows[i].from == from;

            assert_int_equal(hca_move_qp(&qp, OP(2RST_QP), 0, NULL), HCA_OK);
            bring(&qp, from);
            assert_int_equal(hca_move_qp(&qp, rows[i].opcode, 0, in),
                             good ? HCA_OK : HCA_QP_BAD_STATE);
            if (!good) {
                assert_int_equal(b.hca->syndrome, SYN_STATE);
            }
            assert_int_equal(hca_must_query_qp(&qp, out),
                             good ? rows[i].to : from);
        }
    }
}

static void test_refused_attributes(void **state)
{
    Bench b = bench_start(state, NULL);
    uint8_t qpc[CX_SZ(qpc)], out[CX_SZ(qpc)];
    HcaQp qp;

    create(&b, &qp, HCA_QP_RC);
    bring(&qp, HCA_QP_INIT);
    hca_qp_fill(&way, qpc);
    CX_SET(qpc, qpc, mtu, 6);
    CX_SET(qpc, qpc, remote_qpn, 0x777);
    assert_int_equal(hca_move_qp(&qp, OP(INIT2RTR_QP), 0, qpc), HCA_BAD_PARAM);
    assert_int_equal(b.hca->syndrome, SYN_MTU);
    /* Nothing of it was taken over. */
    assert_int_equal(hca_must_query_qp(&qp, out), HCA_QP_INIT);
    assert_int_equal(CX_GET(qpc, out, remote_qpn), 0);
    CX_SET(qpc, qpc, mtu, 1);
    CX_SET(qpc, qpc, log_rra_max, 5);
    assert_int_equal(hca_move_qp(&qp, OP(INIT2RTR_QP), 0, qpc), HCA_BAD_PARAM);
    assert_int_equal(b.hca->syndrome, SYN_READS);
    CX_SET(qpc, qpc, log_rra_max, 4);
    assert_int_equal(hca_move_qp(&qp, OP(INIT2RTR_QP), 0, qpc), HCA_OK);
    qp.qpn ^= 1;
    assert_int_equal(hca_move_qp(&qp, OP(RTR2RTS_QP), 0, qpc), HCA_BAD_RES);
}

static void test_query_tells(void **state)
{
    Bench b = bench_start(state, NULL);
    uint8_t qpc[CX_SZ(qpc)];
    uint8_t *path = CX_ADDR(qpc, qpc, primary_address_path);
    HcaQp qp;

    create(&b, &qp, HCA_QP_RC);
    bring(&qp, HCA_QP_RTR);
    hca_must_query_qp(&qp, qpc);
    assert_int_equal(CX_GET(qpc, qpc, next_rcv_psn), way.recv_psn);
    assert_int_equal(CX_GET(qpc, qpc, next_send_psn), 0);
    assert_int_equal(CX_GET(qpc, qpc, retry_count), 0);
    hca_qp_fill(&way, qpc);
    assert_int_equal(hca_move_qp(&qp, OP(RTR2RTS_QP), 0, qpc), HCA_OK);
    hca_must_query_qp(&qp, qpc);
    assert_int_equal(CX_GET(qpc, qpc, next_send_psn), way.send_psn);
    assert_int_equal(CX_GET(qpc, qpc, last_acked_psn), way.send_psn - 1);
    assert_int_equal(CX_GET(qpc, qpc, retry_count), way.retries);
    assert_int_equal(CX_GET(qpc, qpc, remote_qpn), way.remote_qpn);
    assert_int_equal(CX_GET(qpc, qpc, rre), 1);
    assert_int_equal(CX_GET(ads, path, ack_timeout), way.ack_timeout);
    /* What a command may bring, it brings if its mask says so. */
    memset(qpc, 0, sizeof(qpc));
    assert_int_equal(hca_move_qp(&qp, OP(RTS2RTS_QP), OPT_RRE, qpc), HCA_OK);
    hca_must_query_qp(&qp, qpc);
    assert_int_equal(CX_GET(qpc, qpc, rre), 0);
    assert_int_equal(CX_GET(qpc, qpc, rwe), 1);
    assert_int_equal(CX_GET(qpc, qpc, min_rnr_nak), way.rnr_timer);
    assert_int_equal(hca_move_qp(&qp, OP(2RST_QP), 0, NULL), HCA_OK);
    bring(&qp, HCA_QP_INIT);
    assert_int_equal(hca_must_query_qp(&qp, qpc), HCA_QP_INIT);
}

static void test_addresses(void **state)
{
    HcaRoce roce = {
        .index = 3, .mac = { 2, 0, 0, 0, 0, 1 }, .vlan = 0x123,
        .gid = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
    };
    static const HcaRoce none = { .index = 3 };
    Bench b = bench_start(state, "rdma=on");
    uint8_t in[CX_SZ(query_roce_address_in)] = {};
    uint8_t out[CX_SZ(query_roce_address_out)];
    uint8_t *layout = CX_ADDR(query_roce_address_out, out, roce_address);

    assert_int_equal(hca_set_roce(b.hca, &roce), HCA_OK);
    hca_header(in, OP(QUERY_ROCE_ADDRESS), 0);
    CX_SET(query_roce_address_in, in, roce_address_index, 3);
    assert_int_equal(hca_exec(b.hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    assert_memory_equal(layout, roce.gid, HCA_GID_BYTES);
    assert_int_equal(CX_GET(roce_addr_layout, layout, vlan_id), 0x123);
    assert_int_equal(hca_set_roce(b.hca, &none), HCA_OK);
    assert_int_equal(hca_exec(b.hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    assert_int_equal(CX_GET(roce_addr_layout, layout, roce_version), 0);
    /* To empty it once more is no error, as a driver need not know. */
    assert_int_equal(hca_set_roce(b.hca, &none), HCA_OK);
    roce.index = ROCE_TABLE;
    assert_int_equal(hca_set_roce(b.hca, &roce), HCA_BAD_INDEX);
}

/* A card without RoCE has no such commands. */
static void test_not_offered(void **state)
{
    static const HcaRoce roce = { .mac = { 2, 0, 0, 0, 0, 1 } };
    Bench b = bench_start(state, NULL);

    assert_int_equal(hca_set_roce(b.hca, &roce), HCA_BAD_OP);
}

static void must_have_nop(Bench *b, uint8_t index)
{
    uint8_t *cqe = hca_must_complete(&b->cq, HCA_CQE_REQ);

    assert_int_equal(cqe[CQE_COUNTER], index);
    hca_cq_pop(&b->cq);
}

/* A driver takes over what it had not consumed, and finds the rest behind. */
static void test_resize(void **state)
{
    Bench b = bench_start(state, "rdma=on");
    HcaWr nop = { .opcode = HCA_WR_NOP, .flags = HCA_SIGNALLED };
    uint64_t buf = qtest_alloc(b.m->q, 2 * HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    uint8_t *ring = qtest_ram(b.m->q, buf, CQE_BYTES << LOG_BIG_CQ);
    HcaCq old;
    HcaQp qp;

    create(&b, &qp, HCA_QP_RC);
    bring(&qp, HCA_QP_RTS);
    for (unsigned i = 0; i < (1u << LOG_CQ) + 3; i++) {
        hca_qp_send(&qp, &nop);
        must_have_nop(&b, i);
    }
    hca_qp_post(&qp, &nop);
    hca_qp_send(&qp, &nop);
    assert_true(hca_cq_wait(&b.cq));
    memset(ring, 0xf1, CQE_BYTES << LOG_BIG_CQ);
    assert_int_equal(hca_resize_cq(&b.cq, buf, LOG_BIG_CQ, 1), HCA_BAD_PARAM);
    assert_int_equal(hca_resize_cq(&b.cq, buf, 0, 1), HCA_BAD_PARAM);
    assert_int_equal(hca_resize_cq(&b.cq, buf, LOG_BIG_CQ, 2), HCA_OK);
    old = b.cq;
    for (unsigned i = 0; i < 2; i++) {
        hca_must_complete(&old, HCA_CQE_REQ);
        old.ci++;
    }
    hca_must_complete(&old, CQE_RESIZED);
    /* Two were there, and the one that says so. */
    b.cq.ci += 3;
    b.cq.buf = buf;
    b.cq.log_size = LOG_BIG_CQ;
    stl_be_p(qtest_ram(b.m->q, b.cq.dbr, 4), b.cq.ci);
    for (unsigned i = 0; i < 2u << LOG_BIG_CQ; i++) {
        hca_qp_send(&qp, &nop);
        must_have_nop(&b, (1u << LOG_CQ) + 5 + i);
    }
}

/*
 * A type is refused that no request is carried out for; so is XRC, as this one
 * names no shared queue.
 */
static void test_types(void **state)
{
    Bench b = bench_start(state, "rdma=on");

    for (unsigned type = 0; type < 16; type++) {
        bool works = type == HCA_QP_RC || type == HCA_QP_UC ||
                     type == HCA_QP_UD ||
                     type == HCA_QP_GSI || type == HCA_QP_REG_UMR;
        HcaQp qp;

        assert_int_equal(hca_create_qp(b.hca, &qp, &(HcaQpSetup) {
            .type = type, .pd = b.pd, .send_cqn = b.cq.cqn,
            .recv_cqn = b.cq.cqn, .log_sq = 4, .log_rq = 4,
        }), works ? HCA_OK : HCA_BAD_PARAM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_transitions),
        machine_test(test_refused_attributes),
        machine_test(test_query_tells),
        machine_test(test_addresses),
        machine_test(test_not_offered),
        machine_test(test_resize),
        machine_test(test_types),
    };

    return machine_main(tests);
}
