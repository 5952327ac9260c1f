/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receive requests that queue pairs share.
 */
#include "srq.h"

#define STRIDE          64
#define LOG_STRIDE      6

static uint8_t *srq_wqe(Srq *s, unsigned index)
{
    return qtest_ram(s->e->hca->q, s->buf + index * STRIDE, STRIDE);
}

static void make_list(Srq *s, RdmaEnd *e)
{
    *s = (Srq) { .e = e };
    s->buf = qtest_alloc(e->hca->q, HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    s->dbr = qtest_alloc(e->hca->q, 8, 64);
    /* Backwards, so that it is no ring. */
    for (unsigned i = 0; i < SRQ_SLOTS; i++) {
        stw_be_p(srq_wqe(s, i) + 2, (i + SRQ_SLOTS - 1) % SRQ_SLOTS);
    }
}

void srq_create(Srq *s, RdmaEnd *e)
{
    uint8_t in[CX_SZ(create_rmp_in) + 8] = {}, out[CX_SZ(create_rmp_out)];
    uint8_t *rmpc = CX_ADDR(create_rmp_in, in, ctx);
    uint8_t *wq = CX_ADDR(rmpc, rmpc, wq);

    make_list(s, e);
    hca_header(in, OP(CREATE_RMP), 0);
    CX_SET(rmpc, rmpc, state, HCA_WQ_RDY);
    CX_SET(wq, wq, pd, e->pd);
    CX_SET(wq, wq, log_wq_sz, SRQ_LOG);
    CX_SET(wq, wq, log_wq_stride, LOG_STRIDE);
    CX_SET64(wq, wq, dbr_addr, s->dbr);
    stq_be_p(wq + CX_OFF(wq, pas), s->buf);
    assert_int_equal(hca_exec(e->hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    s->number = CX_GET(create_rmp_out, out, rmpn);
}

int srq_try_xrc(Srq *s, RdmaEnd *e, uint32_t xrcd, uint32_t cqn,
                uint32_t user_index)
{
    uint8_t in[CX_SZ(create_xrc_srq_in) + 8] = {};
    uint8_t out[CX_SZ(create_xrc_srq_out)];
    uint8_t *srqc = CX_ADDR(create_xrc_srq_in, in, xrc_srq_context_entry);
    int status;

    make_list(s, e);
    hca_header(in, OP(CREATE_XRC_SRQ), 0);
    CX_SET(xrc_srqc, srqc, pd, e->pd);
    CX_SET(xrc_srqc, srqc, rlky, 1);
    CX_SET(xrc_srqc, srqc, xrcd, xrcd);
    CX_SET(xrc_srqc, srqc, cqn, cqn);
    CX_SET(xrc_srqc, srqc, user_index, user_index);
    CX_SET(xrc_srqc, srqc, log_xrc_srq_size, SRQ_LOG);
    CX_SET(xrc_srqc, srqc, log_rq_stride, LOG_STRIDE - 4);
    CX_SET(xrc_srqc, srqc, db_record_addr_h, s->dbr >> 32);
    CX_SET(xrc_srqc, srqc, db_record_addr_l, s->dbr >> 2);
    stq_be_p(in + CX_SZ(create_xrc_srq_in), s->buf);
    status = hca_exec(e->hca, in, sizeof(in), out, sizeof(out));
    s->number = CX_GET(create_xrc_srq_out, out, xrc_srqn);
    return status;
}

void srq_create_xrc(Srq *s, RdmaEnd *e, uint32_t xrcd, uint32_t cqn)
{
    assert_int_equal(srq_try_xrc(s, e, xrcd, cqn, SRQ_USER_INDEX), HCA_OK);
}

void srq_set_key(Srq *s, unsigned index, uint32_t key)
{
    stl_be_p(srq_wqe(s, index) + 20, key);
}

void srq_post(Srq *s, unsigned index, uint32_t at, uint32_t len)
{
    uint8_t *wqe = srq_wqe(s, index);

    stl_be_p(wqe + 16, len);
    stl_be_p(wqe + 20, s->e->mkey);
    stq_be_p(wqe + 24, s->e->buf + at);
    stl_be_p(wqe + 36, 0x100);
    stl_be_p(qtest_ram(s->e->hca->q, s->dbr, 4), ++s->posted);
}
