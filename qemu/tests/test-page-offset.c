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

/* Twice round all queues that take part, each message looked at. */
static void must_go_round(RdmaEnd *from, RdmaEnd *to)
{
    HcaWr wr = {
        .opcode = HCA_WR_SEND, .flags = HCA_SIGNALLED,
        .seg = { { from->buf, BYTES, from->mkey } }, .nr_segs = 1,
    };

    for (unsigned i = 0; i < 2 * RDMA_SLOTS; i++) {
        rdma_fill(from->bytes, BYTES, i);
        rdma_post_recv(to, 0, BYTES);
        hca_qp_send(&from->qp, &wr);
        hca_must_pop(&to->recv_cq, HCA_CQE_RESP_SEND);
        hca_must_pop(&from->send_cq, HCA_CQE_REQ);
        rdma_check(to->bytes, BYTES, i);
    }
}

/* Both queues of one end's queue pair, and the completion queues, lie there. */
static void must_work_at(RdmaBench *r, unsigned log_page, unsigned page_offset)
{
    RdmaEnd *e = &r->a;

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
    must_go_round(&r->a, &r->b);
    must_go_round(&r->b, &r->a);
}

static void test_queues_within_a_page(void **state)
{
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        must_work_at(&r, places[i].log_page, places[i].page_offset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_queues_within_a_page),
    };

    return machine_main(tests);
}
