/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs in error
 *
 * Drivers post to them, to learn by the completion that all before is flushed;
 * receive requests without a doorbell, so they are looked for now and then.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "fn/fn.h"
#include "queue/qp.h"
#include "queue/recv.h"
#include "rdma/clock.h"
#include "rdma/flush.h"
#include "rdma/wqe.h"

#define CX_LOOK_AGAIN_NS    (10 * SCALE_MS)

static bool cx_flush_sends(ConnectXFunction *fn, ConnectXObj *qp,
                           ConnectXBudget *budget)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    ConnectXWqe wqe;
    uint32_t todo;

    while (cx_qp_send_todo(fn, qp, &todo) && todo) {
        if (cx_budget_spent(budget)) {
            return true;
        }
        cx_budget_spend(budget, 1, 0);
        cx_wqe_read(fn, qp, run->next, todo, &wqe);
        if (!cx_wqe_fail(fn, qp, &wqe, CX_SYN_FLUSHED)) {
            return false;
        }
        run->head = run->next = (run->next + wqe.blocks) & CX_WQ_INDEX_MASK;
    }
    return false;
}

static bool cx_flush_receives(ConnectXFunction *fn, ConnectXObj *qp,
                              ConnectXBudget *budget)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    ConnectXRecv recv;

    if (run->recv_held) {
        run->recv_held = 0;
        cx_recv_fail(fn, qp, run->recv, CX_SYN_FLUSHED);
    }
    /* Those of a shared queue are for others. */
    if (!cx_qp_has_rq(cx_qpc(qp))) {
        return false;
    }
    while (!cx_budget_spent(budget)) {
        cx_budget_spend(budget, 1, 0);
        switch (cx_recv_take(fn, qp, &recv)) {
        case CX_RECV_OK:
            if (!cx_recv_fail(fn, qp, recv.index, CX_SYN_FLUSHED)) {
                return false;
            }
            break;
        case CX_RECV_NONE:
            cx_clock_wait(fn, qp->id, cx_fn_timer_ns(fn) + CX_LOOK_AGAIN_NS);
            return false;
        default:
            return false;
        }
    }
    return true;
}

bool cx_flush_work(ConnectXFunction *fn, ConnectXObj *qp,
                   ConnectXBudget *budget)
{
    return cx_flush_sends(fn, qp, budget) ||
           (qp->run.state == CX_QP_ERR && cx_flush_receives(fn, qp, budget));
}
