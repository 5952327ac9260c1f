/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of a function, made the way the kernel makes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "objects.h"

#define WQEBB_BYTES         64
#define DBR_RQ              0
#define DBR_SQ              4
#define UAR_SQ_DOORBELL     0x800
#define WQ_CYCLIC           1
#define WQE_OPCODE_NOP      0
#define WQE_OPCODE_SEND     0x0a
#define WQE_OPCODE_LSO      0x0e
#define WQE_CE_ALWAYS       (2 << 2)
#define MKEY_MODE_PA        0
#define MKEY_MODE_MTT       1
#define TIR_INDIRECT        1
#define TIR_HASH_TOEPLITZ   2
#define FLOW_ACTION_FORWARD 4
#define FLOW_DEST_TIR       2
#define FLOW_DEST_BYTES     8
#define MAX_PAGES           64
#define RX_BUF_BYTES        2048
#define LOG_CQ              3
#define LOG_RQ              4

static uint64_t alloc_pages(Hca *hca, size_t bytes)
{
    size_t len = (bytes + HCA_PAGE_BYTES - 1) & ~(size_t)(HCA_PAGE_BYTES - 1);

    return qtest_alloc(hca->q, len, HCA_PAGE_BYTES);
}

/* Fills a page list; returns its length in bytes. */
static uint32_t put_pas(uint8_t *pas, uint64_t buf, size_t bytes)
{
    uint32_t n = (bytes + HCA_PAGE_BYTES - 1) / HCA_PAGE_BYTES;

    assert_in_range(n, 1, MAX_PAGES);
    for (uint32_t i = 0; i < n; i++) {
        stq_be_p(pas + i * 8, buf + i * HCA_PAGE_BYTES);
    }
    return n * 8;
}

/* Issues a creation command and returns the 24-bit number in its reply. */
static int create(Hca *hca, const void *in, uint32_t in_len, uint32_t *number)
{
    uint8_t out[16];
    int status = hca_exec(hca, in, in_len, out, sizeof(out));

    *number = ldl_be_p(out + CX_OFF(cmd_out, command_output)) & 0xffffff;
    return status;
}

static uint32_t must_create(Hca *hca, const void *in, uint32_t in_len)
{
    uint32_t number;
    int status = create(hca, in, in_len, &number);

    if (status) {
        print_error("opcode 0x%x: status 0x%x syndrome 0x%x\n",
                    CX_GET(cmd_in, in, opcode), status, hca->syndrome);
    }
    assert_int_equal(status, HCA_OK);
    return number;
}

/* The part that send and receive queues have in common. */
static uint32_t fill_wq(Hca *hca, HcaWq *wq, uint8_t *wqc, uint32_t pd,
                        size_t stride, unsigned log_size)
{
    size_t bytes = stride << log_size;

    *wq = (HcaWq) {
        .hca = hca, .log_size = log_size,
        .buf = alloc_pages(hca, bytes), .dbr = qtest_alloc(hca->q, 8, 64),
    };
    CX_SET(wq, wqc, wq_type, WQ_CYCLIC);
    CX_SET(wq, wqc, pd, pd);
    CX_SET(wq, wqc, uar_page, hca->uar);
    CX_SET64(wq, wqc, dbr_addr, wq->dbr);
    CX_SET(wq, wqc, log_wq_stride, __builtin_ctzl(stride));
    CX_SET(wq, wqc, log_wq_sz, log_size);
    return put_pas(wqc + CX_OFF(wq, pas), wq->buf, bytes);
}

static void create_sq(Hca *hca, HcaWq *sq, uint32_t cqn, uint32_t pd,
                      uint32_t tisn, unsigned log_size, bool flush)
{
    uint8_t in[CX_SZ(create_sq_in) + MAX_PAGES * 8] = {};
    uint8_t *sqc = CX_ADDR(create_sq_in, in, ctx);
    uint32_t pas;

    hca_header(in, OP(CREATE_SQ), 0);
    CX_SET(sqc, sqc, cqn, cqn);
    CX_SET(sqc, sqc, tis_lst_sz, 1);
    CX_SET(sqc, sqc, tis_num_0, tisn);
    CX_SET(sqc, sqc, flush_in_error_en, flush);
    pas = fill_wq(hca, sq, CX_ADDR(sqc, sqc, wq), pd, WQEBB_BYTES, log_size);
    sq->number = must_create(hca, in, CX_SZ(create_sq_in) + pas);
}

void hca_must_create_sq(Hca *hca, HcaWq *sq, uint32_t cqn, uint32_t pd,
                        uint32_t tisn, unsigned log_size)
{
    create_sq(hca, sq, cqn, pd, tisn, log_size, true);
}

void hca_must_create_quiet_sq(Hca *hca, HcaWq *sq, uint32_t cqn, uint32_t pd,
                              uint32_t tisn, unsigned log_size)
{
    create_sq(hca, sq, cqn, pd, tisn, log_size, false);
}

static void create_rq(Hca *hca, HcaWq *rq, uint32_t cqn, uint32_t pd,
                      unsigned log_size, bool flush, bool keep_tags)
{
    uint8_t in[CX_SZ(create_rq_in) + MAX_PAGES * 8] = {};
    uint8_t *rqc = CX_ADDR(create_rq_in, in, ctx);
    uint32_t pas;

    hca_header(in, OP(CREATE_RQ), 0);
    CX_SET(rqc, rqc, cqn, cqn);
    CX_SET(rqc, rqc, vsd, keep_tags);
    CX_SET(rqc, rqc, flush_in_error_en, flush);
    pas = fill_wq(hca, rq, CX_ADDR(rqc, rqc, wq), pd, HCA_RECEIVE_WQE_BYTES,
                  log_size);
    rq->number = must_create(hca, in, CX_SZ(create_rq_in) + pas);
}

void hca_must_create_rq(Hca *hca, HcaWq *rq, uint32_t cqn, uint32_t pd,
                        unsigned log_size)
{
    create_rq(hca, rq, cqn, pd, log_size, true, true);
}

void hca_must_create_rq_with(Hca *hca, HcaWq *rq, uint32_t cqn, uint32_t pd,
                             unsigned log_size, bool keep_tags)
{
    create_rq(hca, rq, cqn, pd, log_size, true, keep_tags);
}

void hca_must_create_quiet_rq(Hca *hca, HcaWq *rq, uint32_t cqn, uint32_t pd,
                              unsigned log_size)
{
    create_rq(hca, rq, cqn, pd, log_size, false, true);
}

/* MODIFY_SQ and MODIFY_RQ have one layout. */
int hca_modify_wq(Hca *hca, uint16_t opcode, uint32_t number,
                  unsigned from, unsigned to)
{
    uint8_t in[CX_SZ(modify_sq_in)] = {}, out[CX_SZ(modify_sq_out)];

    hca_header(in, opcode, 0);
    CX_SET(modify_sq_in, in, sqn, number);
    CX_SET(modify_sq_in, in, sq_state, from);
    CX_SET(sqc, CX_ADDR(modify_sq_in, in, ctx), state, to);
    return hca_exec(hca, in, sizeof(in), out, sizeof(out));
}

static uint8_t *sq_wqe(HcaWq *sq, uint16_t index)
{
    uint32_t slot = index & ((1u << sq->log_size) - 1);

    return qtest_ram(sq->hca->q, sq->buf + slot * WQEBB_BYTES, WQEBB_BYTES);
}

void hca_sq_post_nop(HcaWq *sq)
{
    uint8_t *wqe = sq_wqe(sq, sq->pi);

    memset(wqe, 0, WQEBB_BYTES);
    stl_be_p(wqe, (uint32_t)sq->pi << 8 | WQE_OPCODE_NOP);
    stl_be_p(wqe + 4, sq->number << 8 | 1);
    wqe[11] = WQE_CE_ALWAYS;
    sq->last = sq->pi++;
}

/* A request that wraps is copied to the ring block by block. */
static void put_wqe(HcaWq *sq, const uint8_t *wqe, unsigned bytes)
{
    sq->last = sq->pi;
    for (unsigned at = 0; at < bytes; at += WQEBB_BYTES) {
        memcpy(sq_wqe(sq, sq->pi), wqe + at, WQEBB_BYTES);
        sq->pi++;
    }
}

void hca_fill_tcp_headers(uint8_t headers[HCA_TCP_HEADERS],
                          const uint8_t to[HCA_MAC_BYTES],
                          const uint8_t from[HCA_MAC_BYTES])
{
    memset(headers, 0, HCA_TCP_HEADERS);
    memcpy(headers, to, HCA_MAC_BYTES);
    memcpy(headers + HCA_MAC_BYTES, from, HCA_MAC_BYTES);
    headers[12] = 0x08;
    headers[14] = 0x45;
    headers[22] = 64;
    headers[23] = 6;            /* TCP */
    headers[46] = 5 << 4;
}

void hca_sq_post_frame(HcaWq *sq, const HcaFrame *frame)
{
    uint8_t wqe[HCA_SEND_WQE_BYTES] = {};
    unsigned behind = frame->header_len > 2 ? frame->header_len - 2 : 0;
    unsigned data = 32 + (behind + 15) / 16 * 16;
    unsigned ds = data / 16 + 1;

    assert_true(data + 16 <= HCA_SEND_WQE_BYTES);
    stl_be_p(wqe, (uint32_t)sq->pi << 8 |
                  (frame->mss ? WQE_OPCODE_LSO : WQE_OPCODE_SEND));
    stl_be_p(wqe + 4, sq->number << 8 | ds);
    wqe[11] = WQE_CE_ALWAYS;
    wqe[20] = frame->checksums;
    wqe[22] = frame->mss >> 8;
    wqe[23] = frame->mss;
    stw_be_p(wqe + 28, frame->tag_type ?: frame->header_len);
    stw_be_p(wqe + 30, frame->tag);
    if (frame->header_len) {
        memcpy(wqe + 30, frame->header, frame->header_len);
    }
    stl_be_p(wqe + data, frame->len);
    stl_be_p(wqe + data + 4, frame->key);
    stq_be_p(wqe + data + 8, frame->addr);
    put_wqe(sq, wqe, (ds * 16 + WQEBB_BYTES - 1) / WQEBB_BYTES * WQEBB_BYTES);
}

void hca_sq_ring(HcaWq *sq, bool doorbell)
{
    uint64_t off = (uint64_t)sq->hca->uar * HCA_PAGE_BYTES + UAR_SQ_DOORBELL;
    uint64_t ctrl;

    stl_be_p(qtest_ram(sq->hca->q, sq->dbr + DBR_SQ, 4), sq->pi);
    if (doorbell) {
        memcpy(&ctrl, sq_wqe(sq, sq->last), sizeof(ctrl));
        pci_bar_write(&sq->hca->fn, off, ctrl, 8);
        qtest_settle(sq->hca->q);
    }
}

int hca_create_uctx(Hca *hca, uint32_t rights, uint16_t *uid)
{
    uint8_t in[CX_SZ(create_uctx_in)] = {}, out[CX_SZ(create_uctx_out)];
    int status;

    hca_header(in, OP(CREATE_UCTX), 0);
    CX_SET(create_uctx_in, in, uctx.cap, rights);
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    *uid = CX_GET(create_uctx_out, out, uid);
    return status;
}

uint32_t hca_must_create_tis(Hca *hca, uint32_t td)
{
    uint8_t in[CX_SZ(create_tis_in)] = {};

    hca_header(in, OP(CREATE_TIS), 0);
    CX_SET(tisc, CX_ADDR(create_tis_in, in, ctx), transport_domain, td);
    return must_create(hca, in, sizeof(in));
}

uint32_t hca_must_create_rqt_of(Hca *hca, const uint32_t *rqns, unsigned n)
{
    uint8_t in[CX_SZ(create_rqt_in) + HCA_RQT_MAX * 4] = {};
    uint8_t *rqtc = CX_ADDR(create_rqt_in, in, rqt_context);

    assert_in_range(n, 1, HCA_RQT_MAX);
    hca_header(in, OP(CREATE_RQT), 0);
    CX_SET(rqtc, rqtc, rqt_max_size, n);
    CX_SET(rqtc, rqtc, rqt_actual_size, n);
    for (unsigned i = 0; i < n; i++) {
        stl_be_p(rqtc + CX_OFF(rqtc, rq_num) + i * 4, rqns[i]);
    }
    return must_create(hca, in, CX_SZ(create_rqt_in) + n * 4);
}

uint32_t hca_must_create_rqt(Hca *hca, uint32_t rqn)
{
    return hca_must_create_rqt_of(hca, &rqn, 1);
}

uint32_t hca_must_create_tir(Hca *hca, uint32_t td, uint32_t rqtn)
{
    uint8_t in[CX_SZ(create_tir_in)] = {};
    uint8_t *tirc = CX_ADDR(create_tir_in, in, ctx);

    hca_header(in, OP(CREATE_TIR), 0);
    CX_SET(tirc, tirc, disp_type, TIR_INDIRECT);
    CX_SET(tirc, tirc, indirect_table, rqtn);
    CX_SET(tirc, tirc, rx_hash_fn, TIR_HASH_TOEPLITZ);
    CX_SET(tirc, tirc, transport_domain, td);
    return must_create(hca, in, sizeof(in));
}

void hca_fill_mkey(uint8_t *mkc, uint32_t pd, unsigned mode)
{
    CX_SET(mkc, mkc, access_mode_1_0, mode);
    CX_SET(mkc, mkc, lr, 1);
    CX_SET(mkc, mkc, lw, 1);
    CX_SET(mkc, mkc, rr, 1);
    CX_SET(mkc, mkc, rw, 1);
    CX_SET(mkc, mkc, qpn, 0xffffff);
    CX_SET(mkc, mkc, mkey_7_0, HCA_MKEY_BYTE);
    CX_SET(mkc, mkc, pd, pd);
}

uint32_t hca_must_create_pa_mkey(Hca *hca, uint32_t pd)
{
    uint8_t in[CX_SZ(create_mkey_in)] = {};
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);

    hca_header(in, OP(CREATE_MKEY), 0);
    hca_fill_mkey(mkc, pd, MKEY_MODE_PA);
    CX_SET(mkc, mkc, length64, 1);
    return must_create(hca, in, sizeof(in));
}

int hca_create_list_mkey(Hca *hca, const HcaMttKey *k, uint32_t *index)
{
    uint32_t octwords = (k->listed + 1) / 2;
    uint32_t in_len = CX_SZ(create_mkey_in) + octwords * 16;
    uint8_t *in = calloc(1, in_len), out[16];
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);
    int status;

    assert_non_null(in);
    hca_header(in, OP(CREATE_MKEY), 0);
    hca_fill_mkey(mkc, k->pd, MKEY_MODE_MTT);
    CX_SET64(mkc, mkc, start_addr, k->start);
    CX_SET64(mkc, mkc, len, k->len);
    CX_SET(mkc, mkc, log_page_size, 12);
    CX_SET(mkc, mkc, translations_octword_size, octwords);
    CX_SET(create_mkey_in, in, translations_octword_actual_size, octwords);
    for (unsigned i = 0; i < k->listed; i++) {
        /* bit 0 read, bit 1 write */
        stq_be_p(in + CX_OFF(create_mkey_in, klm_pas_mtt) + i * 8,
                 (k->buf + (uint64_t)i * HCA_PAGE_BYTES) | 3);
    }
    if (k->spoil) {
        k->spoil(in);
    }
    status = hca_exec(hca, in, in_len, out, sizeof(out));
    *index = ldl_be_p(out + CX_OFF(cmd_out, command_output)) & 0xffffff;
    free(in);
    return status;
}

int hca_create_mtt_mkey(Hca *hca, uint32_t pd, uint64_t buf, unsigned pages,
                        uint32_t *index)
{
    HcaMttKey k = {
        .pd = pd, .buf = buf, .listed = pages,
        .len = (uint64_t)pages * HCA_PAGE_BYTES,
    };

    return hca_create_list_mkey(hca, &k, index);
}

uint32_t hca_must_create_mtt_mkey(Hca *hca, uint32_t pd, uint64_t buf,
                                  unsigned pages)
{
    uint32_t index;

    assert_int_equal(hca_create_mtt_mkey(hca, pd, buf, pages, &index), HCA_OK);
    return index;
}

uint32_t hca_must_create_flow_table(Hca *hca, unsigned level,
                                    unsigned log_size)
{
    uint8_t in[CX_SZ(create_flow_table_in)] = {};
    uint8_t *ctx = CX_ADDR(create_flow_table_in, in, flow_table_context);

    hca_header(in, OP(CREATE_FLOW_TABLE), 0);
    CX_SET(flow_table_context, ctx, level, level);
    CX_SET(flow_table_context, ctx, log_size, log_size);
    return must_create(hca, in, sizeof(in));
}

uint32_t hca_must_create_flow_group(Hca *hca, uint32_t table, uint32_t last)
{
    uint8_t in[CX_SZ(create_flow_group_in)] = {};

    hca_header(in, OP(CREATE_FLOW_GROUP), 0);
    CX_SET(create_flow_group_in, in, table_id, table);
    CX_SET(create_flow_group_in, in, end_flow_index, last);
    return must_create(hca, in, sizeof(in));
}

void hca_must_set_flow_root(Hca *hca, uint32_t table)
{
    uint8_t in[CX_SZ(set_flow_table_root_in)] = {};
    uint8_t out[CX_SZ(set_flow_table_root_out)];

    hca_header(in, OP(SET_FLOW_TABLE_ROOT), 0);
    CX_SET(set_flow_table_root_in, in, table_id, table);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

void hca_must_set_fte(Hca *hca, uint32_t table, uint32_t group,
                      uint32_t index, uint32_t tirn)
{
    uint8_t in[CX_SZ(set_fte_in) + FLOW_DEST_BYTES] = {};
    uint8_t out[CX_SZ(set_fte_out)];
    uint8_t *ctx = CX_ADDR(set_fte_in, in, flow_context);
    uint8_t *dest = ctx + CX_OFF(flow_context, destination);

    hca_header(in, OP(SET_FLOW_TABLE_ENTRY), 0);
    CX_SET(set_fte_in, in, table_id, table);
    CX_SET(set_fte_in, in, flow_index, index);
    CX_SET(flow_context, ctx, group_id, group);
    CX_SET(flow_context, ctx, action, FLOW_ACTION_FORWARD);
    CX_SET(flow_context, ctx, destination_list_size, 1);
    CX_SET(dest_format_struct, dest, destination_type, FLOW_DEST_TIR);
    CX_SET(dest_format_struct, dest, destination_id, tirn);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

uint32_t hca_must_alloc_counters(Hca *hca)
{
    uint8_t in[CX_SZ(alloc_q_counter_in)] = {};
    uint8_t out[CX_SZ(alloc_q_counter_out)];

    hca_header(in, OP(ALLOC_Q_COUNTER), 0);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    return CX_GET(alloc_q_counter_out, out, counter_set_id);
}

static void post_receives(Hca *hca, HcaObjects *o)
{
    uint32_t n = 1u << o->rq.log_size;
    uint8_t *ring = qtest_ram(hca->q, o->rq.buf, n * HCA_RECEIVE_WQE_BYTES);

    o->rx_buf = alloc_pages(hca, n * RX_BUF_BYTES);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *wqe = ring + i * HCA_RECEIVE_WQE_BYTES;

        stl_be_p(wqe, RX_BUF_BYTES);
        stl_be_p(wqe + 4, o->mkey << 8 | HCA_MKEY_BYTE);
        stq_be_p(wqe + 8, o->rx_buf + i * RX_BUF_BYTES);
    }
    stl_be_p(qtest_ram(hca->q, o->rq.dbr + DBR_RQ, 4), n);
}

void hca_must_create_objects(Hca *hca, HcaObjects *o)
{
    hca_must_create_objects_of(hca, o, LOG_CQ, LOG_RQ);
}

void hca_must_create_objects_of(Hca *hca, HcaObjects *o, unsigned log_cq,
                                unsigned log_rq)
{
    memset(o, 0, sizeof(*o));
    o->pd = hca_must_alloc(hca, OP(ALLOC_PD));
    o->td = hca_must_alloc(hca, OP(ALLOC_TRANSPORT_DOMAIN));
    o->q_counter = hca_must_alloc_counters(hca);
    o->mkey = hca_must_create_pa_mkey(hca, o->pd);
    hca_must_create_eq(hca, &o->async_eq,
                       BIT(HCA_EV_CQ_ERROR) | BIT(HCA_EV_WQ_CATAS) |
                       BIT(HCA_EV_PORT_CHANGE), 6, 0);
    hca_must_create_eq(hca, &o->comp_eq, BIT(HCA_EV_COMP), 4, 1);
    hca_must_create_cq(hca, &o->cq, o->comp_eq.eqn, log_cq);
    o->tis = hca_must_create_tis(hca, o->td);
    hca_must_create_sq(hca, &o->sq, o->cq.cqn, o->pd, o->tis, 4);
    assert_int_equal(hca_modify_wq(hca, OP(MODIFY_SQ), o->sq.number,
                                   HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    hca_must_create_rq(hca, &o->rq, o->cq.cqn, o->pd, log_rq);
    assert_int_equal(hca_modify_wq(hca, OP(MODIFY_RQ), o->rq.number,
                                   HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    post_receives(hca, o);
    o->rqt = hca_must_create_rqt(hca, o->rq.number);
    o->tir = hca_must_create_tir(hca, o->td, o->rqt);
    o->flow_table = hca_must_create_flow_table(hca, 5, 4);
    o->flow_group = hca_must_create_flow_group(hca, o->flow_table, 15);
    hca_must_set_fte(hca, o->flow_table, o->flow_group, 3, o->tir);
    hca_must_set_flow_root(hca, o->flow_table);
    hca_eq_ring(&o->comp_eq, true);
    hca_eq_ring(&o->async_eq, true);
    hca_cq_arm(&o->cq);
}

static void must_delete_flow(Hca *hca, HcaObjects *o)
{
    uint8_t fte[CX_SZ(delete_fte_in)] = {}, out[16];
    uint8_t group[CX_SZ(destroy_flow_group_in)] = {};
    uint8_t table[CX_SZ(destroy_flow_table_in)] = {};

    hca_header(fte, OP(DELETE_FLOW_TABLE_ENTRY), 0);
    CX_SET(delete_fte_in, fte, table_id, o->flow_table);
    CX_SET(delete_fte_in, fte, flow_index, 3);
    assert_int_equal(hca_exec(hca, fte, sizeof(fte), out, 16), HCA_OK);
    hca_header(group, OP(DESTROY_FLOW_GROUP), 0);
    CX_SET(destroy_flow_group_in, group, table_id, o->flow_table);
    CX_SET(destroy_flow_group_in, group, group_id, o->flow_group);
    assert_int_equal(hca_exec(hca, group, sizeof(group), out, 16), HCA_OK);
    hca_header(table, OP(DESTROY_FLOW_TABLE), 0);
    CX_SET(destroy_flow_table_in, table, table_id, o->flow_table);
    assert_int_equal(hca_exec(hca, table, sizeof(table), out, 16), HCA_OK);
}

void hca_must_destroy_objects(Hca *hca, HcaObjects *o)
{
    must_delete_flow(hca, o);
    hca_must_simple(hca, OP(DESTROY_TIR), 0, o->tir);
    hca_must_simple(hca, OP(DESTROY_RQT), 0, o->rqt);
    hca_must_simple(hca, OP(DESTROY_RQ), 0, o->rq.number);
    hca_must_simple(hca, OP(DESTROY_SQ), 0, o->sq.number);
    hca_must_simple(hca, OP(DESTROY_TIS), 0, o->tis);
    hca_must_simple(hca, OP(DESTROY_CQ), 0, o->cq.cqn);
    hca_must_destroy_eq(&o->comp_eq);
    hca_must_destroy_eq(&o->async_eq);
    hca_must_simple(hca, OP(DESTROY_MKEY), 0, o->mkey);
    hca_must_simple(hca, OP(DEALLOC_Q_COUNTER), 0, o->q_counter);
    hca_must_simple(hca, OP(DEALLOC_TRANSPORT_DOMAIN), 0, o->td);
    hca_must_simple(hca, OP(DEALLOC_PD), 0, o->pd);
}
