/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: requests of a reliable connection that were sent and
 * are not completed
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "host/sched.h"
#include "queue/eq.h"
#include "rdma/clock.h"
#include "rdma/outstanding.h"
#include "rdma/path.h"
#include "trace.h"

/* Blocks of a request that was sent: as many as there can be */
#define CX_ANY_BLOCKS       (CX_WQE_MAX / CX_WQEBB_SIZE)
#define CX_ACK_UNIT_NS      4096

uint32_t cx_wqe_packets(const ConnectXWqe *wqe, uint32_t mtu)
{
    if (wqe->opcode == CX_WR_NOP || wqe->opcode == CX_WR_UMR) {
        return 0;
    }
    return MAX(DIV_ROUND_UP(wqe->len, mtu), 1);
}

/* The oldest one is over. Where nothing later was begun, that is next. */
static void cx_outstanding_pop(ConnectXFunction *fn, ConnectXObj *qp,
                               const ConnectXWqe *wqe, uint32_t end)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    bool is_next = run->head == run->next;

    run->head = (run->head + wqe->blocks) & CX_WQ_INDEX_MASK;
    run->head_psn = end;
    if (cx_psn_diff(end, run->una_psn) > 0) {
        run->una_psn = end;
    }
    if (is_next) {
        run->next = run->head;
        run->next_psn = end;
        run->psn = end;
    }
    if (cx_wqe_fetches(wqe) && run->reads) {
        run->reads--;
    }
}

static void cx_outstanding_complete(ConnectXFunction *fn, ConnectXObj *qp,
                                    const ConnectXWqe *wqe, uint32_t end)
{
    bool good = cx_wqe_complete(fn, qp, wqe);

    cx_outstanding_pop(fn, qp, wqe, end);
    if (!good) {
        cx_guest_error(fn, "QP 0x%" PRIx64 ": cannot complete", qp->id);
        cx_qp_set_state(fn, qp, CX_QP_ERR);
        cx_qp_event(fn, qp, CX_EV_WQ_CATAS);
    }
}

/* A part of the oldest one: what was begun anew goes on behind it. */
static void cx_outstanding_advance(ConnectXFunction *fn, ConnectXObj *qp,
                                   uint32_t psn)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    if (cx_psn_diff(psn, run->una_psn) > 0) {
        run->una_psn = psn;
    }
    if (run->head == run->next && cx_psn_diff(run->una_psn, run->psn) > 0) {
        run->psn = run->una_psn;
    }
}

bool cx_outstanding_done(ConnectXFunction *fn, ConnectXObj *qp, uint32_t psn)
{
    const ConnectXQpRun *run = cx_qp_run(qp);
    /* What the driver has changed since may be anything; there are no more. */
    uint32_t left = CX_WINDOW;
    ConnectXWqe wqe;

    while (cx_psn_diff(psn, run->head_psn) > 0 &&
           qp->run.state != CX_QP_ERR) {
        uint32_t end;

        if (!left-- || cx_wqe_read(fn, qp, run->head, CX_ANY_BLOCKS, &wqe) !=
            CX_SYN_NONE || !cx_wqe_packets(&wqe, cx_path_mtu(qp))) {
            cx_outstanding_fail(fn, qp, CX_SYN_LOCAL_QP_OP);
            return true;
        }
        end = cx_psn_add(run->head_psn, cx_wqe_packets(&wqe, cx_path_mtu(qp)));
        if (cx_wqe_fetches(&wqe) && cx_psn_diff(end, run->una_psn) > 0) {
            return cx_psn_diff(psn, run->una_psn) <= 0;
        }
        if (cx_psn_diff(end, psn) > 0) {
            cx_outstanding_advance(fn, qp, psn);
            return true;
        }
        cx_outstanding_complete(fn, qp, &wqe, end);
    }
    return true;
}

void cx_outstanding_again(ConnectXFunction *fn, ConnectXObj *qp)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    run->next = run->head;
    run->next_psn = run->head_psn;
    run->psn = run->una_psn;
    run->reads = 0;
    cx_sched_add(fn, qp->id);
}

void cx_outstanding_retry(ConnectXFunction *fn, ConnectXObj *qp,
                          ConnectXCount why)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    /* What was on its way when it went back tells the same once more. */
    if (run->psn == run->una_psn) {
        return;
    }
    trace_connectx_qp_retry(fn->number, qp->id, run->una_psn, run->retries);
    run->ack_due = 0;
    if (run->retries >= CX_GET(qpc, cx_qpc(qp), retry_count)) {
        cx_outstanding_fail(fn, qp, CX_SYN_RETRIES);
        return;
    }
    cx_qp_count(fn, qp, why);
    run->retries++;
    cx_outstanding_again(fn, qp);
}

void cx_outstanding_fail(ConnectXFunction *fn, ConnectXObj *qp,
                         ConnectXSyndrome syndrome)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    ConnectXWqe wqe;

    cx_wqe_read(fn, qp, run->head, CX_ANY_BLOCKS, &wqe);
    trace_connectx_qp_fail(fn->number, qp->id, wqe.opcode, syndrome);
    if (syndrome < CX_SYN_BAD_ANSWER) {
        cx_guest_error(fn, "QP 0x%" PRIx64 ": bad request at 0x%" PRIx64
                       ", opcode 0x%x, syndrome %u", qp->id, run->head,
                       wqe.opcode, syndrome);
    }
    cx_wqe_fail(fn, qp, &wqe, syndrome);
    run->head = (run->head + wqe.blocks) & CX_WQ_INDEX_MASK;
    /* An unreliable connection can still receive. */
    cx_qp_set_state(fn, qp, cx_qp_is_uc(qp) ? CX_QP_SQER : CX_QP_ERR);
}

void cx_outstanding_wait(ConnectXFunction *fn, ConnectXObj *qp)
{
    const uint8_t *ads = CX_ADDR(qpc, cx_qpc(qp), primary_address_path);
    uint8_t timeout = CX_GET(ads, ads, ack_timeout);
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    /* 0: for ever */
    if (!timeout || run->una_psn == run->psn) {
        run->ack_due = 0;
        return;
    }
    run->ack_due = cx_fn_timer_ns(fn) + ((uint64_t)CX_ACK_UNIT_NS << timeout);
    cx_clock_wait(fn, qp->id, run->ack_due);
}
