/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the responder of a connection: what comes
 *
 * Packets are carried out in the order of their PSNs. One that is missing is
 * asked for once; one that came before is acknowledged, or answered, again. Of
 * an unreliable connection the message is lost then, and nobody is told.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "obj/mkey.h"
#include "queue/qp.h"
#include "queue/recv.h"
#include "rdma/path.h"
#include "rdma/responder.h"
#include "trace.h"

/* A packet in the hands of a queue pair, and what its opcode means */
typedef struct ConnectXIncoming {
    ConnectXFunction *fn;
    ConnectXObj *qp;
    const ConnectXRoce *p;
    unsigned means;
    uint32_t mtu;
} ConnectXIncoming;

static bool cx_is_first(const ConnectXIncoming *in)
{
    return in->means & CX_ROCE_FIRST;
}

static bool cx_is_last(const ConnectXIncoming *in)
{
    return in->means & CX_ROCE_LAST;
}

static ConnectXKeyUser cx_responder_keys(const ConnectXIncoming *in)
{
    return cx_recv_key_user(in->fn, in->qp, in->p->srqn);
}

/* There is no receive request: the peer is to come again. */
static void cx_responder_not_ready(const ConnectXIncoming *in)
{
    cx_qp_count(in->fn, in->qp, CX_COUNT_NO_BUFFER);
    if (cx_qp_is_uc(in->qp)) {
        cx_responder_lose(in->fn, in->qp);
        return;
    }
    cx_qp_go(in->fn, in->qp)->nak_told = 1;
    cx_responder_owe(in->fn, in->qp, in->p->psn, CX_AETH_RNR |
                     CX_GET(qpc, cx_qpc(in->qp), min_rnr_nak));
}

/* The packet is done; the message, too, if it is its last. */
static void cx_responder_next(const ConnectXIncoming *in, uint32_t packets)
{
    ConnectXQpRun *run = cx_qp_go(in->fn, in->qp);

    if (cx_is_last(in)) {
        run->message = CX_MESSAGE_NONE;
        run->msn = cx_psn_add(run->msn, 1);
    }
    run->epsn = cx_psn_add(run->epsn, packets);
    if (in->p->ack_wanted && !(in->means & (CX_ROCE_READ | CX_ROCE_ATOMIC))) {
        cx_responder_owe(in->fn, in->qp, in->p->psn, CX_AETH_ACK);
    }
}

/* A receive request for the message, a new one or its own. */
static ConnectXRecvStatus cx_responder_recv(const ConnectXIncoming *in,
                                            ConnectXRecv *recv)
{
    ConnectXQpRun *run = cx_qp_go(in->fn, in->qp);
    ConnectXRecvStatus status;

    if (run->recv_held) {
        return cx_recv_again(in->fn, in->qp, run->recv, recv) ?
               CX_RECV_OK : CX_RECV_BROKEN;
    }
    status = cx_recv_take(in->fn, in->qp, recv);
    if (status == CX_RECV_OK) {
        run->recv = recv->index;
        run->recv_held = 1;
    }
    return status;
}

static bool cx_responder_complete(const ConnectXIncoming *in, uint8_t opcode,
                                  uint32_t bytes)
{
    ConnectXQpRun *run = cx_qp_go(in->fn, in->qp);
    uint8_t cqe[64] = { 0 };

    stl_be_p(cqe + CX_QP_CQE_IMM, in->p->imm);
    stl_be_p(cqe + CX_QP_CQE_BYTES, bytes);
    run->recv_held = 0;
    if (!cx_recv_complete(in->fn, in->qp, run->recv, opcode, cqe,
                          in->p->solicited)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_OPERATION);
        return false;
    }
    return true;
}

/* The request cannot take it: it fails, and so does the peer's. */
static void cx_responder_bad_recv(const ConnectXIncoming *in,
                                  ConnectXSyndrome syndrome)
{
    ConnectXQpRun *run = cx_qp_go(in->fn, in->qp);

    if (syndrome != CX_SYN_LOCAL_LENGTH) {
        cx_guest_error(in->fn, "QP 0x%" PRIx64 ": bad receive request, "
                       "syndrome %u", in->qp->id, syndrome);
    }
    run->recv_held = 0;
    cx_recv_fail(in->fn, in->qp, run->recv, syndrome);
    cx_responder_refuse(in->fn, in->qp, syndrome == CX_SYN_LOCAL_LENGTH &&
                        !cx_qp_is_uc(in->qp) ?
                        CX_AETH_INVALID : CX_AETH_OPERATION);
}

static uint8_t cx_responder_tells(const ConnectXIncoming *in)
{
    return in->means & CX_ROCE_IMM ? CX_CQE_OP_RECV_IMM :
           in->means & CX_ROCE_IETH ? CX_CQE_OP_RECV_INV : CX_CQE_OP_RECV;
}

static void cx_responder_send(const ConnectXIncoming *in)
{
    ConnectXQpRun *run = cx_qp_go(in->fn, in->qp);
    ConnectXSyndrome syndrome;
    ConnectXRecv recv;

    switch (cx_responder_recv(in, &recv)) {
    case CX_RECV_NONE:
        cx_responder_not_ready(in);
        return;
    case CX_RECV_BROKEN:
        cx_responder_refuse(in->fn, in->qp, CX_AETH_OPERATION);
        return;
    default:
        break;
    }
    if (cx_is_first(in)) {
        run->offset = 0;
    }
    run->message = CX_MESSAGE_SEND;
    syndrome = cx_recv_scatter(in->fn, in->qp, &recv, run->offset,
                               in->p->payload, in->p->payload_len);
    if (syndrome != CX_SYN_NONE) {
        cx_responder_bad_recv(in, syndrome);
        return;
    }
    run->offset += in->p->payload_len;
    if (in->means & CX_ROCE_IETH &&
        !cx_mkey_invalidate(in->fn, cx_responder_keys(in), in->p->imm)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_ACCESS);
        return;
    }
    if (!cx_is_last(in) ||
        cx_responder_complete(in, cx_responder_tells(in), run->offset)) {
        cx_responder_next(in, 1);
    }
}

static bool cx_responder_write_begins(const ConnectXIncoming *in)
{
    ConnectXQpRun *run = cx_qp_go(in->fn, in->qp);
    const ConnectXRoce *p = in->p;

    if (p->len > 1u << CX_LOG_QP_MESSAGE) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_INVALID);
        return false;
    }
    if (!CX_GET(qpc, cx_qpc(in->qp), rwe) ||
        !cx_mkey_allows(in->fn, cx_responder_keys(in), p->key, p->va, p->len,
                        CX_KEY_REMOTE_WRITE)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_ACCESS);
        return false;
    }
    cx_qp_count(in->fn, in->qp, CX_COUNT_RX_WRITES);
    run->va = p->va;
    run->key = p->key;
    run->len = p->len;
    run->offset = 0;
    return true;
}

/* The last packet ends where the first one said, and no other does. */
static bool cx_responder_write_fits(const ConnectXIncoming *in)
{
    const ConnectXQpRun *run = cx_qp_run(in->qp);
    uint64_t end = run->offset + in->p->payload_len;

    return cx_is_last(in) ? end == run->len : end < run->len;
}

static void cx_responder_write(const ConnectXIncoming *in)
{
    ConnectXQpRun *run = cx_qp_go(in->fn, in->qp);
    const ConnectXRoce *p = in->p;
    ConnectXRecv recv;

    if (cx_is_first(in) && !cx_responder_write_begins(in)) {
        return;
    }
    run->message = cx_is_first(in) && cx_is_last(in) ? CX_MESSAGE_NONE :
                                                       CX_MESSAGE_WRITE;
    if (!cx_responder_write_fits(in)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_INVALID);
        return;
    }
    if (in->means & CX_ROCE_IMM) {
        ConnectXRecvStatus status = cx_responder_recv(in, &recv);

        if (status != CX_RECV_OK) {
            if (status == CX_RECV_NONE) {
                cx_responder_not_ready(in);
            } else {
                cx_responder_refuse(in->fn, in->qp, CX_AETH_OPERATION);
            }
            return;
        }
    }
    if (!cx_mkey_remote(in->fn, cx_responder_keys(in), run->key,
                        run->va + run->offset, (void *)p->payload,
                        p->payload_len, true, CX_KEY_REMOTE_WRITE)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_ACCESS);
        return;
    }
    run->offset += p->payload_len;
    if (!(in->means & CX_ROCE_IMM) ||
        cx_responder_complete(in, CX_CQE_OP_RECV_WRITE_IMM, run->len)) {
        cx_responder_next(in, 1);
    }
}

static void cx_responder_read(const ConnectXIncoming *in)
{
    const ConnectXRoce *p = in->p;
    ConnectXQpAnswer answer = {
        .kind = CX_ANSWER_READ, .psn = p->psn, .va = p->va, .key = p->key,
        .len = p->len, .srqn = p->srqn,
    };

    if (p->len > 1u << CX_LOG_QP_MESSAGE) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_INVALID);
    } else if (!CX_GET(qpc, cx_qpc(in->qp), rre) ||
               !cx_mkey_allows(in->fn, cx_responder_keys(in), p->key, p->va,
                               p->len, CX_KEY_REMOTE_READ)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_ACCESS);
    } else if (!cx_responder_promise(in->fn, in->qp, &answer)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_INVALID);
    } else {
        cx_qp_count(in->fn, in->qp, CX_COUNT_RX_READS);
        cx_responder_next(in, MAX(DIV_ROUND_UP(p->len, in->mtu), 1));
    }
}

/* Carried out at once. Numbers in memory are in the order of its CPU. */
static void cx_responder_atomic(const ConnectXIncoming *in)
{
    const ConnectXRoce *p = in->p;
    ConnectXKeyUser by = cx_responder_keys(in);
    ConnectXQpAnswer answer = { .kind = CX_ANSWER_ATOMIC, .psn = p->psn };
    uint8_t bytes[8];

    if (p->va % sizeof(bytes) ||
        cx_qp_run(in->qp)->answers >= CX_QP_READS) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_INVALID);
        return;
    }
    if (!CX_GET(qpc, cx_qpc(in->qp), rae) ||
        !cx_mkey_remote(in->fn, by, p->key, p->va, bytes, sizeof(bytes),
                        false, CX_KEY_ATOMIC)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_ACCESS);
        return;
    }
    answer.value = ldq_le_p(bytes);
    if (cx_roce_is(p, CX_RC_FETCH_ADD)) {
        stq_le_p(bytes, answer.value + p->swap_add);
    } else if (answer.value == p->compare) {
        stq_le_p(bytes, p->swap_add);
    }
    if (!cx_mkey_remote(in->fn, by, p->key, p->va, bytes, sizeof(bytes), true,
                        CX_KEY_ATOMIC)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_ACCESS);
        return;
    }
    cx_qp_count(in->fn, in->qp, CX_COUNT_RX_ATOMICS);
    cx_responder_promise(in->fn, in->qp, &answer);
    cx_responder_next(in, 1);
}

/* What came before comes again, as an answer was lost. */
static void cx_responder_duplicate(const ConnectXIncoming *in)
{
    const ConnectXQpRun *run = cx_qp_run(in->qp);
    const ConnectXRoce *p = in->p;

    if (in->means & CX_ROCE_READ) {
        ConnectXQpAnswer answer = {
            .kind = CX_ANSWER_READ, .psn = p->psn, .va = p->va,
            .key = p->key, .len = p->len, .srqn = p->srqn,
        };

        cx_responder_forget(in->fn, in->qp, p->psn);
        if (p->len <= 1u << CX_LOG_QP_MESSAGE &&
            CX_GET(qpc, cx_qpc(in->qp), rre) &&
            cx_mkey_allows(in->fn, cx_responder_keys(in), p->key, p->va,
                           p->len, CX_KEY_REMOTE_READ)) {
            cx_responder_promise(in->fn, in->qp, &answer);
        }
    } else if (in->means & CX_ROCE_ATOMIC) {
        cx_responder_forget(in->fn, in->qp, p->psn);
        for (int i = 0; i < CX_QP_READS; i++) {
            if (run->ring[i].kind == CX_ANSWER_ATOMIC &&
                run->ring[i].psn == p->psn) {
                ConnectXQpAnswer again = run->ring[i];

                cx_responder_promise(in->fn, in->qp, &again);
                break;
            }
        }
    } else if (p->ack_wanted && run->owes == CX_OWES_NOTHING) {
        cx_responder_owe(in->fn, in->qp, p->psn, CX_AETH_ACK);
    }
}

/* Does the packet go on with the message that is under way, if one is? */
static bool cx_responder_in_order(const ConnectXIncoming *in)
{
    uint64_t message = cx_qp_run(in->qp)->message;
    uint64_t own = in->means & CX_ROCE_SEND ? CX_MESSAGE_SEND :
                   in->means & CX_ROCE_WRITE ? CX_MESSAGE_WRITE :
                   CX_MESSAGE_NONE;

    if (cx_is_first(in) != (message == CX_MESSAGE_NONE) ||
        (message != CX_MESSAGE_NONE && message != own)) {
        return false;
    }
    return !(in->means & CX_ROCE_DATA) ||
           (cx_is_last(in) ? in->p->payload_len <= in->mtu :
                             in->p->payload_len == in->mtu);
}

/*
 * Of XRC: whose memory and receive requests are meant, which is one for all of
 * a message. False: refused
 */
static bool cx_responder_found_srq(const ConnectXIncoming *in)
{
    ConnectXQpRun *run = cx_qp_go(in->fn, in->qp);
    uint32_t srqn = in->p->srqn;

    if (!(in->means & CX_ROCE_XRCETH)) {
        return true;
    }
    if (!cx_is_first(in) && srqn != run->srqn) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_INVALID);
        return false;
    }
    if (!cx_recv_xrc_srq(in->fn, in->qp, srqn)) {
        /* There is none, or it is another domain's. */
        cx_responder_refuse(in->fn, in->qp,
                            cx_obj_find(in->fn, CX_OBJ_XRC_SRQ, srqn) ?
                            CX_AETH_ACCESS : CX_AETH_INVALID);
        return false;
    }
    run->srqn = srqn;
    return true;
}

static void cx_responder_carry_out(const ConnectXIncoming *in)
{
    cx_qp_go(in->fn, in->qp)->nak_told = 0;
    if (!cx_responder_in_order(in)) {
        cx_responder_refuse(in->fn, in->qp, CX_AETH_INVALID);
    } else if (!cx_responder_found_srq(in)) {
        return;
    } else if (in->means & CX_ROCE_SEND) {
        cx_responder_send(in);
    } else if (in->means & CX_ROCE_WRITE) {
        cx_responder_write(in);
    } else if (in->means & CX_ROCE_READ) {
        cx_responder_read(in);
    } else {
        cx_responder_atomic(in);
    }
}

/* What is missing is lost, and so is the message that it was of. */
static void cx_responder_unreliable(const ConnectXIncoming *in, int32_t ahead)
{
    ConnectXQpRun *run = cx_qp_go(in->fn, in->qp);

    if (ahead || cx_is_first(in)) {
        run->message = CX_MESSAGE_NONE;
    }
    run->epsn = in->p->psn;
    cx_responder_carry_out(in);
}

void cx_responder_request(ConnectXFunction *fn, ConnectXObj *qp,
                          const ConnectXRoce *p)
{
    ConnectXIncoming in = {
        .fn = fn, .qp = qp, .p = p, .means = cx_roce_means(p->opcode),
        .mtu = cx_path_mtu(qp),
    };
    int32_t ahead = cx_psn_diff(p->psn, cx_qp_run(qp)->epsn);

    trace_connectx_qp_request(fn->number, qp->id, p->opcode, p->psn,
                              cx_qp_run(qp)->epsn);
    if (qp->run.state < CX_QP_RTR || qp->run.state == CX_QP_ERR) {
        return;
    }
    if (ahead) {
        cx_qp_count(fn, qp, ahead < 0 && !cx_qp_is_uc(qp) ?
                            CX_COUNT_DUPLICATES : CX_COUNT_OUT_OF_SEQUENCE);
    }
    if (cx_qp_is_uc(qp)) {
        cx_responder_unreliable(&in, ahead);
        return;
    }
    if (ahead < 0) {
        cx_responder_duplicate(&in);
    } else if (!ahead) {
        cx_responder_carry_out(&in);
    } else if (!cx_qp_run(qp)->nak_told) {
        cx_qp_go(fn, qp)->nak_told = 1;
        cx_responder_owe(fn, qp, cx_qp_run(qp)->epsn, CX_AETH_SEQUENCE);
    }
}
