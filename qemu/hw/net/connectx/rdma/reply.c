/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the responder of a connection: what it sends
 *
 * Answers with data go first, in the order in which they were asked for; then
 * the acknowledgement, which is of all that came before it.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "host/sched.h"
#include "obj/mkey.h"
#include "queue/eq.h"
#include "queue/qp.h"
#include "queue/recv.h"
#include "rdma/path.h"
#include "rdma/responder.h"
#include "trace.h"

void cx_responder_owe(ConnectXFunction *fn, ConnectXObj *qp, uint32_t psn,
                      uint8_t syndrome)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    if (cx_qp_is_uc(qp)) {
        return;
    }
    run->owes = syndrome == CX_AETH_ACK ? CX_OWES_ACK : CX_OWES_NAK;
    run->owed_psn = psn;
    run->syndrome = syndrome;
    cx_sched_add(fn, qp->id);
}

/* A receive request that it had is for the next message. */
void cx_responder_lose(ConnectXFunction *fn, ConnectXObj *qp)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    run->message = CX_MESSAGE_NONE;
    run->epsn = cx_psn_add(run->epsn, 1);
}

void cx_responder_refuse(ConnectXFunction *fn, ConnectXObj *qp,
                         uint8_t syndrome)
{
    uint32_t psn = cx_qp_run(qp)->epsn;

    if (syndrome != CX_AETH_OPERATION) {
        cx_qp_count(fn, qp, syndrome == CX_AETH_ACCESS ?
                            CX_COUNT_RESP_ACCESS : CX_COUNT_RESP_INVALID);
    }
    trace_connectx_qp_refuse(fn->number, qp->id, psn, syndrome);
    if (cx_qp_is_uc(qp)) {
        if (syndrome == CX_AETH_OPERATION) {
            cx_qp_set_state(fn, qp, CX_QP_ERR);
            cx_qp_event(fn, qp, CX_EV_WQ_CATAS);
        } else {
            cx_responder_lose(fn, qp);
        }
        return;
    }
    /* Owed first: what was asked for before is answered before it. */
    cx_responder_owe(fn, qp, psn, syndrome);
    cx_qp_set_state(fn, qp, CX_QP_ERR);
    if (syndrome != CX_AETH_OPERATION) {
        cx_qp_event(fn, qp, syndrome == CX_AETH_ACCESS ? CX_EV_WQ_ACCESS :
                                                         CX_EV_WQ_INVALID);
    }
}

bool cx_responder_promise(ConnectXFunction *fn, ConnectXObj *qp,
                          const ConnectXQpAnswer *answer)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    if (run->answers >= CX_QP_READS) {
        return false;
    }
    run->ring[(run->answer + run->answers++) % CX_QP_READS] = *answer;
    cx_sched_add(fn, qp->id);
    return true;
}

void cx_responder_forget(ConnectXFunction *fn, ConnectXObj *qp, uint32_t psn)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    while (run->answers) {
        uint32_t last = (run->answer + run->answers - 1) % CX_QP_READS;

        if (cx_psn_diff(run->ring[last].psn, psn) < 0) {
            break;
        }
        run->answers--;
    }
    if (!run->answers) {
        run->answered = 0;
    }
}

static void cx_reply_send(ConnectXFunction *fn, ConnectXObj *qp,
                          ConnectXRoce *p, ConnectXBudget *budget)
{
    ConnectXRoceEnds ends;
    bool reachable = cx_path_of_qp(fn, qp, &ends);

    p->opcode |= cx_path_transport(qp);
    p->pkey = CX_ROCE_PKEY;
    p->qpn = CX_GET(qpc, cx_qpc(qp), remote_qpn);
    p->msn = cx_qp_run(qp)->msn;
    cx_path_send(fn, qp, reachable ? &ends : NULL, p, budget);
}

static uint8_t cx_reply_opcode(bool first, bool last)
{
    return first ? last ? CX_RC_READ_ONLY : CX_RC_READ_FIRST :
                   last ? CX_RC_READ_LAST : CX_RC_READ_MIDDLE;
}

/* The next packet of the first answer. False: its memory is gone. */
static bool cx_reply_read(ConnectXFunction *fn, ConnectXObj *qp,
                          ConnectXBudget *budget)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    const ConnectXQpAnswer *a = &run->ring[run->answer];
    uint32_t mtu = cx_path_mtu(qp);
    uint64_t offset = run->answered * mtu;
    uint32_t len = offset < a->len ? MIN(mtu, a->len - offset) : 0;
    bool last = offset + len >= a->len;
    uint8_t data[CX_ROCE_PAYLOAD_MAX];
    ConnectXRoce p = {
        .opcode = cx_reply_opcode(!offset, last),
        .psn = cx_psn_add(a->psn, run->answered), .syndrome = CX_AETH_ACK,
        .payload = data, .payload_len = len,
    };

    if (!cx_mkey_remote(fn, cx_recv_key_user(fn, qp, a->srqn), a->key,
                        a->va + offset, data, len, false,
                        CX_KEY_REMOTE_READ)) {
        run->answers = 0;
        cx_responder_owe(fn, qp, p.psn, CX_AETH_ACCESS);
        cx_qp_set_state(fn, qp, CX_QP_ERR);
        return false;
    }
    run->answered++;
    if (last) {
        run->answer = (run->answer + 1) % CX_QP_READS;
        run->answers--;
        run->answered = 0;
    }
    cx_reply_send(fn, qp, &p, budget);
    return true;
}

static void cx_reply_atomic(ConnectXFunction *fn, ConnectXObj *qp,
                            ConnectXBudget *budget)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    const ConnectXQpAnswer *a = &run->ring[run->answer];
    ConnectXRoce p = {
        .opcode = CX_RC_ATOMIC_ACK, .psn = a->psn, .syndrome = CX_AETH_ACK,
        .value = a->value,
    };

    run->answer = (run->answer + 1) % CX_QP_READS;
    run->answers--;
    cx_reply_send(fn, qp, &p, budget);
}

static void cx_reply_ack(ConnectXFunction *fn, ConnectXObj *qp,
                         ConnectXBudget *budget)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    ConnectXRoce p = {
        .opcode = CX_RC_ACK, .psn = run->owed_psn, .syndrome = run->syndrome,
    };

    run->owes = CX_OWES_NOTHING;
    cx_reply_send(fn, qp, &p, budget);
}

bool cx_responder_work(ConnectXFunction *fn, ConnectXObj *qp,
                       ConnectXBudget *budget)
{
    const ConnectXQpRun *run = cx_qp_run(qp);

    while (run->answers) {
        if (cx_budget_spent(budget)) {
            return true;
        }
        if (run->ring[run->answer].kind == CX_ANSWER_ATOMIC) {
            cx_reply_atomic(fn, qp, budget);
        } else if (!cx_reply_read(fn, qp, budget)) {
            break;
        }
    }
    if (run->owes != CX_OWES_NOTHING) {
        cx_reply_ack(fn, qp, budget);
    }
    return false;
}
