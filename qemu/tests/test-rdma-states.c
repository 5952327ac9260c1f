/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue pairs that move in every state: what follows is what would have
 * followed where they were, and each word of what they did so far arrives.
 */
#include "delta-bench.h"
#include "image-bench.h"
#include "rdma-moves.h"

#define LEN                 3000u
#define DATAGRAM_LEN        100u
#define LEFT_SENDS          5
#define LEFT_RECVS          3
#define DBR_SEND            4           /* offset in the doorbell record */
#define WRONG_KEY           0x100
/* Of an object in an image; the words of a queue pair's run are behind it. */
#define OBJECT_HEAD_BYTES   48
#define OBJECT_WHAT         28
#define OBJECT_STATE        24
#define WHAT_RUN            1
#define RUN_WORDS           141
/* Every word may be 1, and none is without a meaning. */
#define WORD                1

static unsigned state_of(RdmaEnd *e)
{
    uint8_t qpc[CX_SZ(qpc)];

    return hca_must_query_qp(&e->qp, qpc);
}

static HcaWr request(const RdmaMoves *t)
{
    return rdma_wr(&t->r, HCA_WR_SEND, 0, LEN);
}

static HcaWr datagram(const RdmaMoves *t)
{
    return rdma_datagram(&t->r, DATAGRAM_LEN);
}

/* Requests that the device was not told of */
static void leave_work(RdmaEnd *e, const HcaWr *wr)
{
    for (unsigned i = 0; i < LEFT_SENDS; i++) {
        hca_qp_post(&e->qp, wr);
    }
    stl_be_p(qtest_ram(e->hca->q, e->qp.dbr + DBR_SEND, 4), e->qp.sq_pi);
    for (unsigned i = 0; i < LEFT_RECVS; i++) {
        rdma_post_recv(e, 0, LEN);
    }
}

static void must_flush(HcaCq *cq, unsigned opcode, unsigned n)
{
    while (n--) {
        hca_must_fail(cq, opcode, HCA_SYN_FLUSHED);
    }
    qtest_settle(cq->hca->q);
    assert_null(hca_cq_peek(cq));
}

static void must_arrive(RdmaMoves *t)
{
    HcaWr wr = request(t);

    rdma_fill(t->r.a.bytes, LEN, 7);
    hca_qp_send(&t->r.a.qp, &wr);
    hca_must_pop(&t->r.b.recv_cq, HCA_CQE_RESP_SEND);
    hca_must_pop(&t->r.a.send_cq, HCA_CQE_REQ);
    rdma_check(t->r.b.bytes, LEN, 7);
}

static int stop_sending(RdmaMoves *t)
{
    Hca *pf = &t->r.m->pf[0];

    return vhca_suspend(pf, vhca_id_of(pf, 0), SUSPEND_INITIATOR);
}

/* In error, with requests in its queues that were not flushed yet */
static void test_err_moves(void **state)
{
    RdmaMoves t;
    HcaWr wr;

    rdma_moves_start(&t, state, HCA_QP_RC);
    rdma_post_recv(&t.r.b, 0, LEN);
    must_arrive(&t);
    assert_int_equal(hca_move_qp(&t.r.a.qp, OP(2ERR_QP), 0, NULL), HCA_OK);
    assert_int_equal(stop_sending(&t), HCA_OK);
    wr = request(&t);
    leave_work(&t.r.a, &wr);
    qtest_settle(t.r.m->q);
    assert_null(hca_cq_peek(&t.r.a.send_cq));
    rdma_moves_end(&t, &t.r.a);
    must_flush(&t.r.a.send_cq, HCA_CQE_REQ_ERR, LEFT_SENDS);
    must_flush(&t.r.a.recv_cq, HCA_CQE_RESP_ERR, LEFT_RECVS);
    assert_int_equal(state_of(&t.r.a), HCA_QP_ERR);
    rdma_reconnect(&t.r);
    rdma_post_recv(&t.r.b, 0, LEN);
    must_arrive(&t);
}

/* Its send queue alone is in error: receive requests stay. */
static void test_sqer_moves(void **state)
{
    RdmaMoves t;
    HcaWr wr, bad;

    rdma_moves_start(&t, state, HCA_QP_UD);
    wr = bad = datagram(&t);
    bad.seg[0].key ^= WRONG_KEY;
    hca_qp_send(&t.r.a.qp, &bad);
    hca_must_fail(&t.r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_PROT);
    assert_int_equal(state_of(&t.r.a), HCA_QP_SQER);
    assert_int_equal(stop_sending(&t), HCA_OK);
    leave_work(&t.r.a, &wr);
    qtest_settle(t.r.m->q);
    assert_null(hca_cq_peek(&t.r.a.send_cq));
    rdma_moves_end(&t, &t.r.a);
    must_flush(&t.r.a.send_cq, HCA_CQE_REQ_ERR, LEFT_SENDS);
    assert_null(hca_cq_peek(&t.r.a.recv_cq));
    assert_int_equal(state_of(&t.r.a), HCA_QP_SQER);
    assert_int_equal(hca_move_qp(&t.r.a.qp, OP(SQERR2RTS_QP), 0, NULL),
                     HCA_OK);
    rdma_post_recv(&t.r.b, 0, LEN);
    hca_qp_send(&t.r.a.qp, &wr);
    hca_must_complete(&t.r.a.send_cq, HCA_CQE_REQ);
    hca_must_complete(&t.r.b.recv_cq, HCA_CQE_RESP_SEND);
}

static void step(RdmaMoves *t, unsigned nth)
{
    static const uint16_t steps[] = {
        OP(RST2INIT_QP), OP(INIT2RTR_QP), OP(RTR2RTS_QP),
    };
    HcaQpWay way = t->r.way;
    uint8_t qpc[CX_SZ(qpc)];

    way.from = &t->r.b.roce;
    way.to = &t->r.a.roce;
    way.remote_qpn = t->r.a.qp.qpn;
    way.send_psn = t->r.way.recv_psn;
    way.recv_psn = t->r.way.send_psn;
    hca_qp_fill(&way, qpc);
    assert_int_equal(hca_move_qp(&t->r.b.qp, steps[nth], 0, qpc), HCA_OK);
}

/* The receiver moves in that state, and is connected from there on. */
static void check_on_its_way(void **state, unsigned at)
{
    uint8_t before[CX_SZ(qpc)], after[CX_SZ(qpc)];
    RdmaMoves t;

    rdma_moves_start(&t, state, HCA_QP_RC);
    /* Its peer is ready, whatever becomes of this way of the other end. */
    assert_int_equal(hca_move_qp(&t.r.b.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    for (unsigned i = 0; i < at; i++) {
        step(&t, i);
    }
    if (at >= HCA_QP_INIT) {
        rdma_post_recv(&t.r.b, 0, LEN);
    }
    assert_int_equal(hca_must_query_qp(&t.r.b.qp, before), at);
    rdma_moves_end(&t, &t.r.b);
    assert_int_equal(hca_must_query_qp(&t.r.b.qp, after), at);
    assert_memory_equal(before, after, sizeof(after));
    for (unsigned i = at; i < HCA_QP_RTR; i++) {
        step(&t, i);
    }
    if (at < HCA_QP_INIT) {
        rdma_post_recv(&t.r.b, 0, LEN);
    }
    must_arrive(&t);
}

static void test_rst_moves(void **state)
{
    check_on_its_way(state, HCA_QP_RST);
}

static void test_init_moves(void **state)
{
    check_on_its_way(state, HCA_QP_INIT);
}

static void test_rtr_moves(void **state)
{
    check_on_its_way(state, HCA_QP_RTR);
}

/* The function is saved, as it is but for the state of its queue pair. */
static void move_in_state(RdmaMoves *t, uint8_t state)
{
    Hca *pf = &t->r.m->pf[0], *to = &t->r.m->vf[0][1];
    uint16_t from_id = vhca_id_of(pf, 0), to_id = vhca_id_of(pf, 1);
    uint8_t *image;
    uint32_t bytes;

    vhca_must_stop(pf, from_id);
    vhca_must_stop(pf, to_id);
    image = vhca_must_save(&t->v.buf[0], from_id, &bytes);
    image_object(image, "QP", 0)[OBJECT_STATE] = state;
    image_fix_crcs(image);
    assert_int_equal(vhca_load_image(&t->v.buf[0], to_id, image, bytes),
                     HCA_OK);
    free(image);
    pci_flr(&t->r.a.hca->fn);
    vhca_move_driver(to, t->r.a.hca);
    pci_msix_enable(&to->fn);
    vhca_must_run(pf, to_id);
    rdma_end_moves(&t->r.a, to);
}

/*
 * No command leads to SQD, but it may come with an image: it receives, and
 * sends what is posted when it is in RTS again.
 */
static void test_sqd_comes(void **state)
{
    uint8_t qpc[CX_SZ(qpc)];
    HcaWr wr, back;
    RdmaMoves t;

    rdma_moves_start(&t, state, HCA_QP_RC);
    rdma_post_recv(&t.r.b, 0, LEN);
    must_arrive(&t);
    assert_int_equal(hca_move_qp(&t.r.a.qp, OP(SQD_RTS_QP), 0, NULL),
                     HCA_QP_BAD_STATE);
    move_in_state(&t, HCA_QP_SQD);
    assert_int_equal(hca_must_query_qp(&t.r.a.qp, qpc), HCA_QP_SQD);
    wr = request(&t);
    rdma_post_recv(&t.r.b, 0, LEN);
    hca_qp_send(&t.r.a.qp, &wr);
    qtest_settle(t.r.m->q);
    assert_null(hca_cq_peek(&t.r.b.recv_cq));
    back = rdma_wr(&t.r, HCA_WR_WRITE, 0, LEN);
    back.seg[0] = (HcaSeg) { t.r.b.buf, LEN, t.r.b.mkey };
    back.remote_addr = t.r.a.buf + LEN;
    back.remote_key = t.r.a.mkey;
    rdma_fill(t.r.b.bytes, LEN, 5);
    hca_qp_send(&t.r.b.qp, &back);
    hca_must_complete(&t.r.b.send_cq, HCA_CQE_REQ);
    rdma_check(t.r.a.bytes + LEN, LEN, 5);
    assert_int_equal(hca_move_qp(&t.r.a.qp, OP(RTS2RTS_QP), 0, NULL),
                     HCA_QP_BAD_STATE);
    assert_int_equal(hca_move_qp(&t.r.a.qp, OP(SQD_RTS_QP), 0, NULL), HCA_OK);
    hca_must_complete(&t.r.b.recv_cq, HCA_CQE_RESP_SEND);
    hca_must_complete(&t.r.a.send_cq, HCA_CQE_REQ);
}

static uint8_t *run_of(uint8_t *image)
{
    return image_object(image, "QP", 0) + OBJECT_HEAD_BYTES;
}

/* There are so many words, and no more: with a longer run this changes. */
static void check_words(uint8_t *image)
{
    uint8_t *section = image_section(image, IMAGE_OBJECTS, "QP");
    uint8_t *in = run_of(image) + 8 * RUN_WORDS;
    uint8_t *object = image_object(image, "QP", 0);
    uint32_t in_len = (image_get_le32(object + 8) + 7) & ~7u;

    assert_int_equal(image_objects(section), 1);
    assert_ptr_equal(in + in_len + 8 * image_get_le32(object + 12),
                     section + image_get_le32(section - 4));
}

static void set_words(uint8_t *image)
{
    for (unsigned i = 0; i < RUN_WORDS; i++) {
        image_put_le32(run_of(image) + 8 * i, WORD);
        image_put_le32(run_of(image) + 8 * i + 4, 0);
    }
    image_fix_crcs(image);
}

static void check_set(uint8_t *image)
{
    for (unsigned i = 0; i < RUN_WORDS; i++) {
        if (image_get_le32(run_of(image) + 8 * i) != WORD) {
            fail_msg("word %u of the run is lost", i);
        }
    }
}

/* One queue pair, which did some work since the first of two images */
static void words_start(RdmaMoves *t, DeltaBench *d, void **state)
{
    rdma_moves_start(t, state, HCA_QP_RC);
    memset(d, 0, sizeof(*d));
    delta_begin(d, &t->v, 0, 1);
    check_words(d->image[0].data);
    rdma_post_recv(&t->r.b, 0, LEN);
    must_arrive(t);
    delta_must_save_final(d);
}

/* An image with a run of which no word is zero is loaded, and saved again. */
static void test_each_word_moves(void **state)
{
    uint8_t *image, *again;
    uint32_t bytes, bytes_again;
    DeltaBench d;
    RdmaMoves t;

    words_start(&t, &d, state);
    image = vhca_must_save(d.buf, d.from, &bytes);
    set_words(image);
    assert_int_equal(vhca_load_image(d.buf, d.to, image, bytes), HCA_OK);
    again = vhca_must_save(d.buf, d.to, &bytes_again);
    check_set(again);
    assert_int_equal(bytes, bytes_again);
    assert_memory_equal(image, again, bytes);
    free(image);
    free(again);
    delta_end(&d);
}

/* The same of a run that comes in a delta, behind one of zeroes and numbers */
static void test_each_word_moves_by_delta(void **state)
{
    uint8_t *again, *delta;
    uint32_t bytes;
    DeltaBench d;
    RdmaMoves t;

    words_start(&t, &d, state);
    delta = d.image[1].data;
    assert_int_equal(image_get_le32(image_object(delta, "QP", 0) + OBJECT_WHAT),
                     WHAT_RUN);
    check_words(delta);
    set_words(delta);
    delta_must_load(&d);
    again = vhca_must_save(d.buf, d.to, &bytes);
    check_set(again);
    free(again);
    delta_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_rst_moves),
        machine_test(test_init_moves),
        machine_test(test_rtr_moves),
        machine_test(test_err_moves),
        machine_test(test_sqer_moves),
        machine_test(test_sqd_comes),
        machine_test(test_each_word_moves),
        machine_test(test_each_word_moves_by_delta),
    };

    return machine_main(tests);
}
