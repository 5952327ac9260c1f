/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that were sent and are not answered yet: the device reads them again
 * from the driver's memory when the answer comes, and bounds how many.
 */
#include "rdma-bench.h"

#define LOG_SQ          12              /* blocks */
#define WINDOW          128             /* packets that may be under way */
#define FAR             1000            /* packets of one request */
#define PSN             0x100
#define SEVERAL         200             /* requests */
#define SIGNAL_EVERY    4
#define LONGEST         (62 * 16)       /* bytes of empty data segments */
#define CQE_COUNTER     60

/* The receiver listens to another one of the sender's queue pairs, too. */
typedef struct Outstanding {
    RdmaBench r;
    HcaQp other;
} Outstanding;

static void create_qp(RdmaEnd *e, HcaQp *qp)
{
    HcaQpSetup setup = e->qp.setup;

    setup.log_sq = LOG_SQ;
    hca_must_create_qp(e->hca, qp, &setup);
}

/*
 * The receiver is away, and takes what has the number PSN + ahead next. What is
 * not answered is not sent again.
 */
static void start(Outstanding *o, void **state, uint32_t ahead)
{
    RdmaBench *r = &o->r;
    HcaQpWay way;

    rdma_start(r, state, HCA_QP_RC, false);
    create_qp(&r->a, &r->a.qp);
    create_qp(&r->a, &o->other);
    r->way.ack_timeout = 0;
    r->way.send_psn = PSN;
    rdma_reconnect(r);
    assert_int_equal(hca_move_qp(&r->b.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    way = r->way;
    way.from = &r->b.roce;
    way.to = &r->a.roce;
    way.remote_qpn = r->a.qp.qpn;
    way.recv_psn = PSN + ahead;
    hca_must_connect_qp(&r->b.qp, &way);
    way.from = &r->a.roce;
    way.to = &r->b.roce;
    way.remote_qpn = r->b.qp.qpn;
    way.send_psn = PSN + ahead;
    hca_must_connect_qp(&o->other, &way);
    hca_must_set_port(r->b.hca, false);
}

/* The receiver has all up to PSN + ahead, as far as it knows. */
static void answer(Outstanding *o)
{
    HcaWr wr = rdma_wr(&o->r, HCA_WR_WRITE, 0, 0);

    hca_must_set_port(o->r.b.hca, true);
    hca_qp_send(&o->other, &wr);
}

static unsigned completed(const uint8_t *cqe)
{
    return lduw_be_p(cqe + CQE_COUNTER);
}

/* As many as there can be, with one answer */
static void test_all_at_once(void **state)
{
    Outstanding o;
    HcaWr wr;

    start(&o, state, WINDOW - 1);
    wr = rdma_wr(&o.r, HCA_WR_WRITE, 0, 0);
    for (unsigned i = 0; i < WINDOW; i++) {
        wr.flags = i == WINDOW - 1 ? HCA_SIGNALLED : 0;
        hca_qp_post(&o.r.a.qp, &wr);
    }
    hca_qp_ring(&o.r.a.qp);
    qtest_settle(o.r.m->q);
    assert_null(hca_cq_peek(&o.r.a.send_cq));
    answer(&o);
    assert_int_equal(completed(hca_must_complete(&o.r.a.send_cq, HCA_CQE_REQ)),
                     WINDOW - 1);
    hca_cq_pop(&o.r.a.send_cq);
    wr = rdma_wr(&o.r, HCA_WR_WRITE, 0, 5000);
    rdma_fill(o.r.a.bytes, 5000, 2);
    hca_qp_send(&o.r.a.qp, &wr);
    hca_must_pop(&o.r.a.send_cq, HCA_CQE_REQ);
    rdma_check(o.r.b.bytes, 5000, 2);
}

/*
 * A request of many packets that became many requests of one: no more of them
 * are believed than could have been sent.
 */
static void test_changed_meanwhile(void **state)
{
    Outstanding o;
    HcaWr wr;

    start(&o, state, FAR);
    wr = rdma_wr(&o.r, HCA_WR_READ, 0, RDMA_BUF_BYTES);
    hca_qp_send(&o.r.a.qp, &wr);
    qtest_settle(o.r.m->q);
    o.r.a.qp.sq_pi = 0;
    wr = (HcaWr) { .opcode = HCA_WR_SEND };
    for (unsigned i = 0; i < FAR; i++) {
        hca_qp_post(&o.r.a.qp, &wr);
    }
    answer(&o);
    assert_int_equal(completed(hca_must_complete(&o.r.a.send_cq,
                                                 HCA_CQE_REQ_ERR)), WINDOW);
    hca_must_fail(&o.r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_QP_OP);
}

/* How many of several are done in a go */
static unsigned done_in_a_go(RdmaBench *r, HcaWr *wr)
{
    for (unsigned i = 1; i <= SEVERAL; i++) {
        wr->flags = i % SIGNAL_EVERY ? 0 : HCA_SIGNALLED;
        hca_qp_post(&r->a.qp, wr);
    }
    return SIGNAL_EVERY * rdma_done_in_a_go(&r->a.qp, &r->a.send_cq,
                                            SEVERAL / SIGNAL_EVERY);
}

/* To read long requests is work, though there is nothing to send in them. */
static void test_blocks_are_work(void **state)
{
    static const uint8_t empty[LONGEST];
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    create_qp(&r.a, &r.a.qp);
    rdma_reconnect(&r);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 0);
    assert_int_equal(done_in_a_go(&r, &wr), SEVERAL);
    wr.body = empty;
    wr.body_len = LONGEST - 16;
    assert_in_range(done_in_a_go(&r, &wr), 1, SEVERAL - SIGNAL_EVERY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_all_at_once),
        machine_test(test_changed_meanwhile),
        machine_test(test_blocks_are_work),
    };

    return machine_main(tests);
}
