/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two ends that speak RoCE.
 */
#include <string.h>

#include "qmp.h"
#include "rdma-bench.h"

#define LOG_EQ          6
#define LOG_CQ          6
#define PAGES           (RDMA_BUF_BYTES / HCA_PAGE_BYTES)
#define EVENT(e)        (1ull << (e))
#define EV_WQ_INVALID   0x10
#define EV_WQ_ACCESS    0x11
#define EV_SRQ_LAST     0x13
#define EV_SRQ_LIMIT    0x14
#define USER_INDEX      0x321

static const RdmaKey *wanted;

static void spoil_key(uint8_t *in)
{
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);

    CX_SET(mkc, mkc, rr, !wanted->no_remote_read);
    CX_SET(mkc, mkc, rw, !wanted->no_remote_write);
    CX_SET(mkc, mkc, lw, !wanted->no_local_write);
    CX_SET(mkc, mkc, a, wanted->atomic);
}

uint32_t rdma_create_key(RdmaEnd *e, const RdmaKey *key)
{
    HcaMttKey k = {
        .pd = key->pd ? key->pd : e->pd, .buf = e->buf, .listed = PAGES,
        .start = e->buf, .len = RDMA_BUF_BYTES, .spoil = spoil_key,
    };
    uint32_t index;

    wanted = key;
    assert_int_equal(hca_create_list_mkey(e->hca, &k, &index), HCA_OK);
    return index << 8 | HCA_MKEY_BYTE;
}

void rdma_end_create(RdmaEnd *e, Hca *hca, unsigned nth, bool v6)
{
    static const RdmaKey all = { .atomic = true };

    memset(e, 0, sizeof(*e));
    e->hca = hca;
    e->roce = (HcaRoce) {
        .index = nth, .v6 = v6, .mac = { 2, 0, 0, 0, 0xaa, nth + 1 },
    };
    if (v6) {
        e->roce.gid[0] = 0xfe;
        e->roce.gid[1] = 0x80;
    } else {
        e->roce.gid[10] = e->roce.gid[11] = 0xff;
        e->roce.gid[12] = 10;
    }
    e->roce.gid[15] = nth + 1;
    hca_must_set_port(hca, true);
    hca_must_set_macs(hca, &e->roce.mac, 1);
    hca_must_enable_roce(hca, true);
    assert_int_equal(hca_set_roce(hca, &e->roce), HCA_OK);
    pci_msix_enable(&hca->fn);
    e->pd = hca_must_alloc(hca, OP(ALLOC_PD));
    hca_must_create_eq(hca, &e->async_eq, EVENT(HCA_EV_WQ_CATAS) |
                       EVENT(EV_WQ_INVALID) | EVENT(EV_WQ_ACCESS) |
                       EVENT(EV_SRQ_LAST) | EVENT(EV_SRQ_LIMIT) |
                       EVENT(HCA_EV_CQ_ERROR), LOG_EQ, 0);
    hca_must_create_eq(hca, &e->comp_eq, 0, LOG_EQ, 1);
    hca_must_create_cq(hca, &e->send_cq, e->comp_eq.eqn, LOG_CQ);
    hca_must_create_cq(hca, &e->recv_cq, e->comp_eq.eqn, LOG_CQ);
    e->buf = qtest_alloc(hca->q, RDMA_BUF_BYTES, HCA_PAGE_BYTES);
    e->bytes = qtest_ram(hca->q, e->buf, RDMA_BUF_BYTES);
    e->mkey = rdma_create_key(e, &all);
}

void rdma_end_qp(RdmaEnd *e, unsigned type)
{
    hca_must_create_qp(e->hca, &e->qp, &(HcaQpSetup) {
        .type = type, .pd = e->pd, .send_cqn = e->send_cq.cqn,
        .recv_cqn = e->recv_cq.cqn, .log_sq = RDMA_LOG_WQ,
        .log_rq = RDMA_LOG_WQ, .user_index = USER_INDEX,
    });
}

static HcaQpWay way_of(const RdmaBench *r, const RdmaEnd *from,
                       const RdmaEnd *to, bool is_a)
{
    HcaQpWay way = r->way;

    way.from = &from->roce;
    way.to = &to->roce;
    way.counters = from->counters;
    way.remote_qpn = to->qp.qpn;
    /* Each way has its own numbers. */
    way.send_psn = is_a ? r->way.send_psn : r->way.recv_psn;
    way.recv_psn = is_a ? r->way.recv_psn : r->way.send_psn;
    return way;
}

static void connect_one(const RdmaBench *r, RdmaEnd *from, const RdmaEnd *to,
                        bool is_a)
{
    HcaQpWay way = way_of(r, from, to, is_a);

    hca_must_connect_qp(&from->qp, &way);
}

static void connect_if_may(const RdmaBench *r, RdmaEnd *from,
                           const RdmaEnd *to, bool is_a)
{
    HcaQpWay way = way_of(r, from, to, is_a);
    uint8_t qpc[CX_SZ(qpc)];

    hca_qp_fill(&way, qpc);
    hca_try_qp(&from->qp, OP(2RST_QP), qpc);
    hca_try_qp(&from->qp, OP(RST2INIT_QP), qpc);
    hca_try_qp(&from->qp, OP(INIT2RTR_QP), qpc);
    hca_try_qp(&from->qp, OP(RTR2RTS_QP), qpc);
    memset(qtest_ram(from->hca->q, from->qp.dbr, 8), 0, 8);
    from->qp.rq_pi = from->qp.sq_pi = 0;
}

void rdma_reconnect_if_may(RdmaBench *r)
{
    connect_if_may(r, &r->a, &r->b, true);
    connect_if_may(r, &r->b, &r->a, false);
}

void rdma_connect(RdmaBench *r)
{
    connect_one(r, &r->a, &r->b, true);
    connect_one(r, &r->b, &r->a, false);
}

static void renew(RdmaEnd *e)
{
    memset(qtest_ram(e->hca->q, e->qp.dbr, 8), 0, 8);
    assert_int_equal(hca_move_qp(&e->qp, OP(2RST_QP), 0, NULL), HCA_OK);
    e->qp.rq_pi = e->qp.sq_pi = 0;
    while (hca_cq_peek(&e->send_cq)) {
        hca_cq_pop(&e->send_cq);
    }
    while (hca_cq_peek(&e->recv_cq)) {
        hca_cq_pop(&e->recv_cq);
    }
    while (hca_eq_peek(&e->async_eq)) {
        hca_eq_pop(&e->async_eq);
    }
    hca_eq_ring(&e->async_eq, true);
}

void rdma_reconnect(RdmaBench *r)
{
    renew(&r->a);
    renew(&r->b);
    rdma_connect(r);
}

void rdma_be_patient(RdmaBench *r)
{
    r->way.ack_timeout = 15;
    r->way.retries = r->way.rnr_retries = 7;
    rdma_reconnect(r);
}

void rdma_join(RdmaBench *r, Machine *m, Hca *a, Hca *b, unsigned type,
               bool v6)
{
    memset(r, 0, sizeof(*r));
    r->m = m;
    rdma_end_create(&r->a, a, 0, v6);
    rdma_end_create(&r->b, b, 1, v6);
    rdma_end_qp(&r->a, type);
    rdma_end_qp(&r->b, type);
    /* PSNs come round soon, timers are short. */
    r->way = (HcaQpWay) {
        .mtu = HCA_QP_MTU_1024, .send_psn = 0xfffff0, .recv_psn = 0x123,
        .ack_timeout = 12, .retries = 3, .rnr_retries = 3, .rnr_timer = 12,
        .q_key = 0x1234,
    };
    rdma_connect(r);
}

void rdma_start(RdmaBench *r, void **state, unsigned type, bool v6)
{
    Machine *m = machine_start_ready(state, 1, "rdma=on");

    machine_enable_vfs(m, 0, 2);
    rdma_join(r, m, machine_start_vf(m, 0, 0), machine_start_vf(m, 0, 1), type,
              v6);
}

void rdma_fill(uint8_t *p, uint32_t len, uint32_t seed)
{
    for (uint32_t i = 0; i < len; i++) {
        p[i] = (i + seed) * 7 + (i + seed) / 251;
    }
}

void rdma_check(const uint8_t *p, uint32_t len, uint32_t seed)
{
    for (uint32_t i = 0; i < len; i++) {
        uint8_t want = (i + seed) * 7 + (i + seed) / 251;

        if (p[i] != want) {
            fail_msg("byte %u of %u is 0x%x, not 0x%x", i, len, p[i], want);
        }
    }
}

HcaWr rdma_wr(const RdmaBench *r, unsigned opcode, uint32_t at, uint32_t len)
{
    return (HcaWr) {
        .opcode = opcode, .flags = HCA_SIGNALLED,
        .remote_addr = r->b.buf + at, .remote_key = r->b.mkey,
        .seg = { { r->a.buf + at, len, r->a.mkey } }, .nr_segs = len != 0,
    };
}

unsigned rdma_done_in_a_go(HcaQp *qp, HcaCq *cq, unsigned posted)
{
    Qtest *q = qp->hca->q;
    unsigned done = 0, n = 0;

    qmp_stop(q);
    hca_qp_ring(qp);
    qtest_settle(q);
    while (hca_cq_peek(cq)) {
        hca_must_pop(cq, HCA_CQE_REQ);
        done++;
    }
    qmp_cont(q);
    for (n = done; n < posted; n++) {
        hca_must_pop(cq, HCA_CQE_REQ);
    }
    return done;
}

void rdma_post_recv(RdmaEnd *e, uint32_t at, uint32_t len)
{
    hca_qp_post_recv(&e->qp, &(HcaSeg) { e->buf + at, len, e->mkey }, 1);
}

HcaWr rdma_datagram(const RdmaBench *r, uint32_t len)
{
    HcaWr wr = rdma_wr(r, HCA_WR_SEND, 0, len);

    wr.to = &r->b.roce;
    wr.from_index = r->a.roce.index;
    wr.to_qpn = r->b.qp.qpn;
    wr.q_key = r->way.q_key;
    return wr;
}

void rdma_end_moves(RdmaEnd *e, Hca *to)
{
    e->hca = e->qp.hca = to;
    e->send_cq.hca = e->recv_cq.hca = to;
    e->async_eq.hca = e->comp_eq.hca = to;
}
