/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a work queue has its turn
 *
 * Queues wait in line by number (host/sched.h); here is told whose it is, as
 * all kinds that wait there share one space of numbers (CX_SPACE_WQ).
 */
#include "qemu/osdep.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "host/sched.h"
#include "obj/obj.h"
#include "queue/qp.h"
#include "queue/rq.h"
#include "queue/sq.h"
#include "queue/turn.h"

static const struct {
    ConnectXObjKind kind;
    /* Until there is nothing left (false) or the budget is spent (true) */
    bool (*work)(ConnectXFunction *fn, ConnectXObj *obj,
                 ConnectXBudget *budget);
} cx_turns[] = {
    { CX_OBJ_SQ, cx_sq_work },
    { CX_OBJ_RQ, cx_rq_flush },
    { CX_OBJ_QP, cx_qp_work },
};

/* See ConnectXWork */
static bool cx_turn_work(ConnectXFunction *fn, uint32_t number,
                         ConnectXBudget *budget)
{
    if (!cx_fn_may_dma(fn)) {
        return false;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(cx_turns); i++) {
        ConnectXObj *obj = cx_obj_find(fn, cx_turns[i].kind, number);

        if (obj) {
            return cx_turns[i].work(fn, obj, budget);
        }
    }
    return false;
}

/* The PF is the first function of a device to come and the last to go. */
static void cx_turn_init(ConnectXFunction *fn)
{
    if (!fn->is_vf) {
        cx_sched_init(fn->dev, fn->pci);
    }
}

static void cx_turn_uninit(ConnectXFunction *fn)
{
    if (!fn->is_vf) {
        cx_sched_uninit(fn->dev);
    }
}

static const ConnectXParticipant cx_turn_part = {
    .name = "turn",
    .init = cx_turn_init,
    .uninit = cx_turn_uninit,
    .teardown = cx_sched_forget,
    .quiesce = cx_sched_forget,
};

void cx_turn_register(void)
{
    cx_sched_set_work(cx_turn_work);
    cx_fn_register(&cx_turn_part);
}
