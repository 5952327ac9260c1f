/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that lose packets: requests, parts of answers, acknowledgements.
 * All is carried out once and in order, and every byte arrives.
 */
#include "qmp.h"
#include "rdma-bench.h"

#define ROUNDS          2
#define PART            20000
#define PARTS           5
#define ADDS            40
#define CQE_IMM         36
#define CQE_COUNTER     60

static const unsigned losses[] = { 8, 12, 20, 50, 100 };

#define FOR_EACH_LOSS(n) \
    for (unsigned i_ = 0; i_ < sizeof(losses) / sizeof(losses[0]) && \
         (n = losses[i_], true); i_++)

static void loss_start(RdmaBench *r, void **state)
{
    rdma_start(r, state, HCA_QP_RC, false);
    r->way.ack_timeout = 9;             /* 2 ms */
    r->way.retries = 7;
    r->way.rnr_retries = 7;
    rdma_reconnect(r);
}

static void lose(RdmaBench *r, unsigned n)
{
    qmp_set_number(r->m->q, "pf0", "x-rdma-loses", n);
}

static void must_complete_parts(RdmaBench *r, uint16_t first)
{
    for (unsigned i = 0; i < PARTS; i++) {
        uint8_t *cqe = hca_must_complete(&r->a.send_cq, HCA_CQE_REQ);

        assert_int_equal(cqe[CQE_COUNTER] << 8 | cqe[CQE_COUNTER + 1],
                         (uint16_t)(first + i));
        hca_cq_pop(&r->a.send_cq);
    }
    assert_null(hca_cq_peek(&r->a.send_cq));
}

static void check_parts(RdmaBench *r, unsigned opcode, unsigned seed)
{
    bool read = opcode == HCA_WR_READ;
    uint8_t *from = read ? r->b.bytes : r->a.bytes;
    uint8_t *to = read ? r->a.bytes : r->b.bytes;
    uint16_t first = r->a.qp.sq_pi;

    rdma_fill(from, PARTS * PART, seed);
    memset(to, 0xee, PARTS * PART);
    for (unsigned i = 0; i < PARTS; i++) {
        HcaWr wr = rdma_wr(r, opcode, i * PART, PART);

        hca_qp_post(&r->a.qp, &wr);
    }
    hca_qp_ring(&r->a.qp);
    must_complete_parts(r, first);
    rdma_check(to, PARTS * PART, seed);
}

static void check_loss(void **state, unsigned opcode)
{
    RdmaBench r;
    unsigned n;

    loss_start(&r, state);
    FOR_EACH_LOSS(n) {
        lose(&r, n);
        for (unsigned round = 0; round < ROUNDS; round++) {
            check_parts(&r, opcode, n + round);
        }
    }
}

static void test_writes(void **state)
{
    check_loss(state, HCA_WR_WRITE);
}

static void test_reads(void **state)
{
    check_loss(state, HCA_WR_READ);
}

/* Each message is received once, in its own request. */
static void test_sends(void **state)
{
    RdmaBench r;
    unsigned n;

    loss_start(&r, state);
    FOR_EACH_LOSS(n) {
        uint16_t first = r.a.qp.sq_pi;

        lose(&r, n);
        rdma_fill(r.a.bytes, PARTS * PART, n);
        memset(r.b.bytes, 0xee, PARTS * PART);
        for (unsigned i = 0; i < PARTS; i++) {
            HcaWr wr = rdma_wr(&r, HCA_WR_SEND_IMM, i * PART, PART);

            wr.imm = i;
            rdma_post_recv(&r.b, i * PART, PART);
            hca_qp_post(&r.a.qp, &wr);
        }
        hca_qp_ring(&r.a.qp);
        for (unsigned i = 0; i < PARTS; i++) {
            uint8_t *cqe = hca_must_complete(&r.b.recv_cq,
                                             HCA_CQE_RESP_SEND_IMM);

            assert_int_equal(ldl_be_p(cqe + CQE_IMM), i);
            hca_cq_pop(&r.b.recv_cq);
        }
        must_complete_parts(&r, first);
        assert_null(hca_cq_peek(&r.b.recv_cq));
        rdma_check(r.b.bytes, PARTS * PART, n);
    }
}

/* An addition that was made is not made again when its answer was lost. */
static void test_atomics(void **state)
{
    uint64_t sum = 0, value;
    RdmaBench r;
    unsigned n;

    loss_start(&r, state);
    FOR_EACH_LOSS(n) {
        lose(&r, n);
        for (unsigned i = 0; i < ADDS; i++) {
            HcaWr wr = rdma_wr(&r, HCA_WR_ATOMIC_FA, 8 * (i % 2), 8);

            wr.remote_addr = r.b.buf;
            wr.swap_add = i + 1;
            hca_qp_send(&r.a.qp, &wr);
            hca_must_pop(&r.a.send_cq, HCA_CQE_REQ);
            memcpy(&value, r.a.bytes + 8 * (i % 2), sizeof(value));
            assert_int_equal(le64toh(value), sum);
            sum += i + 1;
        }
    }
}

/* Kinds that wait for each other, several under way at a time */
static void test_mixed(void **state)
{
    static const unsigned kinds[] = {
        HCA_WR_READ, HCA_WR_WRITE, HCA_WR_READ, HCA_WR_ATOMIC_FA, HCA_WR_WRITE,
    };
    RdmaBench r;
    unsigned n;

    loss_start(&r, state);
    FOR_EACH_LOSS(n) {
        uint16_t first = r.a.qp.sq_pi;

        lose(&r, n);
        rdma_fill(r.a.bytes, PARTS * PART, n);
        rdma_fill(r.b.bytes, PARTS * PART, n + 1);
        for (unsigned i = 0; i < PARTS; i++) {
            bool number = kinds[i] == HCA_WR_ATOMIC_FA;
            HcaWr wr = rdma_wr(&r, kinds[i], i * PART, number ? 8 : PART);

            hca_qp_post(&r.a.qp, &wr);
        }
        hca_qp_ring(&r.a.qp);
        must_complete_parts(&r, first);
        for (unsigned i = 0; i < PARTS; i++) {
            if (kinds[i] == HCA_WR_READ) {
                rdma_check(r.a.bytes + i * PART, PART, n + 1 + i * PART);
            } else if (kinds[i] == HCA_WR_WRITE) {
                rdma_check(r.b.bytes + i * PART, PART, n + i * PART);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_writes),
        machine_test(test_reads),
        machine_test(test_sends),
        machine_test(test_atomics),
        machine_test(test_mixed),
    };

    return machine_main(tests);
}
