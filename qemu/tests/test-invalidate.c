/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that take a memory key of their receiver back: what becomes of the
 * key, wherever the function is, and which keys a peer has no power over.
 */
#include "vhca-bench.h"
#include "xrc-bench.h"

#define CQE_IMM         36
#define CQE_BYTES       44
#define EQE_TYPE        1
#define EV_WQ_ACCESS    0x11
#define PAGES           (RDMA_BUF_BYTES / HCA_PAGE_BYTES)
#define LEN             3000u

static void may_be_taken(uint8_t *in)
{
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);

    CX_SET(mkc, mkc, en_rinval, 1);
    CX_SET(mkc, mkc, rr, 1);
    CX_SET(mkc, mkc, rw, 1);
}

static void is_free(uint8_t *in)
{
    may_be_taken(in);
    CX_SET(mkc, CX_ADDR(create_mkey_in, in, memory_key_mkey_entry), free, 1);
}

static uint32_t create_key(RdmaEnd *e, uint32_t pd, void (*spoil)(uint8_t *))
{
    HcaMttKey k = {
        .pd = pd, .buf = e->buf, .listed = PAGES, .start = e->buf,
        .len = RDMA_BUF_BYTES, .spoil = spoil,
    };
    uint32_t index;

    assert_int_equal(hca_create_list_mkey(e->hca, &k, &index), HCA_OK);
    return index << 8 | HCA_MKEY_BYTE;
}

/* b's memory can be written through the key, or cannot: then both fail. */
static void check_key(RdmaBench *r, const HcaWr *like, uint32_t key, bool good)
{
    HcaWr wr = *like;

    wr.opcode = HCA_WR_WRITE;
    wr.remote_key = key;
    hca_qp_send(&r->a.qp, &wr);
    if (good) {
        hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
    } else {
        hca_must_fail(&r->a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_ACCESS);
        rdma_reconnect(r);
    }
}

static HcaWr taking(const RdmaBench *r, uint32_t len, uint32_t key)
{
    HcaWr wr = rdma_wr(r, HCA_WR_SEND_INV, 0, len);

    wr.imm = key;
    return wr;
}

static void must_take(RdmaBench *r, HcaCq *cq, const HcaWr *wr, uint32_t len)
{
    uint8_t *cqe;

    rdma_fill(r->a.bytes, len, len);
    hca_qp_send(&r->a.qp, wr);
    cqe = hca_must_complete(cq, HCA_CQE_RESP_SEND_INV);
    assert_int_equal(ldl_be_p(cqe + CQE_IMM), wr->imm);
    assert_int_equal(ldl_be_p(cqe + CQE_BYTES), len);
    hca_cq_pop(cq);
    hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
    rdma_check(r->b.bytes, len, len);
}

static void test_taken_back(void **state)
{
    static const uint32_t lengths[] = { 0, 1, RDMA_MTU, 5 * RDMA_MTU + 3 };
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint32_t key = create_key(&r.b, r.b.pd, may_be_taken);

        wr = taking(&r, lengths[i], key);
        check_key(&r, &wr, key, true);
        rdma_post_recv(&r.b, 0, RDMA_BUF_BYTES);
        must_take(&r, &r.b.recv_cq, &wr, lengths[i]);
        wr = taking(&r, LEN, key);
        check_key(&r, &wr, key, false);
    }
    /* Its own driver's requests cannot use it, either. */
    hca_qp_post_recv(&r.b.qp, &(HcaSeg) { r.b.buf, LEN, wr.imm }, 1);
    wr = rdma_wr(&r, HCA_WR_SEND, 0, LEN);
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_PROT);
}

/* The peer fails, the message does not arrive, the key is what it was. */
static void must_be_refused(RdmaBench *r, uint32_t key)
{
    HcaWr wr = taking(r, LEN, key);
    uint8_t qpc[CX_SZ(qpc)];

    rdma_post_recv(&r->b, 0, LEN);
    hca_qp_send(&r->a.qp, &wr);
    hca_must_fail(&r->a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_ACCESS);
    hca_must_fail(&r->b.recv_cq, HCA_CQE_RESP_ERR, HCA_SYN_FLUSHED);
    assert_int_equal(hca_must_query_qp(&r->b.qp, qpc), HCA_QP_ERR);
    assert_true(hca_eq_wait(&r->b.async_eq));
    assert_int_equal(hca_eq_peek(&r->b.async_eq)[EQE_TYPE], EV_WQ_ACCESS);
    rdma_reconnect(r);
}

static void test_refused(void **state)
{
    RdmaBench r;
    uint32_t pd, key;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, LEN);
    must_be_refused(&r, r.b.mkey);
    check_key(&r, &wr, r.b.mkey, true);
    key = create_key(&r.b, r.b.pd, may_be_taken);
    must_be_refused(&r, key ^ 1);
    check_key(&r, &wr, key, true);
    must_be_refused(&r, 0xabcdef00);
    must_be_refused(&r, 0x1700);
    must_be_refused(&r, create_key(&r.b, r.b.pd, is_free));
    pd = hca_must_alloc(r.b.hca, OP(ALLOC_PD));
    must_be_refused(&r, create_key(&r.b, pd, may_be_taken));
}

/* With XRC it is a key of the shared queue's domain. */
static void test_xrc(void **state)
{
    uint32_t key;
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    key = create_key(&x.r.b, x.r.b.pd, may_be_taken);
    wr = taking(&x.r, LEN, key);
    wr.srqn = x.srq.number;
    check_key(&x.r, &wr, key, true);
    srq_post(&x.srq, 0, 0, LEN);
    must_take(&x.r, &x.cq, &wr, LEN);
    check_key(&x.r, &wr, key, false);
}

static void test_taken_key_moves(void **state)
{
    HcaObjects none = {};
    uint32_t taken, other;
    HcaWr wr;
    Xrc x;

    xrc_start(&x, state);
    taken = create_key(&x.r.b, x.r.b.pd, may_be_taken);
    other = create_key(&x.r.b, x.r.b.pd, may_be_taken);
    wr = taking(&x.r, LEN, taken);
    wr.srqn = x.srq.number;
    srq_post(&x.srq, 0, 0, LEN);
    must_take(&x.r, &x.cq, &wr, LEN);
    vhca_move(&x.v, 0, 2, 0, 3, &none);
    rdma_end_moves(&x.r.b, &x.r.m->vf[0][3]);
    check_key(&x.r, &wr, other, true);
    check_key(&x.r, &wr, taken, false);
}

/* There are no datagrams of that kind. */
static void test_datagram(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_UD, false);
    wr = rdma_datagram(&r, 100);
    wr.opcode = HCA_WR_SEND_INV;
    hca_qp_send(&r.a.qp, &wr);
    hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_QP_OP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_taken_back),
        machine_test(test_refused),
        machine_test(test_xrc),
        machine_test(test_taken_key_moves),
        machine_test(test_datagram),
    };

    return machine_main(tests);
}
