/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reliable connection between two functions: messages, writes, reads, atomics
 * of all lengths, between which ends they may go, and in which order they
 * complete.
 */
#include "rdma-bench.h"

#define CQE_IMM         36
#define CQE_USER        32
#define CQE_BYTES       44
#define CQE_OPCODE_QPN  56
#define CQE_COUNTER     60
#define USER_INDEX      0x321
#define MANY            40
#define SELF_INDEX      5

static const uint32_t lengths[] = {
    0, 1, 3, 4, RDMA_MTU - 1, RDMA_MTU, RDMA_MTU + 1, 2 * RDMA_MTU,
    5 * RDMA_MTU + 7, 200 * RDMA_MTU + 3,
};

#define FOR_EACH_LENGTH(len) \
    for (const uint32_t *p_ = lengths, *end_ = p_ + \
         sizeof(lengths) / sizeof(lengths[0]); p_ < end_ && \
         (len = *p_, true); p_++)

static uint8_t *must_receive(RdmaEnd *e, unsigned opcode, uint32_t bytes)
{
    uint8_t *cqe = hca_must_complete(&e->recv_cq, opcode);

    assert_int_equal(ldl_be_p(cqe + CQE_BYTES), bytes);
    assert_int_equal(ldl_be_p(cqe + CQE_OPCODE_QPN), e->qp.qpn);
    assert_int_equal(ldl_be_p(cqe + CQE_USER), USER_INDEX);
    return cqe;
}

static void must_have_sent(RdmaBench *r, unsigned opcode, uint16_t index)
{
    uint8_t *cqe = hca_must_complete(&r->a.send_cq, HCA_CQE_REQ);

    assert_int_equal(ldl_be_p(cqe + CQE_OPCODE_QPN),
                     opcode << 24 | r->a.qp.qpn);
    assert_int_equal(cqe[CQE_COUNTER] << 8 | cqe[CQE_COUNTER + 1], index);
    hca_cq_pop(&r->a.send_cq);
}

static void send_one(RdmaBench *r, uint32_t len, bool imm)
{
    HcaWr wr = rdma_wr(r, imm ? HCA_WR_SEND_IMM : HCA_WR_SEND, 0, len);
    uint8_t *cqe;

    wr.imm = 0xabcd0000 + len;
    rdma_fill(r->a.bytes, len, len);
    memset(r->b.bytes, 0xee, len + 1);
    rdma_post_recv(&r->b, 0, RDMA_BUF_BYTES);
    hca_qp_send(&r->a.qp, &wr);
    cqe = must_receive(&r->b, imm ? HCA_CQE_RESP_SEND_IMM : HCA_CQE_RESP_SEND,
                       len);
    if (imm) {
        assert_int_equal(ldl_be_p(cqe + CQE_IMM), wr.imm);
    }
    hca_cq_pop(&r->b.recv_cq);
    must_have_sent(r, wr.opcode, r->a.qp.sq_last);
    rdma_check(r->b.bytes, len, len);
    assert_int_equal(r->b.bytes[len], 0xee);
}

static void test_sends(void **state)
{
    RdmaBench r;
    uint32_t len;

    rdma_start(&r, state, HCA_QP_RC, false);
    FOR_EACH_LENGTH(len) {
        send_one(&r, len, false);
        send_one(&r, len, true);
    }
}

static void test_sends_over_v6(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, true);
    send_one(&r, 3 * RDMA_MTU + 5, true);
}

/* Each path MTU cuts in its own way. */
static void test_mtus(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned mtu = 1; mtu <= 5; mtu++) {
        r.way.mtu = mtu;
        rdma_reconnect(&r);
        send_one(&r, 10000, false);
    }
}

static void test_writes(void **state)
{
    RdmaBench r;
    uint32_t len;

    rdma_start(&r, state, HCA_QP_RC, false);
    FOR_EACH_LENGTH(len) {
        HcaWr wr = rdma_wr(&r, HCA_WR_WRITE, 8, len);

        rdma_fill(r.a.bytes + 8, len, len);
        memset(r.b.bytes, 0xee, len + 16);
        hca_qp_send(&r.a.qp, &wr);
        must_have_sent(&r, HCA_WR_WRITE, r.a.qp.sq_last);
        rdma_check(r.b.bytes + 8, len, len);
        assert_int_equal(r.b.bytes[7], 0xee);
        assert_int_equal(r.b.bytes[8 + len], 0xee);
        assert_null(hca_cq_peek(&r.b.recv_cq));
        wr.opcode = HCA_WR_WRITE_IMM;
        wr.imm = 0x5a5a0000 + len;
        rdma_post_recv(&r.b, 0, 0);
        hca_qp_send(&r.a.qp, &wr);
        assert_int_equal(ldl_be_p(must_receive(&r.b, HCA_CQE_RESP_WRITE_IMM,
                                               len) + CQE_IMM), wr.imm);
        hca_cq_pop(&r.b.recv_cq);
        must_have_sent(&r, HCA_WR_WRITE_IMM, r.a.qp.sq_last);
    }
}

static void test_reads(void **state)
{
    RdmaBench r;
    uint32_t len;

    rdma_start(&r, state, HCA_QP_RC, false);
    FOR_EACH_LENGTH(len) {
        HcaWr wr = rdma_wr(&r, HCA_WR_READ, 8, len);

        rdma_fill(r.b.bytes + 8, len, len);
        memset(r.a.bytes, 0xee, len + 16);
        hca_qp_send(&r.a.qp, &wr);
        hca_must_complete(&r.a.send_cq, HCA_CQE_REQ);
        assert_int_equal(ldl_be_p(hca_cq_peek(&r.a.send_cq) + CQE_BYTES), len);
        must_have_sent(&r, HCA_WR_READ, r.a.qp.sq_last);
        rdma_check(r.a.bytes + 8, len, len);
        assert_int_equal(r.a.bytes[7], 0xee);
        assert_int_equal(r.a.bytes[8 + len], 0xee);
    }
}

static uint64_t atomic(RdmaBench *r, unsigned opcode, uint64_t swap_add,
                       uint64_t compare)
{
    HcaWr wr = rdma_wr(r, opcode, 16, 8);
    uint64_t old;

    wr.swap_add = swap_add;
    wr.compare = compare;
    hca_qp_send(&r->a.qp, &wr);
    must_have_sent(r, opcode, r->a.qp.sq_last);
    memcpy(&old, r->a.bytes + 16, sizeof(old));
    return le64toh(old);
}

static uint64_t remote_number(RdmaBench *r)
{
    uint64_t v;

    memcpy(&v, r->b.bytes + 16, sizeof(v));
    return le64toh(v);
}

static void test_atomics(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    assert_int_equal(atomic(&r, HCA_WR_ATOMIC_FA, 0x1ffffffff, 0), 0);
    assert_int_equal(atomic(&r, HCA_WR_ATOMIC_FA, 1, 0), 0x1ffffffff);
    assert_int_equal(remote_number(&r), 0x200000000);
    assert_int_equal(atomic(&r, HCA_WR_ATOMIC_CS, 77, 1), 0x200000000);
    assert_int_equal(remote_number(&r), 0x200000000);
    assert_int_equal(atomic(&r, HCA_WR_ATOMIC_CS, 77, 0x200000000),
                     0x200000000);
    assert_int_equal(remote_number(&r), 77);
}

/* Bytes in the request itself, and pieces of memory one behind the other */
static void test_segments(void **state)
{
    static const char words[] = "bytes that stand in the request, not near it";
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 0);
    wr.inlined = words;
    wr.inline_len = sizeof(words);
    wr.nr_segs = 1;
    wr.seg[0] = (HcaSeg) { r.a.buf + 64, 10, r.a.mkey };
    rdma_fill(r.a.bytes + 64, 10, 1);
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r, HCA_WR_WRITE, r.a.qp.sq_last);
    assert_memory_equal(r.b.bytes, words, sizeof(words));
    rdma_check(r.b.bytes + sizeof(words), 10, 1);
    wr = rdma_wr(&r, HCA_WR_SEND, 0, 0);
    wr.nr_segs = 3;
    rdma_fill(r.a.bytes, 3000, 0);
    wr.seg[0] = (HcaSeg) { r.a.buf, 1000, r.a.mkey };
    wr.seg[1] = (HcaSeg) { r.a.buf + 1000, 1, r.a.mkey };
    wr.seg[2] = (HcaSeg) { r.a.buf + 1001, 1999, r.a.mkey };
    hca_qp_post_recv(&r.b.qp, (HcaSeg[]) {
        { r.b.buf + 2000, 1500, r.b.mkey }, { r.b.buf + 8000, 1500, r.b.mkey },
    }, 2);
    hca_qp_send(&r.a.qp, &wr);
    must_receive(&r.b, HCA_CQE_RESP_SEND, 3000);
    rdma_check(r.b.bytes + 2000, 1500, 0);
    rdma_check(r.b.bytes + 8000, 1500, 1500);
}

/* A key that every kernel queue pair may use: the bus as it is */
static void test_reserved_key(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    r.way.reserved_lkey = true;
    rdma_reconnect(&r);
    rdma_fill(r.a.bytes, 100, 5);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 100);
    wr.seg[0].key = 0x1700;
    hca_qp_send(&r.a.qp, &wr);
    must_have_sent(&r, HCA_WR_WRITE, r.a.qp.sq_last);
    rdma_check(r.b.bytes, 100, 5);
    r.way.reserved_lkey = false;
    rdma_reconnect(&r);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_PROT);
}

/* Many at once, of which only the last tells */
static void test_unsignalled(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    rdma_fill(r.a.bytes, RDMA_BUF_BYTES, 0);
    for (unsigned round = 0; round < MANY; round++) {
        for (unsigned i = 0; i < RDMA_SLOTS; i++) {
            HcaWr wr = rdma_wr(&r, i % 2 ? HCA_WR_WRITE : HCA_WR_READ,
                               i * 2048, 2048);

            wr.flags = i + 1 == RDMA_SLOTS ? HCA_SIGNALLED : 0;
            hca_qp_post(&r.a.qp, &wr);
        }
        hca_qp_ring(&r.a.qp);
        must_have_sent(&r, HCA_WR_WRITE, r.a.qp.sq_last);
        assert_null(hca_cq_peek(&r.a.send_cq));
    }
}

/* One reads what the one before has written, if it waits for that. */
static void test_fence(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned i = 0; i < MANY; i++) {
        HcaWr wr = rdma_wr(&r, HCA_WR_READ, 0, 3000);
        uint16_t first;

        rdma_fill(r.b.bytes, 3000, i);
        hca_qp_post(&r.a.qp, &wr);
        first = r.a.qp.sq_last;
        wr = rdma_wr(&r, HCA_WR_WRITE, 0, 3000);
        wr.flags |= HCA_FENCE;
        wr.remote_addr += 8192;
        hca_qp_send(&r.a.qp, &wr);
        must_have_sent(&r, HCA_WR_READ, first);
        must_have_sent(&r, HCA_WR_WRITE, r.a.qp.sq_last);
        rdma_check(r.b.bytes + 8192, 3000, i);
    }
}

/* Both ends at once */
static void test_both_ways(void **state)
{
    RdmaBench r;
    HcaWr wr, back;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_READ, 0, 50000);
    back = rdma_wr(&r, HCA_WR_WRITE, 0, 50000);
    back.seg[0] = (HcaSeg) { r.b.buf, 50000, r.b.mkey };
    back.remote_addr = r.a.buf + 60000;
    back.remote_key = r.a.mkey;
    rdma_fill(r.b.bytes, 50000, 9);
    hca_qp_post(&r.a.qp, &wr);
    hca_qp_post(&r.b.qp, &back);
    hca_qp_ring(&r.a.qp);
    hca_qp_ring(&r.b.qp);
    must_have_sent(&r, HCA_WR_READ, 0);
    hca_must_complete(&r.b.send_cq, HCA_CQE_REQ);
    rdma_check(r.a.bytes, 50000, 9);
    rdma_check(r.a.bytes + 60000, 50000, 9);
}

/* Two queue pairs of one function, which no switch is between */
static void test_loopback(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    r.b = r.a;
    rdma_end_qp(&r.b, HCA_QP_RC);
    hca_must_create_cq(r.b.hca, &r.b.recv_cq, r.b.comp_eq.eqn, 6);
    r.b.qp.setup.recv_cqn = r.b.recv_cq.cqn;
    hca_must_create_qp(r.b.hca, &r.b.qp, &r.b.qp.setup);
    r.b.bytes += RDMA_BUF_BYTES / 2;
    r.b.buf += RDMA_BUF_BYTES / 2;
    assert_int_equal(hca_move_qp(&r.a.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    rdma_connect(&r);
    rdma_fill(r.a.bytes, 10000, 3);
    rdma_post_recv(&r.b, 0, 10000);
    hca_qp_send(&r.a.qp, &(HcaWr) {
        .opcode = HCA_WR_SEND, .flags = HCA_SIGNALLED, .nr_segs = 1,
        .seg = { { r.a.buf, 10000, r.a.mkey } },
    });
    hca_must_complete(&r.b.recv_cq, HCA_CQE_RESP_SEND);
    must_have_sent(&r, HCA_WR_SEND, 0);
    rdma_check(r.b.bytes, 10000, 3);
}

/* Two cards, with a cable between them */
static void test_over_the_wire(void **state)
{
    static const char *const cable[] = {
        "-netdev", "hubport,id=wire0,hubid=0",
        "-netdev", "hubport,id=wire1,hubid=0", NULL,
    };
    uint32_t len = 30000;
    RdmaBench r;
    Machine *m;

    m = machine_start_with(state, 2, "rdma=on,netdev=wire#", cable);
    for (unsigned i = 0; i < 2; i++) {
        hca_must_boot(&m->pf[i]);
        hca_must_start(&m->pf[i]);
    }
    rdma_join(&r, m, &m->pf[0], &m->pf[1], HCA_QP_RC, false);
    rdma_be_patient(&r);
    send_one(&r, len, true);
    rdma_fill(r.b.bytes, len, 1);
    hca_qp_send(&r.a.qp, &(HcaWr) {
        .opcode = HCA_WR_READ, .flags = HCA_SIGNALLED, .nr_segs = 1,
        .seg = { { r.a.buf, len, r.a.mkey } }, .remote_addr = r.b.buf,
        .remote_key = r.b.mkey,
    });
    must_have_sent(&r, HCA_WR_READ, r.a.qp.sq_last);
    rdma_check(r.a.bytes, len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_sends),
        machine_test(test_sends_over_v6),
        machine_test(test_mtus),
        machine_test(test_writes),
        machine_test(test_reads),
        machine_test(test_atomics),
        machine_test(test_segments),
        machine_test(test_reserved_key),
        machine_test(test_unsignalled),
        machine_test(test_fence),
        machine_test(test_both_ways),
        machine_test(test_loopback),
        machine_test(test_over_the_wire),
    };

    return machine_main(tests);
}
