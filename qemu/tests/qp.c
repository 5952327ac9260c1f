/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue pairs, made the way mlx5_ib makes them, and their requests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "qp.h"

#define WQE_BYTES           64
#define WQE_MAX             1024
#define RQ_TYPE_SRQ         1
#define RQ_TYPE_NONE        3
#define LOG_RQ_STRIDE       2           /* of 16 bytes */
#define DBR_RECV            0
#define DBR_SEND            4
#define UAR_DOORBELL        0x800
#define ROCE_VERSION_1      0
#define ROCE_VERSION_2      2
#define SEG_INLINE          0x80000000u
#define SEG_END_KEY         0x100
#define AV_EXTENDED         0x80000000u
#define AV_GRH              (1u << 30)
#define AV_INDEX_SHIFT      20
#define SPORT               0xc0de
#define CQE_SYNDROME        55
#define CQE_OP_OWN          63
#define MAX_PAGES           80

static size_t rq_bytes(const HcaQpSetup *s)
{
    return s->srqn || !s->log_rq ? 0 : (size_t)WQE_BYTES << s->log_rq;
}

static void fill_create(Hca *hca, const HcaQp *qp, uint8_t *qpc)
{
    const HcaQpSetup *s = &qp->setup;

    CX_SET(qpc, qpc, st, s->type);
    CX_SET(qpc, qpc, pm_state, 3);
    CX_SET(qpc, qpc, pd, s->pd);
    CX_SET(qpc, qpc, uar_page, hca->uar);
    CX_SET(qpc, qpc, user_index, s->user_index);
    CX_SET(qpc, qpc, no_sq, !s->log_sq);
    CX_SET(qpc, qpc, log_sq_size, s->log_sq);
    CX_SET(qpc, qpc, rq_type, s->srqn ? RQ_TYPE_SRQ :
                              s->log_rq ? 0 : RQ_TYPE_NONE);
    CX_SET(qpc, qpc, srqn_rmpn_xrqn, s->srqn);
    CX_SET(qpc, qpc, xrcd, s->xrcd);
    CX_SET(qpc, qpc, block_lb_mc, s->no_own_groups);
    CX_SET(qpc, qpc, fre, !s->of_user_space);
    CX_SET(qpc, qpc, log_rq_size, s->srqn ? 0 : s->log_rq);
    CX_SET(qpc, qpc, log_rq_stride, LOG_RQ_STRIDE);
    CX_SET(qpc, qpc, cqn_snd, s->send_cqn);
    CX_SET(qpc, qpc, cqn_rcv, s->recv_cqn);
    CX_SET64(qpc, qpc, dbr_addr, qp->dbr);
    CX_SET(qpc, qpc, log_page_size, s->log_page);
    CX_SET(qpc, qpc, page_offset, s->page_offset);
}

void hca_must_create_qp(Hca *hca, HcaQp *qp, const HcaQpSetup *setup)
{
    assert_int_equal(hca_create_qp(hca, qp, setup), HCA_OK);
}

int hca_create_qp(Hca *hca, HcaQp *qp, const HcaQpSetup *setup)
{
    uint8_t in[CX_SZ(create_qp_in) + MAX_PAGES * 8] = {};
    uint8_t out[CX_SZ(create_qp_out)];
    uint64_t page = (uint64_t)HCA_PAGE_BYTES << setup->log_page;
    uint64_t offset = setup->page_offset * (page / 64);
    size_t bytes = offset + rq_bytes(setup);
    uint64_t first;
    uint32_t pages;
    int status;

    bytes += setup->log_sq ? (size_t)WQE_BYTES << setup->log_sq : 0;
    pages = (bytes + page - 1) / page;
    assert_in_range(pages, 0, MAX_PAGES);
    *qp = (HcaQp) { .hca = hca, .setup = *setup };
    first = qtest_alloc(hca->q, pages * page, page);
    qp->buf = first + offset;
    qp->dbr = qtest_alloc(hca->q, 8, 64);
    hca_header(in, OP(CREATE_QP), 0);
    fill_create(hca, qp, CX_ADDR(create_qp_in, in, qpc));
    for (uint32_t i = 0; i < pages; i++) {
        stq_be_p(in + CX_SZ(create_qp_in) + i * 8,
                 first + i * page);
    }
    status = hca_exec(hca, in, CX_SZ(create_qp_in) + pages * 8, out,
                      sizeof(out));
    qp->qpn = CX_GET(create_qp_out, out, qpn);
    return status;
}

static void fill_move(const HcaQp *qp, uint16_t opcode, uint32_t optional,
                      const uint8_t *qpc, uint8_t in[CX_SZ(init2rtr_qp_in)])
{
    memset(in, 0, CX_SZ(init2rtr_qp_in));
    hca_header(in, opcode, 0);
    CX_SET(init2rtr_qp_in, in, qpn, qp->qpn);
    CX_SET(init2rtr_qp_in, in, opt_param_mask, optional);
    if (qpc) {
        memcpy(CX_ADDR(init2rtr_qp_in, in, qpc), qpc, CX_SZ(qpc));
    }
}

void hca_try_qp(HcaQp *qp, uint16_t opcode, const uint8_t *qpc)
{
    uint8_t in[CX_SZ(init2rtr_qp_in)];

    fill_move(qp, opcode, 0, qpc, in);
    hca_prepare(qp->hca, 0, in, sizeof(in), 16, NULL);
    hca_ring(qp->hca, 1);
}

int hca_move_qp(HcaQp *qp, uint16_t opcode, uint32_t optional,
                const uint8_t *qpc)
{
    uint8_t in[CX_SZ(init2rtr_qp_in)], out[16];

    fill_move(qp, opcode, optional, qpc, in);
    return hca_exec(qp->hca, in, sizeof(in), out, sizeof(out));
}

int hca_qp_group(HcaQp *qp, uint16_t opcode, const uint8_t *gid)
{
    uint8_t in[CX_SZ(attach_to_mcg_in)] = {}, out[16];

    hca_header(in, opcode, 0);
    CX_SET(attach_to_mcg_in, in, qpn, qp->qpn);
    memcpy(CX_ADDR(attach_to_mcg_in, in, multicast_gid), gid, HCA_GID_BYTES);
    return hca_exec(qp->hca, in, sizeof(in), out, sizeof(out));
}

unsigned hca_must_query_qp(HcaQp *qp, uint8_t qpc[CX_SZ(qpc)])
{
    uint8_t in[CX_SZ(query_qp_in)] = {};
    uint8_t out[CX_OFF(query_qp_out, qpc) + CX_SZ(qpc)];

    hca_header(in, OP(QUERY_QP), 0);
    CX_SET(query_qp_in, in, qpn, qp->qpn);
    assert_int_equal(hca_exec(qp->hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    memcpy(qpc, CX_ADDR(query_qp_out, out, qpc), CX_SZ(qpc));
    return CX_GET(qpc, qpc, state);
}

int hca_set_roce(Hca *hca, const HcaRoce *roce)
{
    static const uint8_t no_mac[HCA_MAC_BYTES];
    uint8_t in[CX_SZ(set_roce_address_in)] = {}, out[16];
    uint8_t *layout = CX_ADDR(set_roce_address_in, in, roce_address);

    hca_header(in, OP(SET_ROCE_ADDRESS), 0);
    CX_SET(set_roce_address_in, in, roce_address_index, roce->index);
    if (!memcmp(roce->mac, no_mac, sizeof(no_mac))) {
        return hca_exec(hca, in, sizeof(in), out, sizeof(out));
    }
    memcpy(layout, roce->gid, HCA_GID_BYTES);
    CX_SET(roce_addr_layout, layout, vlan_valid, roce->vlan != 0);
    CX_SET(roce_addr_layout, layout, vlan_id, roce->vlan);
    CX_SET(roce_addr_layout, layout, source_mac_47_32, lduw_be_p(roce->mac));
    CX_SET(roce_addr_layout, layout, source_mac_31_0,
           ldl_be_p(roce->mac + 2));
    CX_SET(roce_addr_layout, layout, roce_l3_type, roce->v6);
    CX_SET(roce_addr_layout, layout, roce_version,
           roce->version_1 ? ROCE_VERSION_1 : ROCE_VERSION_2);
    return hca_exec(hca, in, sizeof(in), out, sizeof(out));
}

static void fill_path(const HcaQpWay *way, uint8_t *path)
{
    CX_SET(ads, path, vhca_port_num, 1);
    CX_SET(ads, path, ack_timeout, way->ack_timeout);
    CX_SET(ads, path, hop_limit, 64);
    CX_SET(ads, path, udp_sport, SPORT);
    if (way->to) {
        CX_SET(ads, path, src_addr_index, way->from->index);
        memcpy(CX_ADDR(ads, path, rgid_rip), way->to->gid, HCA_GID_BYTES);
        CX_SET(ads, path, rmac_47_32, lduw_be_p(way->to->mac));
        CX_SET(ads, path, rmac_31_0, ldl_be_p(way->to->mac + 2));
    }
}

void hca_qp_fill(const HcaQpWay *way, uint8_t qpc[CX_SZ(qpc)])
{
    memset(qpc, 0, CX_SZ(qpc));
    fill_path(way, CX_ADDR(qpc, qpc, primary_address_path));
    CX_SET(qpc, qpc, mtu, way->mtu);
    CX_SET(qpc, qpc, log_msg_max, 30);
    CX_SET(qpc, qpc, remote_qpn, way->remote_qpn);
    CX_SET(qpc, qpc, next_send_psn, way->send_psn);
    CX_SET(qpc, qpc, next_rcv_psn, way->recv_psn);
    CX_SET(qpc, qpc, retry_count, way->retries);
    CX_SET(qpc, qpc, rnr_retry, way->rnr_retries);
    CX_SET(qpc, qpc, min_rnr_nak, way->rnr_timer);
    CX_SET(qpc, qpc, log_sra_max, 2);
    CX_SET(qpc, qpc, log_rra_max, 2);
    CX_SET(qpc, qpc, counter_set_id, way->counters);
    CX_SET(qpc, qpc, rre, !way->no_read);
    CX_SET(qpc, qpc, rwe, !way->no_write);
    CX_SET(qpc, qpc, rae, !way->no_atomic);
    CX_SET(qpc, qpc, q_key, way->q_key);
    CX_SET(qpc, qpc, rlky, way->reserved_lkey);
}

void hca_must_connect_qp(HcaQp *qp, const HcaQpWay *way)
{
    uint8_t qpc[CX_SZ(qpc)];

    hca_qp_fill(way, qpc);
    assert_int_equal(hca_move_qp(qp, OP(RST2INIT_QP), 0, qpc), HCA_OK);
    assert_int_equal(hca_move_qp(qp, OP(INIT2RTR_QP), 0, qpc), HCA_OK);
    assert_int_equal(hca_move_qp(qp, OP(RTR2RTS_QP), 0, qpc), HCA_OK);
}

static void put_segs(uint8_t *wqe, const HcaSeg *seg, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        stl_be_p(wqe + i * 16, seg[i].len);
        stl_be_p(wqe + i * 16 + 4, seg[i].key);
        stq_be_p(wqe + i * 16 + 8, seg[i].addr);
    }
}

/* mlx5_wqe_datagram_seg */
static unsigned put_av(uint8_t *at, const HcaWr *wr)
{
    stl_be_p(at, wr->q_key);
    stl_be_p(at + 8, wr->to_qpn | AV_EXTENDED);
    stw_be_p(at + 14, SPORT);
    memcpy(at + 20, wr->to->mac, HCA_MAC_BYTES);
    at[27] = 64;
    stl_be_p(at + 28, AV_GRH | wr->from_index << AV_INDEX_SHIFT);
    memcpy(at + 32, wr->to->gid, HCA_GID_BYTES);
    return 48;
}

static unsigned put_remote(uint8_t *at, const HcaWr *wr)
{
    stq_be_p(at, wr->remote_addr);
    stl_be_p(at + 8, wr->remote_key);
    if (wr->opcode != HCA_WR_ATOMIC_CS && wr->opcode != HCA_WR_ATOMIC_FA) {
        return 16;
    }
    stq_be_p(at + 16, wr->swap_add);
    stq_be_p(at + 24, wr->compare);
    return 32;
}

static uint8_t *sq_block(HcaQp *qp, uint16_t index)
{
    uint32_t slot = index & ((1u << qp->setup.log_sq) - 1);

    return qtest_ram(qp->hca->q, qp->buf + rq_bytes(&qp->setup) +
                     slot * WQE_BYTES, WQE_BYTES);
}

static void put_blocks(HcaQp *qp, const uint8_t *wqe, unsigned bytes)
{
    qp->sq_last = qp->sq_pi;
    for (unsigned at = 0; at < bytes; at += WQE_BYTES) {
        memcpy(sq_block(qp, qp->sq_pi), wqe + at, WQE_BYTES);
        qp->sq_pi++;
    }
}

void hca_qp_post(HcaQp *qp, const HcaWr *wr)
{
    uint8_t wqe[WQE_MAX] = {};
    unsigned at = 16;

    if (wr->to) {
        at += put_av(wqe + at, wr);
    }
    if (qp->setup.type == HCA_QP_XRC && wr->opcode != HCA_WR_UMR) {
        stl_be_p(wqe + at, wr->srqn);
        at += 16;
    }
    if (wr->opcode == HCA_WR_WRITE || wr->opcode == HCA_WR_WRITE_IMM ||
        (wr->opcode >= HCA_WR_READ && wr->opcode <= HCA_WR_ATOMIC_FA)) {
        at += put_remote(wqe + at, wr);
    }
    if (wr->body) {
        memcpy(wqe + at, wr->body, wr->body_len);
        at += wr->body_len;
    }
    if (wr->inlined) {
        stl_be_p(wqe + at, SEG_INLINE | wr->inline_len);
        memcpy(wqe + at + 4, wr->inlined, wr->inline_len);
        at += (4 + wr->inline_len + 15) / 16 * 16;
    }
    put_segs(wqe + at, wr->seg, wr->nr_segs);
    at += wr->nr_segs * 16;
    stl_be_p(wqe, (uint32_t)qp->sq_pi << 8 | wr->opcode);
    stl_be_p(wqe + 4, qp->qpn << 8 | at / 16);
    wqe[11] = wr->flags;
    stl_be_p(wqe + 12, wr->imm);
    put_blocks(qp, wqe, at);
}

void hca_qp_ring(HcaQp *qp)
{
    uint64_t off = (uint64_t)qp->hca->uar * HCA_PAGE_BYTES + UAR_DOORBELL;
    uint64_t ctrl;

    stl_be_p(qtest_ram(qp->hca->q, qp->dbr + DBR_SEND, 4), qp->sq_pi);
    memcpy(&ctrl, sq_block(qp, qp->sq_last), sizeof(ctrl));
    pci_bar_write(&qp->hca->fn, off, ctrl, 8);
}

void hca_qp_send(HcaQp *qp, const HcaWr *wr)
{
    hca_qp_post(qp, wr);
    hca_qp_ring(qp);
}

void hca_qp_post_recv(HcaQp *qp, const HcaSeg *seg, unsigned n)
{
    uint32_t slot = qp->rq_pi & ((1u << qp->setup.log_rq) - 1);
    uint8_t *wqe = qtest_ram(qp->hca->q, qp->buf + slot * WQE_BYTES,
                             WQE_BYTES);

    assert_in_range(n, 0, HCA_WR_SEGS);
    memset(wqe, 0, WQE_BYTES);
    put_segs(wqe, seg, n);
    if (n < HCA_WR_SEGS) {
        stl_be_p(wqe + n * 16 + 4, SEG_END_KEY);
    }
    qp->rq_pi++;
    stl_be_p(qtest_ram(qp->hca->q, qp->dbr + DBR_RECV, 4), qp->rq_pi);
}

uint8_t *hca_must_complete(HcaCq *cq, unsigned opcode)
{
    uint8_t *cqe;

    assert_true(hca_cq_wait(cq));
    cqe = hca_cq_peek(cq);
    if (cqe[CQE_OP_OWN] >> 4 != opcode) {
        print_error("completion %u with syndrome 0x%x\n",
                    cqe[CQE_OP_OWN] >> 4, cqe[CQE_SYNDROME]);
    }
    assert_int_equal(cqe[CQE_OP_OWN] >> 4, opcode);
    return cqe;
}

void hca_must_pop(HcaCq *cq, unsigned opcode)
{
    hca_must_complete(cq, opcode);
    hca_cq_pop(cq);
}

void hca_must_fail(HcaCq *cq, unsigned opcode, unsigned syndrome)
{
    uint8_t *cqe = hca_must_complete(cq, opcode);

    assert_int_equal(cqe[CQE_SYNDROME], syndrome);
    hca_cq_pop(cq);
}
