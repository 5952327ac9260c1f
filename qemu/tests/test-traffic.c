/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vports count of RDMA: each packet once, and apart from Ethernet's.
 */
#include <inttypes.h>

#include "delta-bench.h"
#include "flows.h"
#include "rdma-bench.h"

#define LEN             100u
#define GRH_BYTES       40
#define GROUP_QPN       0xffffff
#define COUNTS_AT       16
/* Ethernet, IPv4, UDP, BTH; at the end the ICRC */
#define HEADERS         (14 + 20 + 8 + 12 + 4)
#define DETH            8
#define RETH            16
#define AETH            4
#define DATAGRAM_BYTES  (HEADERS + DETH + LEN)
#define WRITE_BYTES     (HEADERS + RETH + LEN)
#define ACK_BYTES       (HEADERS + AETH)

/* A reply to be expected */
typedef struct Traffic {
    uint8_t out[HCA_TRAFFIC_BYTES];
} Traffic;

#define WANT(_t, _f, _n, _bytes)                                        \
    do {                                                                \
        CX_SET64(query_vport_counter_out, (_t)->out, _f.packets, _n);   \
        CX_SET64(query_vport_counter_out, (_t)->out, _f.octets,         \
                 (uint64_t)(_n) * (_bytes));                            \
    } while (0)

/* These and no others; they begin anew. */
static void must_count(Hca *hca, const Traffic *want)
{
    Traffic t;

    assert_int_equal(hca_query_traffic(hca, 0, true, t.out), HCA_OK);
    for (unsigned at = COUNTS_AT; at < HCA_TRAFFIC_BYTES; at += 8) {
        if (ldq_be_p(t.out + at) != ldq_be_p(want->out + at)) {
            fail_msg("counter at 0x%x is %" PRIu64 ", not %" PRIu64, at,
                     ldq_be_p(t.out + at), ldq_be_p(want->out + at));
        }
    }
}

static void must_count_nothing(Hca *hca)
{
    must_count(hca, &(Traffic) {});
}

static void must_send(RdmaBench *r, const HcaWr *wr)
{
    hca_qp_send(&r->a.qp, wr);
    hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
    qtest_settle(r->m->q);
}

static void must_send_datagram(RdmaBench *r)
{
    HcaWr wr = rdma_datagram(r, LEN);

    must_send(r, &wr);
}

/* Whether or not a queue pair has room for them */
static void test_datagrams(void **state)
{
    Traffic a = {}, b = {}, other;
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_UD, false);
    rdma_post_recv(&r.b, 0, GRH_BYTES + LEN);
    for (unsigned i = 0; i < 3; i++) {
        must_send_datagram(&r);
    }
    WANT(&a, transmitted_ib_unicast, 3, DATAGRAM_BYTES);
    WANT(&b, received_ib_unicast, 3, DATAGRAM_BYTES);
    /* The VFs' numbers count from 1. */
    assert_int_equal(hca_query_traffic(&r.m->pf[0], 2, false, other.out),
                     HCA_OK);
    assert_memory_equal(other.out + COUNTS_AT, b.out + COUNTS_AT,
                        HCA_TRAFFIC_BYTES - COUNTS_AT);
    must_count(r.a.hca, &a);
    must_count(r.b.hca, &b);
    must_count_nothing(r.a.hca);
    must_count_nothing(r.b.hca);
    must_count_nothing(&r.m->pf[0]);
}

/* Answers are packets, too. */
static void test_connection(void **state)
{
    Traffic a = {}, b = {};
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, LEN);
    must_send(&r, &wr);
    WANT(&a, transmitted_ib_unicast, 1, WRITE_BYTES);
    WANT(&a, received_ib_unicast, 1, ACK_BYTES);
    WANT(&b, received_ib_unicast, 1, WRITE_BYTES);
    WANT(&b, transmitted_ib_unicast, 1, ACK_BYTES);
    must_count(r.a.hca, &a);
    must_count(r.b.hca, &b);
}

/* What a function sends to itself does not come to the switch. */
static void test_to_itself(void **state)
{
    Traffic a = {};
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UD, false);
    wr = rdma_datagram(&r, LEN);
    wr.to = &r.a.roce;
    wr.to_qpn = r.a.qp.qpn;
    must_send(&r, &wr);
    WANT(&a, transmitted_ib_unicast, 1, DATAGRAM_BYTES);
    WANT(&a, received_ib_unicast, 1, DATAGRAM_BYTES);
    must_count(r.a.hca, &a);
}

/* One that no queue pair of the group takes is a frame. The sender's own do. */
static void test_group(void **state)
{
    static const HcaRoce group = {
        .mac = { 0x01, 0x00, 0x5e, 1, 2, 3 },
        .gid = { [10] = 0xff, 0xff, 239, 1, 2, 3 },
    };
    Traffic a = {}, b = {};
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UD, false);
    hca_must_set_groups(r.a.hca, &group.mac, 1);
    hca_must_set_groups(r.b.hca, &group.mac, 1);
    assert_int_equal(hca_qp_group(&r.a.qp, OP(ATTACH_TO_MCG), group.gid),
                     HCA_OK);
    assert_int_equal(hca_qp_group(&r.b.qp, OP(ATTACH_TO_MCG), group.gid),
                     HCA_OK);
    wr = rdma_datagram(&r, LEN);
    wr.to = &group;
    wr.to_qpn = GROUP_QPN;
    must_send(&r, &wr);
    assert_int_equal(hca_qp_group(&r.b.qp, OP(DETACH_FROM_MCG), group.gid),
                     HCA_OK);
    must_send(&r, &wr);
    WANT(&a, transmitted_ib_multicast, 2, DATAGRAM_BYTES);
    WANT(&a, received_ib_multicast, 2, DATAGRAM_BYTES);
    WANT(&b, received_ib_multicast, 1, DATAGRAM_BYTES);
    WANT(&b, received_eth_multicast, 1, DATAGRAM_BYTES);
    must_count(r.a.hca, &a);
    must_count(r.b.hca, &b);
}

/*
 * What a driver's tables of RDMA's side leave to the others, as those of a PF
 * in switchdev mode leave what is for its representors, is Ethernet.
 */
static void test_steered(void **state)
{
    FlowGroup group = {};
    FlowEntry entry = { .action = FLOW_DROP };
    Traffic b = {};
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_UD, false);
    entry.table = group.table = flow_must_create_table(r.b.hca, FLOW_RDMA_RX,
                                                       0);
    entry.group = flow_must_create_group(r.b.hca, &group);
    flow_must_set_root(r.b.hca, FLOW_RDMA_RX, entry.table);
    assert_int_equal(flow_set_miss(r.b.hca, entry.table, FLOW_MISS_DOMAIN, 0),
                     HCA_OK);
    must_send_datagram(&r);
    WANT(&b, received_eth_unicast, 1, DATAGRAM_BYTES);
    must_count(r.b.hca, &b);
    flow_must_set(r.b.hca, &entry);
    must_send_datagram(&r);
    b = (Traffic) {};
    WANT(&b, received_ib_unicast, 1, DATAGRAM_BYTES);
    must_count(r.b.hca, &b);
}

/* They go on where the VF does, as they were in the last of its images. */
static void test_moves(void **state)
{
    Traffic b = {};
    DeltaBench d;
    RdmaBench r;

    delta_start(&d, state, "rdma=on");
    rdma_join(&r, d.b.m, d.pf, d.vf, HCA_QP_UD, false);
    assert_int_equal(hca_query_traffic(d.vf, 0, true, b.out), HCA_OK);
    must_send_datagram(&r);
    delta_save(&d, true, true);
    must_send_datagram(&r);
    delta_must_save_final(&d);
    delta_must_load(&d);
    delta_check_equal(&d);
    rdma_end_moves(&r.b, delta_move(&d));
    must_send_datagram(&r);
    b = (Traffic) {};
    WANT(&b, received_ib_unicast, 3, DATAGRAM_BYTES);
    must_count(r.b.hca, &b);
    delta_end(&d);
}

static bool offered(Hca *hca)
{
    uint8_t page[HCA_CAP_BYTES];

    assert_int_equal(hca_query_cap(hca, 0, 0, true, page), HCA_OK);
    return CX_GET(cmd_hca_cap, page, vport_counters);
}

static void test_offered(void **state)
{
    Machine *m = machine_start_ready(state, 1, "rdma=on");

    machine_enable_vfs(m, 0, 1);
    assert_true(offered(&m->pf[0]));
    assert_true(offered(machine_start_vf(m, 0, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_datagrams),
        machine_test(test_connection),
        machine_test(test_to_itself),
        machine_test(test_group),
        machine_test(test_steered),
        machine_test(test_moves),
        machine_test(test_offered),
    };

    return machine_main(tests);
}
