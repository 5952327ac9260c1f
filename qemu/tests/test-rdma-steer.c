/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a driver's tables of RDMA's receive side say of packets, before any
 * queue pair has them.
 */
#include "flows.h"
#include "rdma-bench.h"
#include "vhca-bench.h"

#define SENDER_VPORT    1           /* of the first VF */
#define GRH_BYTES       40
#define BYTES           100
#define FLOW_NIC_RX     0
#define FLOW_PAGE       7
#define GROUPS          200
#define SEVERAL         50          /* datagrams, of two blocks each */
#define LOG_MANY        7

typedef struct Steer {
    RdmaBench r;
    uint32_t table;
    FlowEntry entry;
} Steer;

/* The receiver has a table with room for entries that match the sender. */
static void steer_begin(Steer *s)
{
    FlowGroup group = { .last = 7, .enable = FLOW_MISC };

    s->table = flow_must_create_table(s->r.b.hca, FLOW_RDMA_RX, 0);
    group.table = s->table;
    FLOW_MISC_SET(group.criteria, source_port, 0xffff);
    s->entry.table = s->table;
    s->entry.group = flow_must_create_group(s->r.b.hca, &group);
    FLOW_MISC_SET(s->entry.value, source_port, SENDER_VPORT);
    flow_must_set_root(s->r.b.hca, FLOW_RDMA_RX, s->table);
}

static void steer_start(Steer *s, void **state)
{
    memset(s, 0, sizeof(*s));
    rdma_start(&s->r, state, HCA_QP_UD, false);
    steer_begin(s);
}

/* Does a datagram come to the receiver's queue pair? */
static bool comes(Steer *s)
{
    RdmaBench *r = &s->r;
    HcaWr wr = rdma_datagram(r, BYTES);
    bool came;

    rdma_post_recv(&r->b, 0, GRH_BYTES + BYTES);
    hca_qp_send(&r->a.qp, &wr);
    hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
    qtest_settle(r->m->q);
    came = hca_cq_peek(&r->b.recv_cq);
    if (came) {
        hca_must_pop(&r->b.recv_cq, HCA_CQE_RESP_SEND);
    }
    return came;
}

static void must_miss(Steer *s, unsigned action)
{
    assert_int_equal(flow_set_miss(s->r.b.hca, s->table, action, 0), HCA_OK);
}

/* What no entry matches is for queue pairs, or goes on to the other tables. */
static void test_missed(void **state)
{
    Steer s;

    steer_start(&s, state);
    assert_true(comes(&s));
    must_miss(&s, FLOW_MISS_DOMAIN);
    assert_false(comes(&s));
    must_miss(&s, FLOW_MISS_DEFAULT);
    assert_true(comes(&s));
}

/* mlx5_core's way in switchdev mode: it allows what the PF itself sends. */
static void test_allowed(void **state)
{
    Steer s;

    steer_start(&s, state);
    must_miss(&s, FLOW_MISS_DOMAIN);
    s.entry.action = FLOW_ALLOW;
    FLOW_MISC_SET(s.entry.value, source_port, SENDER_VPORT + 1);
    flow_must_set(s.r.b.hca, &s.entry);
    assert_false(comes(&s));
    s.entry.index = 1;
    FLOW_MISC_SET(s.entry.value, source_port, SENDER_VPORT);
    flow_must_set(s.r.b.hca, &s.entry);
    assert_true(comes(&s));
}

static void test_dropped(void **state)
{
    Steer s;

    steer_start(&s, state);
    s.entry.action = FLOW_DROP;
    flow_must_set(s.r.b.hca, &s.entry);
    assert_false(comes(&s));
    flow_must_delete(s.r.b.hca, s.table, 0);
    assert_true(comes(&s));
}

/* Nothing is forwarded to but another table; no other type has a domain. */
static void test_refused(void **state)
{
    uint32_t nic;
    Steer s;

    steer_start(&s, state);
    s.entry.action = FLOW_FORWARD;
    s.entry.dests = 1;
    s.entry.dest[0] = (FlowDest) { FLOW_TO_VPORT, SENDER_VPORT };
    assert_int_equal(flow_set(s.r.b.hca, &s.entry, false), HCA_BAD_PARAM);
    nic = flow_must_create_table(s.r.b.hca, FLOW_NIC_RX, 0);
    assert_int_equal(flow_set_miss(s.r.b.hca, nic, FLOW_MISS_DOMAIN, 0),
                     HCA_BAD_PARAM);
}

static void post_datagrams(RdmaBench *r)
{
    HcaWr wr = rdma_datagram(r, BYTES);

    for (unsigned i = 0; i < SEVERAL; i++) {
        hca_qp_post(&r->a.qp, &wr);
    }
}

/* To look in groups is work: in more than a driver has, it is counted. */
static void test_groups_are_work(void **state)
{
    FlowGroup group = { .enable = FLOW_MISC };
    RdmaBench *r;
    Steer s;

    steer_start(&s, state);
    r = &s.r;
    r->a.qp.setup.log_sq = LOG_MANY;
    hca_must_create_qp(r->a.hca, &r->a.qp, &r->a.qp.setup);
    rdma_reconnect(r);
    post_datagrams(r);
    assert_int_equal(rdma_done_in_a_go(&r->a.qp, &r->a.send_cq, SEVERAL),
                     SEVERAL);
    group.table = s.table;
    FLOW_MISC_SET(group.criteria, source_port, 0xffff);
    for (group.first = 8; group.first < 8 + GROUPS; group.first++) {
        group.last = group.first;
        flow_must_create_group(r->b.hca, &group);
    }
    post_datagrams(r);
    assert_in_range(rdma_done_in_a_go(&r->a.qp, &r->a.send_cq, SEVERAL), 1,
                    SEVERAL - 1);
}

/* What comes to a VF goes through its tables wherever it is. */
static void test_root_moves(void **state)
{
    HcaObjects none = {};
    Steer s = {};
    VhcaBench v;

    vhca_bench_start(&v, state, 1, "rdma=on", VHCA_BUF_BYTES);
    rdma_join(&s.r, v.m, &v.m->pf[0], machine_start_vf(v.m, 0, 0), HCA_QP_UD,
              false);
    steer_begin(&s);
    must_miss(&s, FLOW_MISS_DOMAIN);
    assert_false(comes(&s));
    vhca_move(&v, 0, 0, 0, 1, &none);
    rdma_end_moves(&s.r.b, &v.m->vf[0][1]);
    assert_false(comes(&s));
    must_miss(&s, FLOW_MISS_DEFAULT);
    assert_true(comes(&s));
}

static bool offered(Hca *hca)
{
    uint8_t page[HCA_CAP_BYTES];
    uint8_t *rx = CX_ADDR(flow_table_nic_cap, page,
                          flow_table_properties_nic_receive_rdma);

    assert_int_equal(hca_query_cap(hca, 0, FLOW_PAGE, true, page), HCA_OK);
    return CX_GET(flow_table_prop_layout, rx, ft_support) &&
           CX_GET(flow_table_prop_layout, rx, table_miss_action_domain);
}

static void test_offered(void **state)
{
    Hca *hca = &machine_start_ready(state, 1, "rdma=on")->pf[0];

    assert_true(offered(hca));
}

static void test_not_offered(void **state)
{
    Hca *hca = &machine_start_ready(state, 1, NULL)->pf[0];
    uint32_t id;

    assert_false(offered(hca));
    assert_int_equal(flow_create_table(hca, FLOW_RDMA_RX, 0, &id),
                     HCA_BAD_PARAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_missed),
        machine_test(test_allowed),
        machine_test(test_dropped),
        machine_test(test_refused),
        machine_test(test_groups_are_work),
        machine_test(test_root_moves),
        machine_test(test_offered),
        machine_test(test_not_offered),
    };

    return machine_main(tests);
}
