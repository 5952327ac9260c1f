/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection of XRC, and shared queues that its messages can be for.
 */
#include <string.h>

#include "xrc-bench.h"

#define LOG_CQ          6

static void initiator(Xrc *x)
{
    RdmaEnd *a = &x->r.a;
    uint32_t xrcd = hca_must_alloc(a->hca, OP(ALLOC_XRCD));

    srq_create_xrc(&x->a_srq, a, xrcd, a->recv_cq.cqn);
    hca_must_create_qp(a->hca, &a->qp, &(HcaQpSetup) {
        .type = HCA_QP_XRC, .pd = a->pd, .send_cqn = a->send_cq.cqn,
        .recv_cqn = a->recv_cq.cqn, .log_sq = RDMA_LOG_WQ,
        .srqn = x->a_srq.number, .xrcd = xrcd, .user_index = 0x321,
    });
}

int xrc_try_target(Xrc *x, HcaQp *qp, uint32_t srqn, uint32_t xrcd)
{
    RdmaEnd *b = &x->r.b;

    return hca_create_qp(b->hca, qp, &(HcaQpSetup) {
        .type = HCA_QP_XRC, .pd = x->pd, .send_cqn = b->recv_cq.cqn,
        .recv_cqn = b->recv_cq.cqn, .srqn = srqn, .xrcd = xrcd,
        .user_index = 0x654,
    });
}

static void target(Xrc *x)
{
    RdmaEnd *b = &x->r.b;

    x->pd = hca_must_alloc(b->hca, OP(ALLOC_PD));
    x->xrcd = hca_must_alloc(b->hca, OP(ALLOC_XRCD));
    x->other_xrcd = hca_must_alloc(b->hca, OP(ALLOC_XRCD));
    hca_must_create_cq(b->hca, &x->cq, b->comp_eq.eqn, LOG_CQ);
    hca_must_create_cq(b->hca, &x->cq2, b->comp_eq.eqn, LOG_CQ);
    srq_create_xrc(&x->srq, b, x->xrcd, x->cq.cqn);
    assert_int_equal(srq_try_xrc(&x->srq2, b, x->xrcd, x->cq2.cqn,
                                 XRC_NO_USER_INDEX), HCA_OK);
    srq_create_xrc(&x->foreign, b, x->other_xrcd, x->cq2.cqn);
    /* It names a queue as drivers do: one that nothing comes to. */
    assert_int_equal(xrc_try_target(x, &b->qp, x->foreign.number, x->xrcd),
                     HCA_OK);
}

void xrc_start(Xrc *x, void **state)
{
    RdmaBench *r = &x->r;
    Hca *b;

    memset(x, 0, sizeof(*x));
    r->m = x->v.m = machine_start_ready(state, 1, "rdma=on");
    machine_enable_vfs(r->m, 0, XRC_SLOTS);
    vhca_buf_create(&r->m->pf[0], &x->v.buf[0], VHCA_BUF_BYTES);
    rdma_end_create(&r->a, machine_start_vf(r->m, 0, 0), 0, false);
    initiator(x);
    /* User contexts may name what is there. */
    b = machine_start_vf(r->m, 0, 2);
    b->uid = HCA_UID_SHARED;
    rdma_end_create(&r->b, b, 1, false);
    target(x);
    b->uid = 0;
    r->way = (HcaQpWay) {
        .mtu = HCA_QP_MTU_1024, .send_psn = 0xfffff0, .recv_psn = 0x123,
        .ack_timeout = 15, .retries = 7, .rnr_retries = 3, .rnr_timer = 12,
    };
    rdma_connect(r);
}

HcaWr xrc_wr(const Xrc *x, unsigned opcode, uint32_t at, uint32_t len)
{
    HcaWr wr = rdma_wr(&x->r, opcode, at, len);

    wr.srqn = x->srq.number;
    return wr;
}
