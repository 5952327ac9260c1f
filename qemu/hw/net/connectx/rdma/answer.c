/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the requester of a reliable connection: what its peer
 * answers
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "host/sched.h"
#include "queue/qp.h"
#include "rdma/clock.h"
#include "rdma/outstanding.h"
#include "rdma/path.h"
#include "rdma/requester.h"
#include "rdma/wqe.h"
#include "trace.h"

#define CX_RNR_FOR_EVER     7           /* qpc.rnr_retry */
#define CX_ANY_BLOCKS       (CX_WQE_MAX / CX_WQEBB_SIZE)

/* What the timer of an RNR NAK stands for, in units of 10 us */
static const uint32_t cx_rnr_times[32] = {
    65536, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384,
    512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576,
    32768, 49152,
};

/* The peer is there, and something came of it. */
static void cx_answer_progress(ConnectXFunction *fn, ConnectXObj *qp)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    if (qp->run.state == CX_QP_RTS) {
        run->retries = 0;
        run->rnr_retries = 0;
        cx_outstanding_wait(fn, qp);
        cx_sched_add(fn, qp->id);
    }
}

static void cx_answer_not_ready(ConnectXFunction *fn, ConnectXObj *qp,
                                uint8_t timer)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    uint8_t max = CX_GET(qpc, cx_qpc(qp), rnr_retry);

    run->ack_due = 0;
    if (max != CX_RNR_FOR_EVER && run->rnr_retries >= max) {
        cx_outstanding_fail(fn, qp, CX_SYN_RNR_RETRIES);
        return;
    }
    cx_qp_count(fn, qp, CX_COUNT_RNR_NAKS);
    run->rnr_retries += max != CX_RNR_FOR_EVER;
    run->retries = 0;
    run->rnr_due = cx_fn_timer_ns(fn) + cx_rnr_times[timer] * 10ull * SCALE_US;
    cx_outstanding_again(fn, qp);
}

static void cx_answer_refused(ConnectXFunction *fn, ConnectXObj *qp,
                              uint8_t syndrome)
{
    switch (syndrome) {
    case CX_AETH_SEQUENCE:
        cx_outstanding_retry(fn, qp, CX_COUNT_SEQUENCE_NAKS);
        break;
    case CX_AETH_INVALID:
        cx_outstanding_fail(fn, qp, CX_SYN_REMOTE_INVALID);
        break;
    case CX_AETH_ACCESS:
        cx_outstanding_fail(fn, qp, CX_SYN_REMOTE_ACCESS);
        break;
    case CX_AETH_OPERATION:
        cx_outstanding_fail(fn, qp, CX_SYN_REMOTE_OPERATION);
        break;
    default:
        break;
    }
}

static void cx_answer_ack(ConnectXFunction *fn, ConnectXObj *qp,
                          const ConnectXRoce *p)
{
    uint8_t kind = p->syndrome & CX_AETH_KIND;
    bool ack = !kind;
    uint32_t una = cx_qp_run(qp)->una_psn;

    if (!cx_outstanding_done(fn, qp, cx_psn_add(p->psn, ack))) {
        cx_outstanding_retry(fn, qp, CX_COUNT_IMPLIED_NAKS);
        return;
    }
    if (qp->run.state != CX_QP_RTS) {
        return;
    }
    if (cx_qp_run(qp)->una_psn != una || ack) {
        cx_answer_progress(fn, qp);
    }
    if (kind == CX_AETH_RNR) {
        cx_answer_not_ready(fn, qp, p->syndrome & CX_AETH_VALUE);
    } else if (!ack) {
        cx_answer_refused(fn, qp, p->syndrome);
    }
}

/* Is the packet what the request asked for, at that place? */
static bool cx_answer_fits(const ConnectXWqe *wqe, const ConnectXRoce *p,
                           uint32_t offset, uint32_t mtu)
{
    if (cx_roce_is(p, CX_RC_ATOMIC_ACK)) {
        return wqe->opcode == CX_WR_COMPARE_SWAP ||
               wqe->opcode == CX_WR_FETCH_ADD;
    }
    return wqe->opcode == CX_WR_READ && offset <= wqe->len &&
           p->payload_len == MIN(mtu, wqe->len - offset);
}

/* Data for the oldest request, in order */
static void cx_answer_take(ConnectXFunction *fn, ConnectXObj *qp,
                           const ConnectXRoce *p)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    uint32_t mtu = cx_path_mtu(qp);
    uint32_t offset = cx_psn_diff(p->psn, run->head_psn) * mtu;
    uint8_t value[8];
    const uint8_t *data = p->payload;
    uint32_t len = p->payload_len;
    ConnectXWqe wqe;

    if (cx_wqe_read(fn, qp, run->head, CX_ANY_BLOCKS, &wqe) != CX_SYN_NONE) {
        cx_outstanding_fail(fn, qp, CX_SYN_LOCAL_QP_OP);
        return;
    }
    if (!cx_answer_fits(&wqe, p, offset, mtu)) {
        cx_outstanding_fail(fn, qp, CX_SYN_BAD_ANSWER);
        return;
    }
    /* Operands of atomics are numbers in memory, in the order of its CPU. */
    if (cx_roce_is(p, CX_RC_ATOMIC_ACK)) {
        stq_le_p(value, p->value);
        data = value;
        len = sizeof(value);
    }
    if (!cx_wqe_scatter(fn, qp, &wqe, offset, data, len)) {
        cx_outstanding_fail(fn, qp, CX_SYN_LOCAL_PROT);
        return;
    }
    run->una_psn = cx_psn_add(p->psn, 1);
    if (run->head == run->next &&
        cx_psn_diff(run->una_psn, run->psn) > 0) {
        run->psn = run->una_psn;
    }
    cx_outstanding_done(fn, qp, run->una_psn);
    cx_answer_progress(fn, qp);
}

static void cx_answer_data(ConnectXFunction *fn, ConnectXObj *qp,
                           const ConnectXRoce *p)
{
    /* It answers all that came before, too. */
    if (!cx_outstanding_done(fn, qp, p->psn) ||
        (qp->run.state == CX_QP_RTS && cx_qp_run(qp)->una_psn != p->psn)) {
        cx_outstanding_retry(fn, qp, CX_COUNT_IMPLIED_NAKS);
    } else if (qp->run.state == CX_QP_RTS) {
        cx_answer_take(fn, qp, p);
    }
}

void cx_requester_answer(ConnectXFunction *fn, ConnectXObj *qp,
                         const ConnectXRoce *p)
{
    const ConnectXQpRun *run = cx_qp_run(qp);

    trace_connectx_qp_answer(fn->number, qp->id, p->opcode, p->psn,
                             p->syndrome);
    /* What was answered before, or never sent, says nothing. */
    if (qp->run.state != CX_QP_RTS || run->rnr_due ||
        cx_psn_diff(p->psn, run->una_psn) < 0 ||
        cx_psn_diff(p->psn, run->top_psn) >= 0) {
        return;
    }
    if (cx_roce_is(p, CX_RC_ACK)) {
        cx_answer_ack(fn, qp, p);
    } else {
        cx_answer_data(fn, qp, p);
    }
}
