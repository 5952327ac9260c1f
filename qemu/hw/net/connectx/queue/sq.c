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
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "host/sched.h"
#include "queue/cq.h"
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
    CX_CQE_SYNDROME         = 55,
    CX_CQE_OPCODE_QPN       = 56,
    CX_CQE_WQE_COUNTER      = 60,
    CX_CQE_OP_OWN           = 63,
    CX_CQE_REQ              = 0,
    CX_CQE_REQ_ERR          = 13,
    CX_CQE_SYN_LOCAL_QP_OP  = 2,
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

/* A request that cannot be: completion in error, and the queue stops. */
static void cx_sq_fail(ConnectXFunction *fn, ConnectXObj *sq, uint8_t opcode)
{
    const uint8_t *sqc = CX_ADDR(create_sq_in, sq->in, ctx);
    uint8_t cqe[64] = { 0 };

    cx_guest_error(fn, "SQ 0x%" PRIx64 ": bad work request at 0x%x, "
                   "opcode 0x%x", sq->id, sq->run.pi, opcode);
    sq->run.state = CX_WQ_ERR;
    cqe[CX_CQE_SYNDROME] = CX_CQE_SYN_LOCAL_QP_OP;
    stl_be_p(cqe + CX_CQE_OPCODE_QPN, opcode << 24 | sq->id);
    stw_be_p(cqe + CX_CQE_WQE_COUNTER, sq->run.pi);
    cqe[CX_CQE_OP_OWN] = CX_CQE_REQ_ERR << 4;
    cx_cq_post(fn, CX_GET(sqc, sqc, cqn), cqe, true);
}

static void cx_sq_complete(ConnectXFunction *fn, ConnectXObj *sq,
                           const uint8_t *ctrl)
{
    const uint8_t *sqc = CX_ADDR(create_sq_in, sq->in, ctx);
    uint8_t cqe[64] = { 0 };

    stl_be_p(cqe + CX_CQE_OPCODE_QPN, ctrl[3] << 24 | sq->id);
    /* The request's own counter: bits 23:8 of the first word. */
    stw_be_p(cqe + CX_CQE_WQE_COUNTER, lduw_be_p(ctrl + 1));
    cqe[CX_CQE_OP_OWN] = CX_CQE_REQ << 4;
    cx_cq_post(fn, CX_GET(sqc, sqc, cqn), cqe,
               ctrl[CX_WQE_FM_CE_SE] & CX_WQE_SE);
}

/* Handles the request at run.pi; todo: blocks the driver has produced. */
static bool cx_sq_step(ConnectXFunction *fn, ConnectXObj *sq,
                       const ConnectXRing *ring, uint32_t todo,
                       ConnectXBudget *budget)
{
    uint8_t ctrl[CX_WQE_CTRL_SIZE];
    uint32_t blocks;

    if (!cx_ring_read(fn, ring, sq->run.pi, 0, ctrl, sizeof(ctrl))) {
        cx_sq_fail(fn, sq, 0);
        return false;
    }
    /* ds: the request's length in units of 16 bytes */
    blocks = DIV_ROUND_UP(ctrl[7] & 0x3f, CX_WQEBB_SIZE / 16);
    trace_connectx_wqe(fn->number, sq->id, sq->run.pi, ctrl[3], blocks);
    if (!blocks || blocks > todo) {
        cx_sq_fail(fn, sq, ctrl[3]);
        return false;
    }
    cx_budget_spend(budget, 1, 0);
    switch (ctrl[3]) {
    case CX_WQE_NOP:
        break;
    case CX_WQE_SEND:
    case CX_WQE_LSO:
        if (cx_sq_send(fn, sq, ring, blocks, budget) == CX_OK) {
            break;
        }
        /* fall through */
    default:
        cx_sq_fail(fn, sq, ctrl[3]);
        return false;
    }
    if (ctrl[CX_WQE_FM_CE_SE] & CX_WQE_CE) {
        cx_sq_complete(fn, sq, ctrl);
    }
    sq->run.pi = (sq->run.pi + blocks) & CX_WQ_INDEX_MASK;
    return true;
}

/* Blocks that the driver has produced and that were not worked on. */
static bool cx_sq_todo(ConnectXFunction *fn, ConnectXObj *sq,
                       const ConnectXRing *ring, uint32_t *todo)
{
    const uint8_t *wq = CX_ADDR(create_sq_in, sq->in, ctx.wq);
    uint8_t dbr[4];

    /* The record's first word is the receive side's. */
    if (!cx_dma_read(fn, CX_GET64(wq, wq, dbr_addr) + 4, dbr, sizeof(dbr))) {
        return false;
    }
    *todo = (ldl_be_p(dbr) - sq->run.pi) & CX_WQ_INDEX_MASK;
    return *todo <= 1u << ring->log_size;
}

/* See ConnectXWork */
static bool cx_sq_work(ConnectXFunction *fn, uint32_t sqn,
                       ConnectXBudget *budget)
{
    ConnectXObj *sq = cx_obj_find(fn, CX_OBJ_SQ, sqn);
    ConnectXRing ring;
    uint32_t todo;

    if (!sq || sq->run.state != CX_WQ_RDY || !cx_fn_may_dma(fn)) {
        return false;
    }
    ring = cx_wq_ring(sq, CX_ADDR(create_sq_in, sq->in, ctx.wq));
    if (!cx_sq_todo(fn, sq, &ring, &todo)) {
        cx_sq_fail(fn, sq, 0);
        return false;
    }
    while (todo && !cx_budget_spent(budget)) {
        uint32_t pi = sq->run.pi;

        if (!cx_sq_step(fn, sq, &ring, todo, budget)) {
            return false;
        }
        todo -= (sq->run.pi - pi) & CX_WQ_INDEX_MASK;
    }
    return todo;
}

void cx_sq_doorbell(ConnectXFunction *fn, uint32_t sqn)
{
    ConnectXObj *sq = cx_obj_find(fn, CX_OBJ_SQ, sqn);

    trace_connectx_sq_doorbell(fn->number, sqn);
    if (!sq) {
        cx_guest_error(fn, "doorbell for SQ 0x%x, which does not exist", sqn);
        return;
    }
    cx_sched_add(fn, sqn);
}

static bool cx_sq_look(ConnectXObj *sq, void *opaque)
{
    if (sq->run.state == CX_WQ_RDY) {
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

/* The PF is the first function of a device to come and the last to go. */
static void cx_sq_init(ConnectXFunction *fn)
{
    if (!fn->is_vf) {
        cx_sched_init(fn->dev, fn->pci);
    }
}

static void cx_sq_uninit(ConnectXFunction *fn)
{
    if (!fn->is_vf) {
        cx_sched_uninit(fn->dev);
    }
}

static const ConnectXObjType cx_sq_kind = {
    .kind = CX_OBJ_SQ, .name = "SQ", CX_OBJ_IN(create_sq_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << 16, .saved = true,
    .link = cx_sq_link,
};

static const ConnectXParticipant cx_sq_part = {
    .name = "sq",
    .init = cx_sq_init,
    .uninit = cx_sq_uninit,
    .teardown = cx_sched_forget,
    .quiesce = cx_sched_forget,
    .resume = cx_sq_resume,
};

void cx_sq_register(void)
{
    cx_sched_set_work(cx_sq_work);
    cx_obj_add_type(&cx_sq_kind);
    cx_fn_register(&cx_sq_part);
}
