/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of event, completion and work queues
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "obj/obj.h"
#include "ops/ops.h"
#include "obj/umem.h"
#include "queue/cq.h"
#include "queue/eq.h"
#include "queue/recv.h"
#include "queue/wq.h"

/* eqc.st and cqc.st */
#define CX_ST_ARMED         0x9
#define CX_ST_FIRED         0xa
/* cqc.status */
#define CX_CQ_OVERFLOW      0x9

/* MODIFY_CQ's field select */
#define CX_CQ_SET_PERIOD    (1 << 0)
#define CX_CQ_SET_COUNT     (1 << 1)
#define CX_CQ_SET_OI        (1 << 2)

/* MODIFY_RQ's bit mask */
#define CX_RQ_SET_VSD       (1 << 1)
#define CX_RQ_SET_COUNTER   (1 << 3)

/* Makes the queue whose ring cmd describes; the page list is at offset pas. */
static ConnectXStatus cx_queue_create(ConnectXCmd *cmd, ConnectXObjKind kind,
                                      ConnectXRing (*ring)(const ConnectXObj *),
                                      uint32_t pas)
{
    ConnectXObj look = { .kind = kind, .in = cmd->in, .in_len = cmd->in_len };
    ConnectXRing r = ring(&look);
    uint32_t pages = cx_ring_pages(&r);

    return pages ? cx_cmd_create(cmd, kind, pas, pas, pages) : CX_BAD_PARAM;
}

/* As many entries of the page list as the reply has room for behind at. */
static void cx_queue_reply_pas(ConnectXCmd *cmd, const ConnectXObj *obj,
                               uint32_t at)
{
    for (uint32_t i = 0; i < obj->npas && at + 8 <= cmd->out_len; i++) {
        stq_be_p(cmd->out + at, obj->pas[i]);
        at += 8;
    }
}

static ConnectXStatus cx_op_create_eq(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cmd->fn;
    ConnectXStatus status;
    const uint8_t *mask;

    status = cx_queue_create(cmd, CX_OBJ_EQ, cx_eq_ring, CX_SZ(create_eq_in));
    if (status == CX_OK) {
        cx_eq_find_cmd(fn);
        mask = cmd->in + CX_OFF(create_eq_in, event_bitmask);
        if (ldq_be_p(mask) & (1ull << CX_EV_PAGE_REQUEST)) {
            cx_pages_eq_created(fn);
        }
    }
    return status;
}

static ConnectXStatus cx_op_destroy_eq(ConnectXCmd *cmd)
{
    ConnectXStatus status;

    status = cx_cmd_destroy_id(cmd, CX_OBJ_EQ,
                            CX_GET(destroy_eq_in, cmd->in, eq_number));
    cx_eq_find_cmd(cmd->fn);
    return status;
}

static ConnectXStatus cx_op_query_eq(ConnectXCmd *cmd)
{
    ConnectXObj *eq = cx_cmd_find(cmd, CX_OBJ_EQ,
                                  CX_GET(query_eq_in, cmd->in, eq_number));
    uint8_t *eqc = CX_ADDR(query_eq_out, cmd->out, eq_context_entry);

    if (!eq) {
        return CX_BAD_RESOURCE;
    }
    memcpy(eqc, CX_ADDR(create_eq_in, eq->in, eq_context_entry), CX_SZ(eqc));
    CX_SET(eqc, eqc, st, eq->run.armed ? CX_ST_ARMED : CX_ST_FIRED);
    CX_SET(eqc, eqc, consumer_counter, eq->run.ci);
    CX_SET(eqc, eqc, producer_counter, eq->run.pi);
    if (cmd->out_len >= CX_SZ(query_eq_out)) {
        memcpy(CX_ADDR(query_eq_out, cmd->out, event_bitmask),
               eq->in + CX_OFF(create_eq_in, event_bitmask), 8);
        cx_queue_reply_pas(cmd, eq, CX_SZ(query_eq_out));
    }
    return CX_OK;
}

static ConnectXStatus cx_op_create_cq(ConnectXCmd *cmd)
{
    uint8_t *cqc = CX_ADDR(create_cq_in, cmd->in, cq_context);
    ConnectXObj look = { .kind = CX_OBJ_CQ, .in = cmd->in };
    uint32_t id = cx_bits_get(cmd->in, CX_BIT_CQ_UMEM_ID, 32);
    uint64_t offset = ldq_be_p(cmd->in + CX_BIT_CQ_UMEM_OFFSET / 8);
    ConnectXStatus status;
    ConnectXRing ring;

    status = cx_cmd_umem_record(cmd, CX_GET(cqc, cqc, dbr_umem_valid),
                                cx_bits_get(cqc, CX_BIT_CQC_DBR_UMEM_ID, 32),
                                CX_ADDR(cqc, cqc, dbr_addr));
    if (status != CX_OK) {
        return status;
    }
    if (!CX_GET(create_cq_in, cmd->in, cq_umem_valid)) {
        return cx_queue_create(cmd, CX_OBJ_CQ, cx_cq_ring,
                               CX_SZ(create_cq_in));
    }
    CX_SET(cqc, cqc, log_page_size, 0);
    CX_SET(cqc, cqc, page_offset, cx_umem_in_page(cmd->fn, id, offset) / 64);
    ring = cx_cq_ring(&look);
    return cx_cmd_create_in_umem(cmd, CX_OBJ_CQ, CX_SZ(create_cq_in),
                                 &(ConnectXUmemPart) {
        .id = id, .offset = offset, .shift = CX_PAGE_SHIFT,
        .n = cx_ring_pages(&ring),
    });
}

static ConnectXStatus cx_op_destroy_cq(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_CQ);
}

static ConnectXStatus cx_op_query_cq(ConnectXCmd *cmd)
{
    ConnectXObj *cq = cx_cmd_find(cmd, CX_OBJ_CQ, cx_cmd_obj_id(cmd));
    uint8_t *cqc = CX_ADDR(query_cq_out, cmd->out, cq_context);

    if (!cq) {
        return CX_BAD_RESOURCE;
    }
    memcpy(cqc, CX_ADDR(create_cq_in, cq->in, cq_context), CX_SZ(cqc));
    CX_SET(cqc, cqc, status, cq->run.dead ? CX_CQ_OVERFLOW : 0);
    CX_SET(cqc, cqc, st, cq->run.armed ? CX_ST_ARMED : CX_ST_FIRED);
    CX_SET(cqc, cqc, consumer_counter, cq->run.ci);
    CX_SET(cqc, cqc, producer_counter, cq->run.pi);
    cx_queue_reply_pas(cmd, cq, CX_SZ(query_cq_out));
    return CX_OK;
}

static ConnectXStatus cx_cq_resized(ConnectXCmd *cmd, ConnectXObj *cq)
{
    if (cmd->in_len < CX_SZ(modify_cq_in)) {
        return CX_BAD_INPUT_LEN;
    }
    if (CX_GET(modify_cq_in, cmd->in, cq_umem_valid)) {
        return cx_cmd_unimplemented(cmd, CX_BAD_PARAM, "resize in a UMEM");
    }
    return cx_cq_resize(cmd->fn, cq,
                        CX_ADDR(modify_cq_in, cmd->in, cq_context),
                        cmd->in + CX_SZ(modify_cq_in),
                        (cmd->in_len - CX_SZ(modify_cq_in)) / 8);
}

/* Moderation is taken note of, not modelled. */
static ConnectXStatus cx_op_modify_cq(ConnectXCmd *cmd)
{
    ConnectXObj *cq = cx_cmd_find(cmd, CX_OBJ_CQ, cx_cmd_obj_id(cmd));
    const uint8_t *from = CX_ADDR(modify_cq_in, cmd->in, cq_context);
    uint32_t select = ldl_be_p(cmd->in + CX_OFF(modify_cq_in,
                            modify_field_select_resize_field_select));
    uint8_t *to;

    if (!cq) {
        return CX_BAD_RESOURCE;
    }
    if (cmd->op_mod == MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ) {
        return cx_cq_resized(cmd, cq);
    }
    to = CX_ADDR(create_cq_in, cq->in, cq_context);
    if (select & CX_CQ_SET_PERIOD) {
        CX_SET(cqc, to, cq_period, CX_GET(cqc, from, cq_period));
    }
    if (select & CX_CQ_SET_COUNT) {
        CX_SET(cqc, to, cq_max_count, CX_GET(cqc, from, cq_max_count));
    }
    if (select & CX_CQ_SET_OI) {
        CX_SET(cqc, to, oi, CX_GET(cqc, from, oi));
    }
    cx_obj_touch(cmd->fn, cq);
    return CX_OK;
}

static ConnectXRing cx_sq_ring(const ConnectXObj *obj)
{
    return cx_wq_ring(obj, CX_ADDR(create_sq_in, obj->in, ctx.wq));
}

static ConnectXRing cx_rq_ring(const ConnectXObj *obj)
{
    return cx_wq_ring(obj, CX_ADDR(create_rq_in, obj->in, ctx.wq));
}

static ConnectXRing cx_rmp_ring(const ConnectXObj *obj)
{
    return cx_wq_ring(obj, CX_ADDR(create_rmp_in, obj->in, ctx.wq));
}

/* The same of a work queue, whose ring and record can lie in user memory. */
static ConnectXStatus cx_wq_create(ConnectXCmd *cmd, ConnectXObjKind kind,
                                   ConnectXRing (*ring)(const ConnectXObj *),
                                   uint8_t *wq, uint32_t pas)
{
    ConnectXObj look = { .kind = kind, .in = cmd->in };
    uint32_t id = CX_GET(wq, wq, wq_umem_id);
    uint64_t offset = CX_GET64(wq, wq, wq_umem_offset);
    ConnectXStatus status;
    uint32_t in_page;
    ConnectXRing r;

    status = cx_cmd_umem_record(cmd, CX_GET(wq, wq, dbr_umem_valid),
                                CX_GET(wq, wq, dbr_umem_id),
                                CX_ADDR(wq, wq, dbr_addr));
    if (status != CX_OK) {
        return status;
    }
    if (!CX_GET(wq, wq, wq_umem_valid)) {
        return cx_queue_create(cmd, kind, ring, pas);
    }
    in_page = cx_umem_in_page(cmd->fn, id, offset) / 64;
    if (in_page >> CX_WIDTH(wq, page_offset)) {
        return CX_BAD_PARAM;
    }
    CX_SET(wq, wq, log_wq_pg_sz, 0);
    CX_SET(wq, wq, page_offset, in_page);
    r = ring(&look);
    return cx_cmd_create_in_umem(cmd, kind, pas, &(ConnectXUmemPart) {
        .id = id, .offset = offset, .shift = CX_PAGE_SHIFT,
        .n = cx_ring_pages(&r),
    });
}

static ConnectXStatus cx_op_create_sq(ConnectXCmd *cmd)
{
    if (CX_GET(create_sq_in, cmd->in, ctx.state) != CX_WQ_RST ||
        CX_GET(create_sq_in, cmd->in, ctx.hairpin)) {
        return CX_BAD_PARAM;
    }
    return cx_wq_create(cmd, CX_OBJ_SQ, cx_sq_ring,
                        CX_ADDR(create_sq_in, cmd->in, ctx.wq),
                        CX_SZ(create_sq_in));
}

static ConnectXStatus cx_op_create_rq(ConnectXCmd *cmd)
{
    if (CX_GET(create_rq_in, cmd->in, ctx.state) != CX_WQ_RST ||
        CX_GET(create_rq_in, cmd->in, ctx.hairpin)) {
        return CX_BAD_PARAM;
    }
    if (CX_GET(create_rq_in, cmd->in, ctx.mem_rq_type)) {
        return cx_cmd_create(cmd, CX_OBJ_RQ, CX_SZ(create_rq_in), 0, 0);
    }
    return cx_wq_create(cmd, CX_OBJ_RQ, cx_rq_ring,
                        CX_ADDR(create_rq_in, cmd->in, ctx.wq),
                        CX_SZ(create_rq_in));
}

static ConnectXStatus cx_op_create_rmp(ConnectXCmd *cmd)
{
    ConnectXStatus status;

    if (CX_GET(create_rmp_in, cmd->in, ctx.state) > CX_WQ_RDY) {
        return CX_BAD_PARAM;
    }
    status = cx_wq_create(cmd, CX_OBJ_RMP, cx_rmp_ring,
                          CX_ADDR(create_rmp_in, cmd->in, ctx.wq),
                          CX_SZ(create_rmp_in));
    if (status == CX_OK) {
        ConnectXObj *rmp = cx_cmd_find(cmd, CX_OBJ_RMP,
                                       CX_GET(create_rmp_out, cmd->out, rmpn));

        cx_obj_run(cmd->fn, rmp)->state =
            CX_GET(create_rmp_in, cmd->in, ctx.state);
    }
    return status;
}

/* RST -> RDY -> ERR -> RST; anything may fail or be reset. */
static ConnectXStatus cx_wq_may_move(const ConnectXObj *obj, uint8_t from,
                                     uint8_t to)
{
    if (from != obj->run.state) {
        return CX_BAD_RES_STATE;
    }
    if (to != CX_WQ_RST && to != CX_WQ_ERR &&
        !(to == CX_WQ_RDY && from != CX_WQ_ERR)) {
        return CX_BAD_PARAM;
    }
    return CX_OK;
}

static ConnectXStatus cx_op_modify_sq(ConnectXCmd *cmd)
{
    ConnectXObj *sq = cx_cmd_find(cmd, CX_OBJ_SQ, cx_cmd_obj_id(cmd));
    uint8_t to = CX_GET(modify_sq_in, cmd->in, ctx.state);
    ConnectXStatus status;

    if (!sq) {
        return CX_BAD_RESOURCE;
    }
    status = cx_wq_may_move(sq, CX_GET(modify_sq_in, cmd->in, sq_state), to);
    if (status == CX_OK) {
        cx_wq_set_state(cmd->fn, sq, to);
    }
    return status;
}

/* All of it or nothing: the state moves when the rest has been taken. */
static ConnectXStatus cx_op_modify_rq(ConnectXCmd *cmd)
{
    ConnectXObj *rq = cx_cmd_find(cmd, CX_OBJ_RQ, cx_cmd_obj_id(cmd));
    uint64_t mask = CX_GET64(modify_rq_in, cmd->in, modify_bitmask);
    const uint8_t *from = CX_ADDR(modify_rq_in, cmd->in, ctx);
    uint8_t to = CX_GET(rqc, from, state);
    uint8_t rqc[CX_SZ(rqc)];
    ConnectXStatus status;

    if (!rq) {
        return CX_BAD_RESOURCE;
    }
    status = cx_wq_may_move(rq, CX_GET(modify_rq_in, cmd->in, rq_state), to);
    if (status != CX_OK) {
        return status;
    }
    memcpy(rqc, CX_ADDR(create_rq_in, rq->in, ctx), sizeof(rqc));
    if (mask & CX_RQ_SET_VSD) {
        CX_SET(rqc, rqc, vsd, CX_GET(rqc, from, vsd));
    }
    if (mask & CX_RQ_SET_COUNTER) {
        CX_SET(rqc, rqc, counter_set_id, CX_GET(rqc, from, counter_set_id));
    }
    status = cx_obj_patch(cmd->fn, rq, CX_OFF(create_rq_in, ctx), rqc,
                          sizeof(rqc));
    if (status == CX_OK) {
        cx_wq_set_state(cmd->fn, rq, to);
    }
    return status;
}

static ConnectXStatus cx_op_modify_rmp(ConnectXCmd *cmd)
{
    ConnectXObj *rmp = cx_cmd_find(cmd, CX_OBJ_RMP, cx_cmd_obj_id(cmd));
    uint8_t to = CX_GET(modify_rmp_in, cmd->in, ctx.state);
    ConnectXStatus status;

    if (!rmp) {
        return CX_BAD_RESOURCE;
    }
    status = cx_wq_may_move(rmp, CX_GET(modify_rmp_in, cmd->in, rmp_state),
                            to);
    if (status == CX_OK) {
        if (to == CX_WQ_RST || rmp->run.state == CX_WQ_RST) {
            cx_obj_run(cmd->fn, rmp)->pi = 0;
            cx_obj_run(cmd->fn, rmp)->ci = 0;
        }
        cx_obj_run(cmd->fn, rmp)->state = to;
        if (CX_GET(modify_rmp_in, cmd->in, bitmask.lwm)) {
            cx_recv_set_limit(cmd->fn, rmp, CX_GET(modify_rmp_in, cmd->in,
                                                   ctx.wq.lwm));
        }
    }
    return status;
}

#define CX_WQ_QUERY(_name, _kind, _ctx, _context)                           \
static ConnectXStatus cx_op_query_##_name(ConnectXCmd *cmd)                 \
{                                                                           \
    ConnectXObj *obj = cx_cmd_find(cmd, _kind, cx_cmd_obj_id(cmd));     \
    uint8_t *to = CX_ADDR(query_##_name##_out, cmd->out, _context);         \
                                                                            \
    if (!obj) {                                                             \
        return CX_BAD_RESOURCE;                                             \
    }                                                                       \
    memcpy(to, CX_ADDR(create_##_name##_in, obj->in, ctx), CX_SZ(_ctx));    \
    CX_SET(_ctx, to, state, obj->run.state);                                \
    CX_SET(_ctx, to, wq.hw_counter, obj->run.pi);                           \
    return CX_OK;                                                           \
}                                                                           \
static ConnectXStatus cx_op_destroy_##_name(ConnectXCmd *cmd)               \
{                                                                           \
    return cx_cmd_destroy(cmd, _kind);                                      \
}

CX_WQ_QUERY(sq, CX_OBJ_SQ, sqc, sq_context)
CX_WQ_QUERY(rq, CX_OBJ_RQ, rqc, rq_context)
CX_WQ_QUERY(rmp, CX_OBJ_RMP, rmpc, rmp_context)

static const ConnectXOp cx_queue_ops[] = {
    CX_ROW(CREATE_EQ, create_eq, 0),
    CX_ROW(DESTROY_EQ, destroy_eq, 0),
    { MLX5_CMD_OP_QUERY_EQ, 0, "QUERY_EQ", cx_op_query_eq, CX_SZ(query_eq_in),
      CX_OFF(query_eq_out, eq_context_entry) + CX_SZ(eqc) },
    CX_ROW(CREATE_CQ, create_cq, CX_OP_USER),
    CX_ROW(DESTROY_CQ, destroy_cq, CX_OP_USER),
    { MLX5_CMD_OP_QUERY_CQ, CX_OP_USER, "QUERY_CQ", cx_op_query_cq,
      CX_SZ(query_cq_in), CX_OFF(query_cq_out, cq_context) + CX_SZ(cqc) },
    { MLX5_CMD_OP_MODIFY_CQ, CX_OP_USER | CX_OP_MOD(0) | CX_OP_MOD(1),
      "MODIFY_CQ", cx_op_modify_cq,
      CX_OFF(modify_cq_in, cq_context) + CX_SZ(cqc), CX_SZ(modify_cq_out) },
    CX_ROW(CREATE_SQ, create_sq, CX_OP_USER),
    CX_ROW(MODIFY_SQ, modify_sq, CX_OP_USER),
    CX_ROW(DESTROY_SQ, destroy_sq, CX_OP_USER),
    CX_ROW(QUERY_SQ, query_sq, CX_OP_USER),
    CX_ROW(CREATE_RQ, create_rq, CX_OP_USER),
    CX_ROW(MODIFY_RQ, modify_rq, CX_OP_USER),
    CX_ROW(DESTROY_RQ, destroy_rq, CX_OP_USER),
    CX_ROW(QUERY_RQ, query_rq, CX_OP_USER),
    CX_ROW(CREATE_RMP, create_rmp, CX_OP_USER),
    CX_ROW(MODIFY_RMP, modify_rmp, CX_OP_USER),
    CX_ROW(DESTROY_RMP, destroy_rmp, CX_OP_USER),
    CX_ROW(QUERY_RMP, query_rmp, CX_OP_USER),
};

void cx_ops_queue_register(void)
{
    cx_cmd_add_ops(cx_queue_ops, ARRAY_SIZE(cx_queue_ops));
}
