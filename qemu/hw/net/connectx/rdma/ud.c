/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs for datagrams
 *
 * A request is a packet, and done when it has left. What comes has the right
 * key, and a receive request to go to, or is lost.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "packet/parse.h"
#include "queue/eq.h"
#include "queue/qp.h"
#include "queue/recv.h"
#include "rdma/path.h"
#include "rdma/ud.h"
#include "rdma/wqe.h"

/* mlx5_wqe_datagram_seg, behind the control segment */
#define CX_AV_AT            16
#define CX_AV_KEY           0
#define CX_AV_QPN           8

#define CX_QKEY_OWN         0x80000000u /* in a request: use the queue pair's */
#define CX_QKEY_GSI         0x80010000u
#define CX_QPN_GSI          1
/* In front of what is received: the header of IPv6, or half of it and IPv4's */
#define CX_GRH_BYTES        40

enum {                      /* of a CQE: behind 8 bits in front of the QPN */
    CX_RQPN_V6              = 1 << 24,
    CX_RQPN_V4              = 2 << 24,
    CX_RQPN_GRH             = 1 << 28,
};

static uint32_t cx_ud_own_qpn(const ConnectXObj *qp)
{
    uint32_t qpn = CX_GET(qpc, cx_qpc(qp), deth_sqpn);

    return qpn ? qpn : CX_GET(qpc, cx_qpc(qp), st) == CX_QP_GSI ?
                       CX_QPN_GSI : qp->id;
}

static uint32_t cx_ud_own_key(const ConnectXObj *qp)
{
    return CX_GET(qpc, cx_qpc(qp), st) == CX_QP_GSI ?
           CX_QKEY_GSI : CX_GET(qpc, cx_qpc(qp), q_key);
}

static ConnectXSyndrome cx_ud_send(ConnectXFunction *fn, ConnectXObj *qp,
                                   const ConnectXWqe *wqe,
                                   ConnectXBudget *budget)
{
    const uint8_t *av = wqe->raw + CX_AV_AT;
    uint32_t key = ldl_be_p(av + CX_AV_KEY);
    uint8_t data[CX_ROCE_PAYLOAD_MAX];
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    ConnectXRoceEnds ends;
    ConnectXRoce p = {
        .opcode = wqe->opcode == CX_WR_SEND_IMM ? CX_UD_SEND_ONLY_IMM :
                                                  CX_UD_SEND_ONLY,
        .solicited = wqe->flags & CX_WR_SOLICITED, .pkey = CX_ROCE_PKEY,
        .qpn = ldl_be_p(av + CX_AV_QPN) & 0xffffff, .psn = run->psn,
        .q_key = key & CX_QKEY_OWN ? cx_ud_own_key(qp) : key,
        .source_qpn = cx_ud_own_qpn(qp), .imm = wqe->imm,
        .payload = data, .payload_len = wqe->len,
    };

    if (wqe->opcode != CX_WR_SEND && wqe->opcode != CX_WR_SEND_IMM) {
        return CX_SYN_LOCAL_QP_OP;
    }
    if (wqe->len > cx_path_mtu(qp)) {
        return CX_SYN_LOCAL_LENGTH;
    }
    if (!cx_wqe_gather(fn, qp, wqe, 0, data, wqe->len)) {
        return CX_SYN_LOCAL_PROT;
    }
    run->psn = cx_psn_add(run->psn, 1);
    cx_path_send(fn, qp, cx_path_of_datagram(fn, av, &ends) ? &ends : NULL,
                 &p, budget);
    return CX_SYN_NONE;
}

/* The next request; false: the queue pair is in error. */
static bool cx_ud_step(ConnectXFunction *fn, ConnectXObj *qp, uint32_t todo,
                       ConnectXBudget *budget)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    ConnectXSyndrome syndrome;
    ConnectXWqe wqe;
    bool good;

    syndrome = cx_wqe_read(fn, qp, run->next, todo, &wqe);
    cx_budget_spend(budget, 1, 0);
    if (syndrome == CX_SYN_NONE && wqe.opcode != CX_WR_NOP) {
        syndrome = cx_ud_send(fn, qp, &wqe, budget);
    }
    run->head = run->next = (run->next + wqe.blocks) & CX_WQ_INDEX_MASK;
    if (syndrome == CX_SYN_NONE) {
        good = cx_wqe_complete(fn, qp, &wqe);
    } else {
        cx_guest_error(fn, "QP 0x%" PRIx64 ": bad request, opcode 0x%x, "
                       "syndrome %u", qp->id, wqe.opcode, syndrome);
        good = cx_wqe_fail(fn, qp, &wqe, syndrome);
        cx_qp_set_state(fn, qp, CX_QP_SQER);
    }
    if (!good) {
        cx_guest_error(fn, "QP 0x%" PRIx64 ": cannot complete", qp->id);
        cx_qp_set_state(fn, qp, CX_QP_ERR);
        cx_qp_event(fn, qp, CX_EV_WQ_CATAS);
    }
    return qp->run.state == CX_QP_RTS;
}

bool cx_ud_work(ConnectXFunction *fn, ConnectXObj *qp, ConnectXBudget *budget)
{
    uint32_t todo;

    do {
        if (!cx_qp_send_todo(fn, qp, &todo)) {
            cx_guest_error(fn, "QP 0x%" PRIx64 ": bad doorbell record",
                           qp->id);
            cx_qp_set_state(fn, qp, CX_QP_ERR);
            cx_qp_event(fn, qp, CX_EV_WQ_CATAS);
            return false;
        }
        if (todo && cx_budget_spent(budget)) {
            return true;
        }
    } while (todo && cx_ud_step(fn, qp, todo, budget));
    return false;
}

/* Its IP header, where a GRH would be */
static void cx_ud_grh(const ConnectXFrame *frame, uint8_t grh[CX_GRH_BYTES])
{
    ConnectXHeaders h;

    memset(grh, 0, CX_GRH_BYTES);
    if (!cx_headers_parse(frame->data, frame->len, &h)) {
        return;
    }
    if (h.version == 6) {
        memcpy(grh, frame->data + h.l3, CX_IP6_HEADER);
    } else {
        memcpy(grh + CX_GRH_BYTES - CX_IP4_HEADER, frame->data + h.l3,
               CX_IP4_HEADER);
    }
}

static void cx_ud_complete(ConnectXFunction *fn, ConnectXObj *qp,
                           uint16_t index, const ConnectXRoceEnds *ends,
                           const ConnectXRoce *p)
{
    bool imm = cx_roce_means(p->opcode) & CX_ROCE_IMM;
    bool gsi = CX_GET(qpc, cx_qpc(qp), st) == CX_QP_GSI;
    uint8_t cqe[64] = { 0 };

    stl_be_p(cqe + CX_QP_CQE_RQPN, CX_RQPN_GRH | p->source_qpn |
             (ends->v6 ? CX_RQPN_V6 : CX_RQPN_V4));
    if (ends->tagged) {
        cqe[CX_QP_CQE_HDR_TYPE] = 1;
        stw_be_p(cqe + CX_QP_CQE_VLAN, ends->tci);
    }
    stl_be_p(cqe + CX_QP_CQE_IMM, gsi ? p->pkey : p->imm);
    stl_be_p(cqe + CX_QP_CQE_BYTES, CX_GRH_BYTES + p->payload_len);
    if (!cx_recv_complete(fn, qp, index, imm ? CX_CQE_OP_RECV_IMM :
                                               CX_CQE_OP_RECV, cqe,
                          p->solicited)) {
        cx_guest_error(fn, "QP 0x%" PRIx64 ": cannot complete", qp->id);
        cx_qp_set_state(fn, qp, CX_QP_ERR);
        cx_qp_event(fn, qp, CX_EV_WQ_CATAS);
    }
}

void cx_ud_receive(ConnectXFunction *fn, ConnectXObj *qp,
                   const ConnectXFrame *frame, const ConnectXRoceEnds *ends,
                   const ConnectXRoce *p)
{
    uint8_t grh[CX_GRH_BYTES];
    ConnectXSyndrome syndrome;
    ConnectXRecv recv;

    if (qp->run.state < CX_QP_RTR || qp->run.state == CX_QP_ERR ||
        p->q_key != cx_ud_own_key(qp)) {
        return;
    }
    if (cx_recv_take(fn, qp, &recv) != CX_RECV_OK) {
        cx_qp_count(fn, qp, CX_COUNT_NO_BUFFER);
        return;
    }
    cx_ud_grh(frame, grh);
    syndrome = cx_recv_scatter(fn, qp, &recv, 0, grh, sizeof(grh));
    if (syndrome == CX_SYN_NONE) {
        syndrome = cx_recv_scatter(fn, qp, &recv, sizeof(grh), p->payload,
                                   p->payload_len);
    }
    if (syndrome == CX_SYN_NONE) {
        cx_ud_complete(fn, qp, recv.index, ends, p);
        return;
    }
    if (syndrome != CX_SYN_LOCAL_LENGTH) {
        cx_guest_error(fn, "QP 0x%" PRIx64 ": bad receive request, syndrome "
                       "%u", qp->id, syndrome);
    }
    cx_recv_fail(fn, qp, recv.index, syndrome);
    cx_qp_set_state(fn, qp, CX_QP_ERR);
}
