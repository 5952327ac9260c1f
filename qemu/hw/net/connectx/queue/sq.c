/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: send queues and their work requests
 *
 * A doorbell only says "look", and puts the queue in line for that: how far the
 * driver has produced is read from the doorbell record in memory, the requests
 * from the ring. So a doorbell lost to a suspension is made good by looking
 * again.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "host/sched.h"
#include "obj/obj.h"
#include "obj/uctx.h"
#include "packet/packet.h"
#include "queue/sq.h"
#include "queue/wq.h"
#include "trace.h"

/* Control segment: the first 16 bytes of a WQE */
#define CX_WQE_CTRL_SIZE    16
#define CX_WQE_FM_CE_SE     11
#define CX_WQE_CE           0x08        /* completion wanted */
#define CX_WQE_SE           0x02        /* and it is a solicited one */

enum {
    CX_WQE_NOP  = 0x00,
    CX_WQE_SEND = 0x0a,
    CX_WQE_LSO  = 0x0e,
};

/* CQE fields of a send queue */
enum {
    CX_CQE_OPCODE_QPN       = 56,
    CX_CQE_WQE_COUNTER      = 60,
    CX_CQE_OP_OWN           = 63,
    CX_CQE_REQ              = 0,
};

static ConnectXSqSend cx_sq_send;

void cx_sq_set_sender(ConnectXSqSend send)
{
    cx_sq_send = send;
}

static ConnectXStatus cx_sq_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *sqc = CX_ADDR(create_sq_in, obj->in, ctx);
    const uint8_t *wq = CX_ADDR(sqc, sqc, wq);
    ConnectXStatus status = cx_wq_link(fn, obj, wq);

    if (status == CX_OK && CX_GET(wq, wq, log_wq_stride) !=
                           ctz32(CX_WQEBB_SIZE)) {
        status = CX_BAD_PARAM;
    }
    if (status == CX_OK && obj->run.count[CX_SQ_SENT] > CX_SEGMENTS_MAX) {
        status = CX_BAD_PARAM;
    }
    /* Frames may say anything of who sends them. */
    if (status == CX_OK && !cx_uctx_may(fn, obj, MLX5_UCTX_CAP_RAW_TX)) {
        status = CX_BAD_PARAM;
    }
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, CX_GET(sqc, sqc, cqn));
    }
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_UAR, CX_GET(wq, wq, uar_page));
    }
    if (status == CX_OK && CX_GET(sqc, sqc, tis_lst_sz)) {
        status = cx_obj_use(fn, obj, CX_OBJ_TIS, CX_GET(sqc, sqc, tis_num_0));
    }
    return status;
}

/*
 * A request that cannot be: completion in error, the queue stops, and what is
 * behind the request is flushed.
 */
static void cx_sq_fail(ConnectXFunction *fn, ConnectXObj *sq, uint8_t opcode,
                       uint32_t blocks, ConnectXSyndrome syndrome)
{
    cx_guest_error(fn, "SQ 0x%" PRIx64 ": bad work request at 0x%x, "
                   "opcode 0x%x, syndrome %u", sq->id, sq->run.pi, opcode,
                   syndrome);
    cx_wq_complete_error(fn, sq, opcode, syndrome);
    cx_obj_run(fn, sq)->pi = (sq->run.pi + blocks) & CX_WQ_INDEX_MASK;
    cx_wq_set_state(fn, sq, CX_WQ_ERR);
}

static bool cx_sq_complete(ConnectXFunction *fn, ConnectXObj *sq,
                           const uint8_t *ctrl)
{
    uint8_t cqe[64] = { 0 };

    stl_be_p(cqe + CX_CQE_OPCODE_QPN, ctrl[3] << 24 | sq->id);
    /* The request's own counter: bits 23:8 of the first word. */
    stw_be_p(cqe + CX_CQE_WQE_COUNTER, lduw_be_p(ctrl + 1));
    cqe[CX_CQE_OP_OWN] = CX_CQE_REQ << 4;
    return cx_wq_complete(fn, sq, cqe, ctrl[CX_WQE_FM_CE_SE] & CX_WQE_SE);
}

/*
 * The control segment at run.pi and the blocks that its request takes, of todo
 * that the driver has produced; all of them if it makes no sense. False if it
 * cannot be read.
 */
static bool cx_sq_fetch(ConnectXFunction *fn, ConnectXObj *sq,
                        const ConnectXRing *ring, uint32_t todo,
                        uint8_t ctrl[CX_WQE_CTRL_SIZE], uint32_t *blocks)
{
    if (!cx_ring_read(fn, ring, sq->run.pi, 0, ctrl, CX_WQE_CTRL_SIZE)) {
        return false;
    }
    /* ds: the request's length in units of 16 bytes */
    *blocks = DIV_ROUND_UP(ctrl[7] & 0x3f, CX_WQEBB_SIZE / 16);
    if (!*blocks || *blocks > todo) {
        *blocks = todo;
    }
    return true;
}

static ConnectXSyndrome cx_sq_execute(ConnectXFunction *fn, ConnectXObj *sq,
                                      const ConnectXRing *ring,
                                      const uint8_t *ctrl, uint32_t blocks,
                                      ConnectXBudget *budget)
{
    /* Its length fits, and it names the queue that it is in. */
    if (DIV_ROUND_UP(ctrl[7] & 0x3f, CX_WQEBB_SIZE / 16) != blocks ||
        ldl_be_p(ctrl + 4) >> 8 != sq->id) {
        return CX_SYN_LOCAL_QP_OP;
    }
    switch (ctrl[3]) {
    case CX_WQE_NOP:
        cx_obj_run(fn, sq)->count[CX_SQ_SENT] = 0;
        return CX_SYN_NONE;
    case CX_WQE_SEND:
    case CX_WQE_LSO:
        return cx_sq_send(fn, sq, ring, blocks, budget);
    default:
        return CX_SYN_LOCAL_QP_OP;
    }
}

/*
 * Handles the request at run.pi, or as much of it as there is a budget for;
 * todo: blocks the driver has produced.
 */
static bool cx_sq_step(ConnectXFunction *fn, ConnectXObj *sq,
                       const ConnectXRing *ring, uint32_t todo,
                       ConnectXBudget *budget)
{
    uint8_t ctrl[CX_WQE_CTRL_SIZE];
    ConnectXSyndrome syndrome;
    uint32_t blocks;

    if (!cx_sq_fetch(fn, sq, ring, todo, ctrl, &blocks)) {
        cx_wq_catastrophe(fn, sq, "work request out of reach");
        return false;
    }
    trace_connectx_wqe(fn->number, sq->id, sq->run.pi, ctrl[3], blocks);
    cx_budget_spend(budget, 1, 0);
    syndrome = cx_sq_execute(fn, sq, ring, ctrl, blocks, budget);
    if (syndrome != CX_SYN_NONE) {
        cx_sq_fail(fn, sq, ctrl[3], blocks, syndrome);
        return false;
    }
    /* Too much for this turn: the budget is spent. */
    if (sq->run.count[CX_SQ_SENT]) {
        return true;
    }
    if (ctrl[CX_WQE_FM_CE_SE] & CX_WQE_CE && !cx_sq_complete(fn, sq, ctrl)) {
        cx_wq_catastrophe(fn, sq, "its completion queue is in error");
        return false;
    }
    cx_obj_run(fn, sq)->pi = (sq->run.pi + blocks) & CX_WQ_INDEX_MASK;
    return true;
}

/* The same for a queue in error. */
static bool cx_sq_flush_step(ConnectXFunction *fn, ConnectXObj *sq,
                             const ConnectXRing *ring, uint32_t todo,
                             ConnectXBudget *budget)
{
    uint8_t ctrl[CX_WQE_CTRL_SIZE];
    uint32_t blocks;

    cx_budget_spend(budget, 1, 0);
    if (!cx_sq_fetch(fn, sq, ring, todo, ctrl, &blocks) ||
        !cx_wq_complete_error(fn, sq, ctrl[3], CX_SYN_FLUSHED)) {
        return false;
    }
    cx_obj_run(fn, sq)->pi = (sq->run.pi + blocks) & CX_WQ_INDEX_MASK;
    return true;
}

bool cx_sq_work(ConnectXFunction *fn, ConnectXObj *sq, ConnectXBudget *budget)
{
    ConnectXRing ring = cx_wq_ring(sq, CX_ADDR(create_sq_in, sq->in, ctx.wq));
    bool flush = cx_wq_flushes(sq);
    uint32_t todo;

    /* The record of a queue whose doorbell never rang is of another life. */
    if (!sq->run.armed || (!flush && sq->run.state != CX_WQ_RDY)) {
        return false;
    }
    if (!cx_wq_todo(fn, sq, &ring, &todo)) {
        if (!flush) {
            cx_wq_catastrophe(fn, sq, "bad doorbell record");
        }
        return false;
    }
    while (todo && !cx_budget_spent(budget)) {
        uint32_t pi = sq->run.pi;
        bool good = flush ? cx_sq_flush_step(fn, sq, &ring, todo, budget) :
                            cx_sq_step(fn, sq, &ring, todo, budget);

        if (!good) {
            return false;
        }
        todo -= (sq->run.pi - pi) & CX_WQ_INDEX_MASK;
    }
    return todo;
}

void cx_sq_doorbell(ConnectXFunction *fn, uint32_t page, uint32_t sqn)
{
    ConnectXObj *sq = cx_obj_find(fn, CX_OBJ_SQ, sqn);

    trace_connectx_sq_doorbell(fn->number, sqn);
    if (!sq) {
        cx_guest_error(fn, "doorbell for SQ 0x%x, which does not exist", sqn);
        return;
    }
    if (page != CX_GET(create_sq_in, sq->in, ctx.wq.uar_page)) {
        cx_guest_error(fn, "doorbell for SQ 0x%x by page %u, which is not its "
                       "own", sqn, page);
        return;
    }
    if (sq->run.state == CX_WQ_RST) {
        cx_guest_error(fn, "doorbell for SQ 0x%x, which is not ready", sqn);
        return;
    }
    cx_obj_run(fn, sq)->armed = true;
    cx_sched_add(fn, sqn);
}

static bool cx_sq_look(ConnectXObj *sq, void *opaque)
{
    if (sq->run.armed) {
        cx_sched_add(opaque, sq->id);
    }
    return false;
}

static void cx_sq_resume(ConnectXFunction *fn)
{
    if (cx_fn_may_dma(fn)) {
        cx_obj_foreach(fn, CX_OBJ_SQ, cx_sq_look, fn);
    }
}

static const ConnectXObjType cx_sq_kind = {
    .kind = CX_OBJ_SQ, .name = "SQ", CX_OBJ_IN(create_sq_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << CX_LOG_QUEUES, .saved = true,
    .link = cx_sq_link,
};

static const ConnectXParticipant cx_sq_part = {
    .name = "sq",
    .resume = cx_sq_resume,
};

void cx_sq_register(void)
{
    cx_obj_add_type(&cx_sq_kind);
    cx_fn_register(&cx_sq_part);
}
