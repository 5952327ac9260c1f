/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multicast groups of queue pairs: who is in one has each datagram that is for
 * it, from other functions and from its own.
 */
#include "rdma-bench.h"
#include "vhca-bench.h"

#define GRH_BYTES       40
#define LEN             100u
#define GROUP_QPN       0xffffff
#define GROUP_QPS       16              /* that one may have */
#define SEVERAL         50              /* datagrams, of two blocks each */
#define LOG_MANY        7
#define GROUPS          256             /* that a function may be in */
#define CQE_BYTES       44
#define CQE_OPCODE_QPN  56
#define SLOTS           3               /* VFs: b's is the last but one */

static const HcaRoce group = {
    .mac = { 0x01, 0x00, 0x5e, 1, 2, 3 },
    .gid = { [10] = 0xff, 0xff, 239, 1, 2, 3 },
};
static const HcaRoce group_v6 = {
    .v6 = true, .mac = { 0x33, 0x33, 0, 0, 0, 7 },
    .gid = { 0xff, 0x0e, [15] = 7 },
};

/* Two queue pairs of b, and one of a, with completion queues of their own */
typedef struct Groups {
    VhcaBench v;
    RdmaBench r;
    HcaQp b2;
    HcaCq b2_cq;
    const HcaRoce *group;
} Groups;

static void connect(Groups *g, HcaQp *qp)
{
    HcaQpWay way = { .mtu = HCA_QP_MTU_1024, .q_key = g->r.way.q_key };

    hca_must_connect_qp(qp, &way);
}

static void groups_start(Groups *g, void **state, const HcaRoce *to)
{
    RdmaBench *r = &g->r;

    memset(g, 0, sizeof(*g));
    g->group = to;
    r->m = g->v.m = machine_start_ready(state, 1, "rdma=on");
    machine_enable_vfs(r->m, 0, SLOTS);
    vhca_buf_create(&r->m->pf[0], &g->v.buf[0], VHCA_BUF_BYTES);
    rdma_end_create(&r->a, machine_start_vf(r->m, 0, 0), 0, to->v6);
    rdma_end_create(&r->b, machine_start_vf(r->m, 0, 1), 1, to->v6);
    hca_must_set_groups(r->a.hca, &to->mac, 1);
    hca_must_set_groups(r->b.hca, &to->mac, 1);
    r->way.q_key = 0x1234;
    rdma_end_qp(&r->a, HCA_QP_UD);
    rdma_end_qp(&r->b, HCA_QP_UD);
    connect(g, &r->a.qp);
    connect(g, &r->b.qp);
    hca_must_create_cq(r->b.hca, &g->b2_cq, r->b.comp_eq.eqn, 6);
    g->b2.setup = r->b.qp.setup;
    g->b2.setup.recv_cqn = g->b2_cq.cqn;
    hca_must_create_qp(r->b.hca, &g->b2, &(HcaQpSetup) {
        .type = HCA_QP_UD, .pd = r->b.pd, .send_cqn = r->b.send_cq.cqn,
        .recv_cqn = g->b2_cq.cqn, .log_sq = RDMA_LOG_WQ,
        .log_rq = RDMA_LOG_WQ, .user_index = 1,
    });
    connect(g, &g->b2);
}

static void must_attach(Groups *g, HcaQp *qp)
{
    assert_int_equal(hca_qp_group(qp, OP(ATTACH_TO_MCG), g->group->gid),
                     HCA_OK);
}

static void must_detach(Groups *g, HcaQp *qp)
{
    assert_int_equal(hca_qp_group(qp, OP(DETACH_FROM_MCG), g->group->gid),
                     HCA_OK);
}

static void post_recv(RdmaEnd *e, HcaQp *qp, uint32_t at)
{
    memset(e->bytes + at, 0xee, GRH_BYTES + LEN);
    hca_qp_post_recv(qp, &(HcaSeg) { e->buf + at, GRH_BYTES + LEN, e->mkey },
                     1);
}

static void send_to_group(Groups *g, uint32_t seed)
{
    HcaWr wr = rdma_datagram(&g->r, LEN);

    wr.to = g->group;
    wr.to_qpn = GROUP_QPN;
    rdma_fill(g->r.a.bytes, LEN, seed);
    hca_qp_send(&g->r.a.qp, &wr);
    hca_must_pop(&g->r.a.send_cq, HCA_CQE_REQ);
}

static void must_have(RdmaEnd *e, HcaCq *cq, const HcaQp *qp, uint32_t at,
                      uint32_t seed)
{
    uint8_t *cqe = hca_must_complete(cq, HCA_CQE_RESP_SEND);

    assert_int_equal(ldl_be_p(cqe + CQE_BYTES), GRH_BYTES + LEN);
    assert_int_equal(ldl_be_p(cqe + CQE_OPCODE_QPN), qp->qpn);
    hca_cq_pop(cq);
    rdma_check(e->bytes + at + GRH_BYTES, LEN, seed);
}

static void check_group(void **state, const HcaRoce *to)
{
    RdmaEnd *b;
    Groups g;

    groups_start(&g, state, to);
    b = &g.r.b;
    post_recv(b, &b->qp, 0);
    post_recv(b, &g.b2, 4096);
    send_to_group(&g, 1);
    qtest_settle(g.r.m->q);
    assert_null(hca_cq_peek(&b->recv_cq));
    must_attach(&g, &b->qp);
    must_attach(&g, &g.b2);
    send_to_group(&g, 2);
    must_have(b, &b->recv_cq, &b->qp, 0, 2);
    must_have(b, &g.b2_cq, &g.b2, 4096, 2);
    must_detach(&g, &b->qp);
    post_recv(b, &b->qp, 0);
    post_recv(b, &g.b2, 4096);
    send_to_group(&g, 3);
    must_have(b, &g.b2_cq, &g.b2, 4096, 3);
    assert_null(hca_cq_peek(&b->recv_cq));
}

static void test_group(void **state)
{
    check_group(state, &group);
}

static void test_group_of_v6(void **state)
{
    check_group(state, &group_v6);
}

/* One without a receive request, or with another key, goes without. */
static void test_each_for_itself(void **state)
{
    HcaWr wr;
    Groups g;

    groups_start(&g, state, &group);
    must_attach(&g, &g.r.b.qp);
    must_attach(&g, &g.b2);
    post_recv(&g.r.b, &g.b2, 4096);
    send_to_group(&g, 1);
    must_have(&g.r.b, &g.b2_cq, &g.b2, 4096, 1);
    assert_null(hca_cq_peek(&g.r.b.recv_cq));
    post_recv(&g.r.b, &g.b2, 4096);
    wr = rdma_datagram(&g.r, LEN);
    wr.to = &group;
    wr.to_qpn = GROUP_QPN;
    wr.q_key++;
    hca_qp_send(&g.r.a.qp, &wr);
    qtest_settle(g.r.m->q);
    assert_null(hca_cq_peek(&g.b2_cq));
    /* It is for all of the group: one by its number is not. */
    wr.q_key--;
    wr.to_qpn = g.b2.qpn;
    hca_qp_send(&g.r.a.qp, &wr);
    qtest_settle(g.r.m->q);
    assert_null(hca_cq_peek(&g.b2_cq));
}

/* The sender's own is one of them, unless it wants not. */
static void test_comes_back(void **state)
{
    RdmaEnd *a;
    Groups g;

    groups_start(&g, state, &group);
    a = &g.r.a;
    must_attach(&g, &a->qp);
    must_attach(&g, &g.r.b.qp);
    post_recv(a, &a->qp, 4096);
    post_recv(a, &a->qp, 8192);
    post_recv(&g.r.b, &g.r.b.qp, 0);
    send_to_group(&g, 1);
    must_have(a, &a->recv_cq, &a->qp, 4096, 1);
    assert_null(hca_cq_peek(&a->recv_cq));
    must_have(&g.r.b, &g.r.b.recv_cq, &g.r.b.qp, 0, 1);
    must_detach(&g, &a->qp);
    a->qp.setup.no_own_groups = true;
    hca_must_create_qp(a->hca, &a->qp, &a->qp.setup);
    connect(&g, &a->qp);
    must_attach(&g, &a->qp);
    post_recv(a, &a->qp, 4096);
    post_recv(&g.r.b, &g.r.b.qp, 0);
    send_to_group(&g, 2);
    must_have(&g.r.b, &g.r.b.recv_cq, &g.r.b.qp, 0, 2);
    assert_null(hca_cq_peek(&a->recv_cq));
}

static void test_refused(void **state)
{
    HcaQp qp[GROUP_QPS + 1], rc;
    RdmaEnd *b;
    Groups g;

    groups_start(&g, state, &group);
    b = &g.r.b;
    must_attach(&g, &b->qp);
    assert_int_equal(hca_qp_group(&b->qp, OP(ATTACH_TO_MCG), group.gid),
                     HCA_BAD_PARAM);
    assert_int_equal(hca_qp_group(&g.b2, OP(DETACH_FROM_MCG), group.gid),
                     HCA_BAD_RES);
    assert_int_equal(hca_qp_group(&b->qp, OP(DETACH_FROM_MCG), group_v6.gid),
                     HCA_BAD_RES);
    assert_int_equal(hca_simple(b->hca, OP(DESTROY_QP), 0, b->qp.qpn),
                     HCA_RES_BUSY);
    rc = (HcaQp) { .hca = b->hca, .qpn = 0xabcdef };
    assert_int_equal(hca_qp_group(&rc, OP(ATTACH_TO_MCG), group.gid),
                     HCA_BAD_RES);
    hca_must_create_qp(b->hca, &rc, &(HcaQpSetup) {
        .type = HCA_QP_RC, .pd = b->pd, .send_cqn = b->send_cq.cqn,
        .recv_cqn = b->recv_cq.cqn, .log_sq = 2, .log_rq = 2,
    });
    assert_int_equal(hca_qp_group(&rc, OP(ATTACH_TO_MCG), group.gid),
                     HCA_BAD_PARAM);
    for (unsigned i = 1; i <= GROUP_QPS; i++) {
        hca_must_create_qp(b->hca, &qp[i], &b->qp.setup);
        assert_int_equal(hca_qp_group(&qp[i], OP(ATTACH_TO_MCG), group.gid),
                         i < GROUP_QPS ? HCA_OK : HCA_LIMITS);
    }
    must_detach(&g, &b->qp);
    hca_must_simple(b->hca, OP(DESTROY_QP), 0, b->qp.qpn);
}

static void post_datagrams(Groups *g)
{
    HcaWr wr = rdma_datagram(&g->r, LEN);

    wr.to = g->group;
    wr.to_qpn = GROUP_QPN;
    for (unsigned i = 0; i < SEVERAL; i++) {
        hca_qp_post(&g->r.a.qp, &wr);
    }
}

/* To look for who is in a group is work, also for a packet that is nobody's. */
static void test_groups_are_work(void **state)
{
    HcaRoce other = group;
    RdmaBench *r;
    Groups g;

    groups_start(&g, state, &group);
    r = &g.r;
    r->a.qp.setup.log_sq = LOG_MANY;
    hca_must_create_qp(r->a.hca, &r->a.qp, &r->a.qp.setup);
    connect(&g, &r->a.qp);
    post_datagrams(&g);
    assert_int_equal(rdma_done_in_a_go(&r->a.qp, &r->a.send_cq, SEVERAL),
                     SEVERAL);
    for (unsigned i = 0; i < GROUPS; i++) {
        other.gid[15] = i;
        other.gid[14] = 9;
        assert_int_equal(hca_qp_group(&r->b.qp, OP(ATTACH_TO_MCG), other.gid),
                         HCA_OK);
    }
    post_datagrams(&g);
    assert_in_range(rdma_done_in_a_go(&r->a.qp, &r->a.send_cq, SEVERAL), 1,
                    SEVERAL - 1);
}

static void test_group_moves(void **state)
{
    HcaObjects none = {};
    RdmaEnd *b;
    Groups g;

    groups_start(&g, state, &group);
    b = &g.r.b;
    must_attach(&g, &b->qp);
    post_recv(b, &b->qp, 0);
    vhca_move(&g.v, 0, 1, 0, 2, &none);
    rdma_end_moves(b, &g.r.m->vf[0][2]);
    send_to_group(&g, 1);
    must_have(b, &b->recv_cq, &b->qp, 0, 1);
    must_detach(&g, &b->qp);
    hca_must_simple(b->hca, OP(DESTROY_QP), 0, b->qp.qpn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_group),
        machine_test(test_group_of_v6),
        machine_test(test_each_for_itself),
        machine_test(test_comes_back),
        machine_test(test_refused),
        machine_test(test_groups_are_work),
        machine_test(test_group_moves),
    };

    return machine_main(tests);
}
