/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the requester of a connection: what it sends
 *
 * Requests are cut into packets in the order in which they were posted, as many
 * as the window lets out before the peer has answered; completions come with
 * the answers. Of an unreliable connection there are none: all that was sent is
 * as if it was answered.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "queue/eq.h"
#include "queue/qp.h"
#include "rdma/clock.h"
#include "rdma/outstanding.h"
#include "rdma/path.h"
#include "rdma/requester.h"
#include "rdma/umr.h"
#include "rdma/wqe.h"

/* How often an answer is asked for in a message, in packets */
#define CX_ACK_EVERY        32

typedef struct ConnectXSender {
    ConnectXFunction *fn;
    ConnectXObj *qp;
    ConnectXBudget *budget;
    uint32_t mtu;
    bool reliable;                      /* the peer answers */
    bool reachable;                     /* else it sends into the void */
    ConnectXRoceEnds ends;
    /* The request at run.next, once it was read */
    bool there;
    ConnectXSyndrome wrong;
    ConnectXWqe wqe;
    uint8_t data[CX_ROCE_PAYLOAD_MAX];
} ConnectXSender;

/* Operations of a request's first, middle, last and only packets */
static uint8_t cx_sender_opcode(uint8_t opcode, bool first, bool last)
{
    bool write = opcode == CX_WR_WRITE || opcode == CX_WR_WRITE_IMM;
    bool imm = opcode == CX_WR_WRITE_IMM || opcode == CX_WR_SEND_IMM;
    uint8_t base = write ? CX_RC_WRITE_FIRST : CX_RC_SEND_FIRST;

    if (opcode == CX_WR_READ) {
        return CX_RC_READ_REQUEST;
    }
    if (opcode == CX_WR_FETCH_ADD) {
        return CX_RC_FETCH_ADD;
    }
    if (opcode == CX_WR_COMPARE_SWAP) {
        return CX_RC_COMPARE_SWAP;
    }
    if (!last) {
        return base + (first ? 0 : 1);
    }
    if (opcode == CX_WR_SEND_INV) {
        return first ? CX_RC_SEND_ONLY_INV : CX_RC_SEND_LAST_INV;
    }
    return base + (first ? 4 : 2) + imm;
}

/* Of the requests that are for the peer */
static bool cx_sender_knows(const ConnectXSender *s)
{
    /* One that changes keys has none, whatever its context says. */
    if (CX_GET(qpc, cx_qpc(s->qp), st) == CX_QP_REG_UMR) {
        return false;
    }
    switch (s->wqe.opcode) {
    case CX_WR_SEND:
    case CX_WR_SEND_IMM:
    case CX_WR_WRITE:
    case CX_WR_WRITE_IMM:
        return true;
    case CX_WR_SEND_INV:
        return s->reliable;
    default:
        return s->reliable && cx_wqe_fetches(&s->wqe);
    }
}

/* The packet at run.psn, offset bytes into the request */
static bool cx_sender_fill(ConnectXSender *s, uint32_t offset, bool last,
                           ConnectXRoce *p)
{
    const ConnectXWqe *wqe = &s->wqe;
    const ConnectXQpRun *run = cx_qp_run(s->qp);
    bool fetches = cx_wqe_fetches(wqe);

    *p = (ConnectXRoce) {
        .opcode = cx_path_transport(s->qp) |
                  cx_sender_opcode(wqe->opcode, !offset || fetches, last),
        .solicited = last && wqe->flags & CX_WR_SOLICITED,
        .ack_wanted = s->reliable &&
                      (last || run->psn % CX_ACK_EVERY == CX_ACK_EVERY - 1),
        .pkey = CX_ROCE_PKEY,
        .qpn = CX_GET(qpc, cx_qpc(s->qp), remote_qpn),
        .psn = run->psn,
        .va = wqe->va + (fetches ? offset : 0), .key = wqe->key,
        .len = wqe->len - (fetches ? offset : 0),
        .swap_add = wqe->swap_add, .compare = wqe->compare,
        .imm = wqe->imm, .srqn = wqe->srqn,
    };
    if (fetches) {
        return true;
    }
    p->payload = s->data;
    p->payload_len = MIN(s->mtu, wqe->len - offset);
    return cx_wqe_gather(s->fn, s->qp, wqe, offset, s->data, p->payload_len);
}

/* The next packet is on its way: where to go on. */
static void cx_sender_moved_on(ConnectXSender *s, uint32_t packets)
{
    ConnectXQpRun *run = cx_qp_go(s->fn, s->qp);
    uint32_t end = cx_psn_add(run->next_psn, packets);
    bool fetches = cx_wqe_fetches(&s->wqe);

    run->psn = fetches ? end : cx_psn_add(run->psn, 1);
    run->reads += fetches;
    if (cx_psn_diff(run->psn, run->top_psn) > 0) {
        run->top_psn = run->psn;
    }
    if (run->psn == end) {
        run->next = (run->next + s->wqe.blocks) & CX_WQ_INDEX_MASK;
        run->next_psn = end;
        s->there = false;
    }
    if (!s->reliable) {
        run->una_psn = run->psn;
    } else if (!run->ack_due) {
        cx_outstanding_wait(s->fn, s->qp);
    }
}

static bool cx_sender_packet(ConnectXSender *s, uint32_t packets)
{
    const ConnectXQpRun *run = cx_qp_run(s->qp);
    uint32_t nth = cx_psn_diff(run->psn, run->next_psn);
    ConnectXRoce packet;

    if (nth >= packets ||
        !cx_sender_fill(s, nth * s->mtu, cx_wqe_fetches(&s->wqe) ||
                        nth + 1 == packets, &packet)) {
        return false;
    }
    /* Answers come in there, so everything is as if it were sent already. */
    cx_sender_moved_on(s, packets);
    cx_path_send(s->fn, s->qp, s->reachable ? &s->ends : NULL, &packet,
                 s->budget);
    if (!s->reliable && run->psn == run->next_psn) {
        cx_outstanding_done(s->fn, s->qp, run->psn);
    }
    return true;
}

/* What is not for the peer: done as soon as all before it is. */
static bool cx_sender_local(ConnectXSender *s)
{
    ConnectXQpRun *run = cx_qp_go(s->fn, s->qp);
    ConnectXSyndrome syndrome = CX_SYN_NONE;

    if (s->wqe.opcode == CX_WR_UMR) {
        syndrome = cx_umr_execute(s->fn, s->qp, &s->wqe);
    }
    cx_budget_spend(s->budget, 1, 0);
    if (syndrome != CX_SYN_NONE) {
        cx_outstanding_fail(s->fn, s->qp, syndrome);
        return false;
    }
    run->head = run->next = (run->next + s->wqe.blocks) & CX_WQ_INDEX_MASK;
    s->there = false;
    if (!cx_wqe_complete(s->fn, s->qp, &s->wqe)) {
        cx_guest_error(s->fn, "QP 0x%" PRIx64 ": cannot complete", s->qp->id);
        cx_qp_set_state(s->fn, s->qp, CX_QP_ERR);
        return false;
    }
    return true;
}

static bool cx_sender_may_go(const ConnectXSender *s)
{
    const ConnectXQpRun *run = cx_qp_run(s->qp);
    uint8_t fence = s->wqe.flags & CX_WR_FENCE;

    if (run->psn != run->next_psn) {
        return true;
    }
    if (fence >= CX_WR_FENCE_READS && run->reads) {
        return false;
    }
    return !cx_wqe_fetches(&s->wqe) ||
           run->reads < 1u << CX_GET(qpc, cx_qpc(s->qp), log_sra_max);
}

/* Takes the next request, or goes on with one. False: not now */
static bool cx_sender_step(ConnectXSender *s, uint32_t todo)
{
    const ConnectXQpRun *run = cx_qp_run(s->qp);
    bool first = run->head == run->next;
    uint32_t packets;

    if (!s->there) {
        s->wrong = cx_wqe_read(s->fn, s->qp, run->next, todo, &s->wqe);
        s->there = true;
    }
    packets = cx_wqe_packets(&s->wqe, s->mtu);
    if (s->wrong == CX_SYN_NONE && packets && !cx_sender_knows(s)) {
        s->wrong = CX_SYN_LOCAL_QP_OP;
    }
    /* Completions keep their order: it has to be the oldest. */
    if (s->wrong != CX_SYN_NONE) {
        if (first) {
            cx_outstanding_fail(s->fn, s->qp, s->wrong);
        }
        return false;
    }
    if (!packets) {
        return first && cx_sender_local(s);
    }
    if (!cx_sender_may_go(s)) {
        return false;
    }
    if (!cx_sender_packet(s, packets)) {
        s->wrong = CX_SYN_LOCAL_PROT;
        if (first) {
            cx_outstanding_fail(s->fn, s->qp, s->wrong);
        }
        return false;
    }
    return true;
}

/* Did what is waited for not come? True: it may go on sending. */
static bool cx_requester_looked_at_clock(ConnectXFunction *fn, ConnectXObj *qp)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    uint64_t now = cx_fn_timer_ns(fn);

    if (run->rnr_due > now) {
        cx_clock_wait(fn, qp->id, run->rnr_due);
        return false;
    }
    run->rnr_due = 0;
    if (run->ack_due && run->ack_due <= now) {
        cx_outstanding_retry(fn, qp, CX_COUNT_ACK_TIMEOUTS);
    } else if (run->ack_due) {
        cx_clock_wait(fn, qp->id, run->ack_due);
    }
    return qp->run.state == CX_QP_RTS;
}

bool cx_requester_work(ConnectXFunction *fn, ConnectXObj *qp,
                       ConnectXBudget *budget)
{
    const ConnectXQpRun *run = cx_qp_run(qp);
    ConnectXSender s = {
        .fn = fn, .qp = qp, .budget = budget, .mtu = cx_path_mtu(qp),
        .reliable = !cx_qp_is_uc(qp),
    };
    uint32_t todo;

    s.reachable = cx_path_of_qp(fn, qp, &s.ends);
    if (!cx_requester_looked_at_clock(fn, qp)) {
        return false;
    }
    while (qp->run.state == CX_QP_RTS && !run->rnr_due &&
           cx_psn_diff(run->psn, run->una_psn) < CX_WINDOW) {
        if (cx_budget_spent(budget)) {
            return true;
        }
        if (!cx_qp_send_todo(fn, qp, &todo)) {
            cx_guest_error(fn, "QP 0x%" PRIx64 ": bad doorbell record",
                           qp->id);
            cx_qp_set_state(fn, qp, CX_QP_ERR);
            cx_qp_event(fn, qp, CX_EV_WQ_CATAS);
            return false;
        }
        if (!todo || !cx_sender_step(&s, todo)) {
            return false;
        }
    }
    return false;
}
