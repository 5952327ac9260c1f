/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: receive queues and receive memory pools
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
#include "queue/rq.h"
#include "queue/wq.h"

static ConnectXStatus cx_rq_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *rqc = CX_ADDR(create_rq_in, obj->in, ctx);
    uint32_t counter = CX_GET(rqc, rqc, counter_set_id);
    ConnectXStatus status;

    if (CX_GET(rqc, rqc, mem_rq_type)) {
        status = cx_obj_use(fn, obj, CX_OBJ_RMP, CX_GET(rqc, rqc, rmpn));
    } else {
        status = cx_wq_link(fn, obj, CX_ADDR(rqc, rqc, wq));
    }
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, CX_GET(rqc, rqc, cqn));
    }
    if (status == CX_OK && counter) {
        status = cx_obj_use(fn, obj, CX_OBJ_Q_COUNTER, counter);
    }
    return status;
}

static ConnectXStatus cx_rmp_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    return cx_wq_link(fn, obj, CX_ADDR(create_rmp_in, obj->in, ctx.wq));
}

/* Done with, whatever came of it. */
static bool cx_rq_complete_error(ConnectXFunction *fn, ConnectXObj *rq,
                                 ConnectXSyndrome syndrome)
{
    bool good = cx_wq_complete_error(fn, rq, 0, syndrome);

    cx_obj_run(fn, rq)->pi = (rq->run.pi + 1) & CX_WQ_INDEX_MASK;
    return good;
}

void cx_rq_fail(ConnectXFunction *fn, ConnectXObj *rq,
                ConnectXSyndrome syndrome)
{
    /*
     * A frame too long for the buffer is not the driver's doing, and the next
     * one may fit: the queue goes on.
     */
    if (syndrome == CX_SYN_LOCAL_LENGTH) {
        cx_rq_complete_error(fn, rq, syndrome);
        return;
    }
    cx_guest_error(fn, "RQ 0x%" PRIx64 ": bad buffer at 0x%x, syndrome %u",
                   rq->id, rq->run.pi, syndrome);
    cx_rq_complete_error(fn, rq, syndrome);
    cx_wq_set_state(fn, rq, CX_WQ_ERR);
}

bool cx_rq_flush(ConnectXFunction *fn, ConnectXObj *rq,
                 ConnectXBudget *budget)
{
    ConnectXRing ring = cx_wq_ring(rq, CX_ADDR(create_rq_in, rq->in, ctx.wq));
    uint32_t todo;

    if (!cx_wq_flushes(rq) || CX_GET(create_rq_in, rq->in, ctx.mem_rq_type) ||
        !cx_wq_todo(fn, rq, &ring, &todo)) {
        return false;
    }
    for (; todo && !cx_budget_spent(budget); todo--) {
        cx_budget_spend(budget, 1, 0);
        if (!cx_rq_complete_error(fn, rq, CX_SYN_FLUSHED)) {
            return false;
        }
    }
    return todo;
}

static bool cx_rq_look(ConnectXObj *rq, void *opaque)
{
    if (cx_wq_flushes(rq)) {
        cx_sched_add(opaque, rq->id);
    }
    return false;
}

static void cx_rq_resume(ConnectXFunction *fn)
{
    if (cx_fn_may_dma(fn)) {
        cx_obj_foreach(fn, CX_OBJ_RQ, cx_rq_look, fn);
    }
}

static const ConnectXParticipant cx_rq_part = {
    .name = "rq",
    .resume = cx_rq_resume,
};

static const ConnectXObjType cx_rq_kind = {
    .kind = CX_OBJ_RQ, .name = "RQ", CX_OBJ_IN(create_rq_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << CX_LOG_QUEUES, .saved = true,
    .link = cx_rq_link,
};

static const ConnectXObjType cx_rmp_kind = {
    .kind = CX_OBJ_RMP, .name = "RMP", CX_OBJ_IN(create_rmp_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << CX_LOG_QUEUES, .saved = true,
    .link = cx_rmp_link,
};

void cx_rq_register(void)
{
    cx_obj_add_type(&cx_rmp_kind);
    cx_obj_add_type(&cx_rq_kind);
    cx_fn_register(&cx_rq_part);
}
