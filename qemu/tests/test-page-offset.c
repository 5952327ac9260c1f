/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues that begin within a page. Contexts tell where in 64ths of their own
 * page, and a driver takes the largest page that it can find: memory that is
 * aligned to 4 KiB may be the second half of one of 8 KiB.
 */
#include "rdma-bench.h"

#define LOG_CQ      7                   /* two pages of 4 KiB */
#define BYTES       100

static const struct {
    unsigned log_page, page_offset;
} places[] = {
    { 0, 0 }, { 0, 1 }, { 0, 63 }, { 1, 32 }, { 1, 33 }, { 2, 16 },
    { 2, 48 }, { 4, 60 },
};

/* Both queues of one end's queue pair, and the completion queues, lie there. */
static void must_work_at(RdmaBench *r, unsigned log_page, unsigned page_offset)
{
    RdmaEnd *e = &r->a;
    HcaWr wr = rdma_wr(r, HCA_WR_SEND, 0, BYTES);

    hca_must_create_cq_at(e->hca, &e->send_cq, e->comp_eq.eqn, LOG_CQ,
                          log_page, page_offset);
    hca_must_create_cq_at(e->hca, &e->recv_cq, e->comp_eq.eqn, LOG_CQ,
                          log_page, page_offset);
    hca_must_create_qp(e->hca, &e->qp, &(HcaQpSetup) {
        .type = HCA_QP_RC, .pd = e->pd, .send_cqn = e->send_cq.cqn,
        .recv_cqn = e->recv_cq.cqn, .log_sq = RDMA_LOG_WQ,
        .log_rq = RDMA_LOG_WQ, .log_page = log_page,
        .page_offset = page_offset,
    });
    rdma_reconnect(r);
    for (unsigned i = 0; i < 2 * RDMA_SLOTS; i++) {
        rdma_fill(r->a.bytes, BYTES, i);
        rdma_post_recv(&r->b, 0, BYTES);
        hca_qp_send(&r->a.qp, &wr);
        hca_must_complete(&r->b.recv_cq, HCA_CQE_RESP_SEND);
        hca_cq_pop(&r->b.recv_cq);
        hca_must_complete(&r->a.send_cq, HCA_CQE_REQ);
        hca_cq_pop(&r->a.send_cq);
        rdma_check(r->b.bytes, BYTES, i);
    }
}

static void must_receive_at(RdmaBench *r)
{
    HcaWr wr = {
        .opcode = HCA_WR_SEND, .flags = HCA_SIGNALLED,
        .seg = { { r->b.buf, BYTES, r->b.mkey } }, .nr_segs = 1,
    };

    for (unsigned i = 0; i < 2 * RDMA_SLOTS; i++) {
        rdma_fill(r->b.bytes, BYTES, i);
        rdma_post_recv(&r->a, 0, BYTES);
        hca_qp_send(&r->b.qp, &wr);
        hca_must_complete(&r->a.recv_cq, HCA_CQE_RESP_SEND);
        hca_cq_pop(&r->a.recv_cq);
        hca_must_complete(&r->b.send_cq, HCA_CQE_REQ);
        hca_cq_pop(&r->b.send_cq);
        rdma_check(r->a.bytes, BYTES, i);
    }
}

static void test_queues_within_a_page(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        must_work_at(&r, places[i].log_page, places[i].page_offset);
        must_receive_at(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_queues_within_a_page),
    };

    return machine_main(tests);
}
