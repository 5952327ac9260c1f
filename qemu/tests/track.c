/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page trackers as the PF's migration driver has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "track.h"

#define TYPE_PAGE_TRACK     MLX5_OBJ_TYPE_PAGE_TRACK
#define TRACK_DIRTY         1           /* track_type */
#define SELECT_REPORT       3           /* state and range */
#define RQ_TYPE_NONE        3
#define LOG_CQ              5
#define LOG_EQ              5
#define RECV_BYTES          (1u << TRACK_LOG_MSG)
#define WQE_BYTES           16
#define CQE_SEND_IMM        3
#define EVENT(e)            (1ull << (e))

/* What is said of both: a page of memory for the one that receives. */
static void put_qpc(TrackBench *b, uint8_t *qpc, bool receives)
{
    CX_SET(qpc, qpc, pm_state, 3);
    CX_SET(qpc, qpc, pd, b->pd);
    CX_SET(qpc, qpc, uar_page, b->pf->uar);
    CX_SET(qpc, qpc, no_sq, 1);
    CX_SET(qpc, qpc, rq_type, receives ? 0 : RQ_TYPE_NONE);
    if (receives) {
        CX_SET(qpc, qpc, log_rq_size, TRACK_LOG_RECVS);
        CX_SET(qpc, qpc, log_rq_stride, 0);
        CX_SET(qpc, qpc, cqn_rcv, b->cq.cqn);
        CX_SET64(qpc, qpc, dbr_addr, b->dbr);
    }
}

static uint32_t must_create_qp(TrackBench *b, bool receives)
{
    uint8_t in[CX_SZ(create_qp_in) + 8] = {}, out[CX_SZ(create_qp_out)];

    hca_header(in, OP(CREATE_QP), 0);
    put_qpc(b, CX_ADDR(create_qp_in, in, qpc), receives);
    stq_be_p(in + CX_SZ(create_qp_in), b->qp_buf);
    assert_int_equal(hca_exec(b->pf, in, CX_SZ(create_qp_in) + 8 * receives,
                              out, sizeof(out)), HCA_OK);
    return CX_GET(create_qp_out, out, qpn);
}

void track_must_move_qp(Hca *hca, uint16_t opcode, uint32_t qpn,
                        uint32_t remote_qpn)
{
    uint8_t in[CX_SZ(init2rtr_qp_in)] = {}, out[16];
    uint8_t *qpc = CX_ADDR(init2rtr_qp_in, in, qpc);

    hca_header(in, opcode, 0);
    CX_SET(init2rtr_qp_in, in, qpn, qpn);
    CX_SET(qpc, qpc, mtu, 5);
    CX_SET(qpc, qpc, log_msg_max, TRACK_LOG_MSG);
    CX_SET(qpc, qpc, remote_qpn, remote_qpn);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

/* As requests are used over and over, each has its part of the buffer. */
static void put_recvs(TrackBench *b)
{
    uint8_t *wqe = qtest_ram(b->pf->q, b->qp_buf, TRACK_RECVS * WQE_BYTES);

    for (unsigned i = 0; i < TRACK_RECVS; i++) {
        stl_be_p(wqe + i * WQE_BYTES, RECV_BYTES);
        stl_be_p(wqe + i * WQE_BYTES + 4, b->mkey << 8 | HCA_MKEY_BYTE);
        stq_be_p(wqe + i * WQE_BYTES + 8, i * RECV_BYTES);
    }
}

void track_post(TrackBench *b, unsigned n)
{
    b->posted += n;
    stl_be_p(qtest_ram(b->pf->q, b->dbr, 4), b->posted);
}

void track_bench_create(TrackBench *b, Hca *pf)
{
    b->pf = pf;
    b->posted = 0;
    pci_msix_enable(&pf->fn);
    hca_must_create_eq(pf, &b->async_eq, EVENT(HCA_EV_WQ_CATAS) |
                       EVENT(HCA_EV_OBJECT_CHANGE), LOG_EQ, 0);
    hca_must_create_eq(pf, &b->comp_eq, 0, LOG_EQ, 1);
    hca_must_create_cq(pf, &b->cq, b->comp_eq.eqn, LOG_CQ);
    b->pd = hca_must_alloc(pf, OP(ALLOC_PD));
    b->qp_buf = qtest_alloc(pf->q, HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    b->dbr = qtest_alloc(pf->q, 64, 64);
    b->recv_buf = qtest_alloc(pf->q, TRACK_RECVS * RECV_BYTES, HCA_PAGE_BYTES);
    b->mkey = hca_must_create_mtt_mkey(pf, b->pd, b->recv_buf,
                                       TRACK_RECVS * RECV_BYTES /
                                       HCA_PAGE_BYTES);
    put_recvs(b);
    b->host_qpn = must_create_qp(b, true);
    b->fw_qpn = must_create_qp(b, false);
    track_must_move_qp(pf, OP(RST2INIT_QP), b->host_qpn, 0);
    track_must_move_qp(pf, OP(INIT2RTR_QP), b->host_qpn, b->fw_qpn);
    track_must_move_qp(pf, OP(RST2INIT_QP), b->fw_qpn, 0);
    track_must_move_qp(pf, OP(INIT2RTR_QP), b->fw_qpn, b->host_qpn);
    track_must_move_qp(pf, OP(RTR2RTS_QP), b->fw_qpn, b->host_qpn);
    track_post(b, TRACK_RECVS);
}

unsigned track_log_space(uint64_t bytes)
{
    unsigned log = 0;

    while (1ull << log < bytes) {
        log++;
    }
    return log;
}

TrackSetup track_setup(const TrackBench *b, uint16_t vhca_id, uint64_t start,
                       uint64_t len)
{
    return (TrackSetup) {
        .vhca_id = vhca_id, .type = TRACK_DIRTY, .qpn = b->fw_qpn,
        .log_space = track_log_space(len),
        .log_page = TRACK_LOG_PAGE, .log_msg = TRACK_LOG_MSG,
        .nr_ranges = 1, .ranges = { { start, len } },
    };
}

static void put_header(uint8_t *in, uint16_t opcode, uint32_t id)
{
    hca_header(in, opcode, TYPE_PAGE_TRACK);
    CX_SET(general_obj_in_cmd_hdr, in, obj_id, id);
}

int track_create(TrackBench *b, const TrackSetup *setup, uint32_t *id)
{
    uint8_t in[CX_SZ(create_page_track_obj_in) +
               TRACK_RANGES_MAX * CX_SZ(page_track_range)] = {};
    uint8_t out[CX_SZ(general_obj_out_cmd_hdr)];
    uint8_t *ctx = CX_ADDR(create_page_track_obj_in, in, obj_context);
    unsigned there = setup->nr_ranges - setup->cut;
    int status;

    put_header(in, OP(CREATE_GENERAL_OBJECT), 0);
    CX_SET(page_track, ctx, vhca_id, setup->vhca_id);
    CX_SET(page_track, ctx, track_type, setup->type);
    CX_SET(page_track, ctx, state, setup->state);
    CX_SET(page_track, ctx, log_addr_space_size, setup->log_space);
    CX_SET(page_track, ctx, log_page_size, setup->log_page);
    CX_SET(page_track, ctx, log_msg_size, setup->log_msg);
    CX_SET(page_track, ctx, reporting_qpn, setup->qpn);
    CX_SET(page_track, ctx, num_ranges, setup->nr_ranges);
    for (unsigned i = 0; i < there; i++) {
        uint8_t *range = in + CX_SZ(create_page_track_obj_in) +
                         i * CX_SZ(page_track_range);

        CX_SET64(page_track_range, range, start_address,
                 setup->ranges[i].start);
        CX_SET64(page_track_range, range, length, setup->ranges[i].len);
    }
    status = hca_exec(b->pf, in, CX_SZ(create_page_track_obj_in) +
                      there * CX_SZ(page_track_range), out, sizeof(out));
    *id = CX_GET(general_obj_out_cmd_hdr, out, obj_id);
    return status;
}

int track_report(TrackBench *b, uint32_t id, uint64_t start, uint64_t len)
{
    uint8_t in[CX_SZ(modify_page_track_obj_in)] = {}, out[16];
    uint8_t *ctx = CX_ADDR(modify_page_track_obj_in, in, obj_context);

    put_header(in, OP(MODIFY_GENERAL_OBJECT), id);
    CX_SET64(page_track, ctx, modify_field_select, SELECT_REPORT);
    CX_SET(page_track, ctx, state, TRACK_REPORTING);
    CX_SET64(page_track, ctx, range_start_address, start);
    CX_SET64(page_track, ctx, length, len);
    return hca_exec(b->pf, in, sizeof(in), out, sizeof(out));
}

int track_query(TrackBench *b, uint32_t id, unsigned *state)
{
    uint8_t in[CX_SZ(general_obj_in_cmd_hdr)] = {};
    uint8_t out[CX_SZ(query_page_track_obj_out)];
    int status;

    put_header(in, OP(QUERY_GENERAL_OBJECT), id);
    status = hca_exec(b->pf, in, sizeof(in), out, sizeof(out));
    *state = CX_GET(query_page_track_obj_out, out, obj_context.state);
    return status;
}

int track_destroy(TrackBench *b, uint32_t id)
{
    uint8_t in[CX_SZ(general_obj_in_cmd_hdr)] = {}, out[16];

    put_header(in, OP(DESTROY_GENERAL_OBJECT), id);
    return hca_exec(b->pf, in, sizeof(in), out, sizeof(out));
}

bool track_receive(TrackBench *b, TrackMessage *message)
{
    uint8_t *cqe;
    uint16_t counter;

    if (!hca_cq_wait(&b->cq)) {
        return false;
    }
    cqe = hca_cq_peek(&b->cq);
    assert_int_equal(cqe[63] >> 4, CQE_SEND_IMM);
    assert_int_equal(ldl_be_p(cqe + 56) & 0xffffff, b->host_qpn);
    counter = cqe[60] << 8 | cqe[61];
    *message = (TrackMessage) {
        .state = ldl_be_p(cqe + 36) >> 28,
        .pages = ldl_be_p(cqe + 44) / CX_SZ(page_track_report_entry),
        .entries = qtest_ram(b->pf->q, b->recv_buf +
                             counter % TRACK_RECVS * RECV_BYTES, RECV_BYTES),
    };
    hca_cq_pop(&b->cq);
    return true;
}

unsigned track_must_report(TrackBench *b, uint32_t id, uint64_t start,
                           uint64_t len, uint64_t *pages, unsigned max)
{
    TrackMessage message;
    unsigned n = 0;

    assert_int_equal(track_report(b, id, start, len), HCA_OK);
    do {
        assert_true(track_receive(b, &message));
        /* Drivers refuse a message that fills its request. */
        assert_true(message.pages * 8 <= RECV_BYTES - 64);
        for (unsigned i = 0; i < message.pages; i++) {
            assert_true(n < max);
            pages[n] = ldq_be_p(message.entries + i * 8);
            assert_true(!n || pages[n] > pages[n - 1]);
            n++;
        }
        assert_true(message.pages || message.state == TRACK_TRACKING);
        track_post(b, 1);
    } while (message.state == TRACK_REPORTING);
    assert_int_equal(message.state, TRACK_TRACKING);
    return n;
}
