/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: messages from one queue pair of a function to another
 *
 * The firmware speaks to the function's driver in that way: through a queue
 * pair without queues of its own, connected to one that the driver posts
 * receive requests to. Drivers post by the doorbell record alone, which is read
 * when there is something to send.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "host/dma.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "queue/cq.h"
#include "queue/eq.h"
#include "queue/qp.h"
#include "queue/rc.h"
#include "queue/ring.h"
#include "queue/wq.h"

/* A receive request: data segments, as many as there are or fit */
#define CX_SEG_BYTES        16
#define CX_SEGS_MAX         32
#define CX_SEG_LEN_MASK     0x7fffffff
#define CX_SEG_END_KEY      0x100       /* ends the list early */

/* A completion with data: see struct mlx5_cqe64 */
enum {
    CX_CQE_IMM              = 36,
    CX_CQE_BYTES            = 44,
    CX_CQE_SYNDROME         = 55,
    CX_CQE_QPN              = 56,
    CX_CQE_WQE_COUNTER      = 60,
    CX_CQE_OP_OWN           = 63,
    CX_CQE_RESP_SEND_IMM    = 3,
    CX_CQE_RESP_ERR         = 14,
};

/* Data of a queue pair's event: its type is 0 */
#define CX_EV_QP_NUMBER     24

typedef struct ConnectXRecv {
    ConnectXObj *qp;
    const uint8_t *qpc;
    uint32_t nr_segs;
    struct {
        uint32_t len, key;
        uint64_t va;
    } seg[CX_SEGS_MAX];
    uint64_t room;
} ConnectXRecv;

static const uint8_t *cx_rc_qpc(const ConnectXObj *qp)
{
    return CX_ADDR(create_qp_in, qp->in, qpc);
}

/* The queue pair that it is connected to, which has to think so, too */
static ConnectXObj *cx_rc_peer(ConnectXFunction *fn, uint32_t qpn)
{
    ConnectXObj *from = cx_obj_find(fn, CX_OBJ_QP, qpn), *to;

    if (!from || from->run.state != CX_QP_RTS ||
        CX_GET(qpc, cx_rc_qpc(from), st) != CX_QP_RC) {
        return NULL;
    }
    to = cx_obj_find(fn, CX_OBJ_QP, CX_GET(qpc, cx_rc_qpc(from), remote_qpn));
    if (!to || to == from ||
        (to->run.state != CX_QP_RTR && to->run.state != CX_QP_RTS) ||
        CX_GET(qpc, cx_rc_qpc(to), st) != CX_QP_RC ||
        CX_GET(qpc, cx_rc_qpc(to), remote_qpn) != qpn ||
        !cx_qp_has_rq(cx_rc_qpc(to))) {
        return NULL;
    }
    return to;
}

/* It receives no more, and its driver is told. */
static ConnectXRcStatus cx_rc_break(ConnectXFunction *fn, ConnectXObj *qp,
                                    const char *why)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    cx_guest_error(fn, "QP 0x%" PRIx64 ": %s", qp->id, why);
    cx_obj_run(fn, qp)->state = CX_QP_ERR;
    stl_be_p(data + CX_EV_QP_NUMBER, qp->id);
    cx_eq_post(fn, CX_EV_WQ_CATAS, 0, data);
    return CX_RC_BROKEN;
}

static void cx_rc_take_segs(ConnectXRecv *recv, const uint8_t *wqe,
                            uint32_t len)
{
    for (uint32_t at = 0; at + CX_SEG_BYTES <= len; at += CX_SEG_BYTES) {
        uint32_t bytes = ldl_be_p(wqe + at) & CX_SEG_LEN_MASK;
        uint32_t key = ldl_be_p(wqe + at + 4);

        if (!bytes && key == CX_SEG_END_KEY) {
            break;
        }
        recv->seg[recv->nr_segs].len = bytes;
        recv->seg[recv->nr_segs].key = key;
        recv->seg[recv->nr_segs].va = ldq_be_p(wqe + at + 8);
        recv->nr_segs++;
        recv->room += bytes;
    }
}

/* The request that the next message lands in; finds its peer in any case. */
static ConnectXRcStatus cx_rc_recv(ConnectXFunction *fn, uint32_t qpn,
                                   ConnectXRecv *recv)
{
    uint8_t dbr[4], wqe[CX_SEGS_MAX * CX_SEG_BYTES];
    ConnectXRing ring;
    uint32_t todo, len;

    memset(recv, 0, sizeof(*recv));
    recv->qp = cx_rc_peer(fn, qpn);
    if (!recv->qp) {
        return CX_RC_BROKEN;
    }
    recv->qpc = cx_rc_qpc(recv->qp);
    ring = cx_qp_recv_ring(recv->qp);
    if (!cx_dma_read(fn, CX_GET64(qpc, recv->qpc, dbr_addr), dbr,
                     sizeof(dbr))) {
        return cx_rc_break(fn, recv->qp, "doorbell record out of reach");
    }
    todo = (ldl_be_p(dbr) - recv->qp->run.pi) & CX_WQ_INDEX_MASK;
    if (todo > 1u << ring.log_size) {
        return cx_rc_break(fn, recv->qp, "more is posted than there is");
    }
    if (!todo) {
        return CX_RC_NOT_READY;
    }
    len = MIN(1u << ring.log_stride, sizeof(wqe));
    if (!cx_ring_read(fn, &ring, recv->qp->run.pi, 0, wqe, len)) {
        return cx_rc_break(fn, recv->qp, "receive request out of reach");
    }
    cx_rc_take_segs(recv, wqe, len);
    return CX_RC_OK;
}

ConnectXRcStatus cx_rc_room(ConnectXFunction *fn, uint32_t qpn,
                            uint64_t *bytes)
{
    ConnectXRecv recv;
    ConnectXRcStatus status = cx_rc_recv(fn, qpn, &recv);

    *bytes = recv.room;
    return status;
}

static bool cx_rc_scatter(ConnectXFunction *fn, const ConnectXRecv *recv,
                          const uint8_t *buf, uint64_t len)
{
    ConnectXKeyUser by = {
        .pd = CX_GET(qpc, recv->qpc, pd), .number = recv->qp->id,
    };

    for (uint32_t i = 0; len && i < recv->nr_segs; i++) {
        uint64_t n = MIN(len, recv->seg[i].len);

        if (!cx_mkey_scatter(fn, by, recv->seg[i].key, recv->seg[i].va, buf,
                             n)) {
            return false;
        }
        buf += n;
        len -= n;
    }
    return true;
}

/* Completes the request at run.pi, well or with an error. */
static bool cx_rc_complete(ConnectXFunction *fn, const ConnectXRecv *recv,
                           ConnectXSyndrome syndrome, uint64_t len,
                           uint32_t imm)
{
    ConnectXObj *qp = recv->qp;
    uint8_t cqe[64] = { 0 };

    if (syndrome == CX_SYN_NONE) {
        stl_be_p(cqe + CX_CQE_IMM, imm);
        stl_be_p(cqe + CX_CQE_BYTES, len);
    }
    cqe[CX_CQE_SYNDROME] = syndrome;
    stl_be_p(cqe + CX_CQE_QPN, qp->id);
    stw_be_p(cqe + CX_CQE_WQE_COUNTER, qp->run.pi);
    cqe[CX_CQE_OP_OWN] = (syndrome == CX_SYN_NONE ? CX_CQE_RESP_SEND_IMM :
                                                    CX_CQE_RESP_ERR) << 4;
    cx_obj_run(fn, qp)->pi = (qp->run.pi + 1) & CX_WQ_INDEX_MASK;
    return cx_cq_post(fn, CX_GET(qpc, recv->qpc, cqn_rcv), cqe,
                      syndrome != CX_SYN_NONE);
}

ConnectXRcStatus cx_rc_send(ConnectXFunction *fn, uint32_t qpn,
                            const void *buf, uint64_t len, uint32_t imm)
{
    ConnectXRecv recv;
    ConnectXRcStatus status = cx_rc_recv(fn, qpn, &recv);
    ConnectXSyndrome syndrome = CX_SYN_NONE;

    if (status != CX_RC_OK) {
        return status;
    }
    if (len > recv.room) {
        syndrome = CX_SYN_LOCAL_LENGTH;
    } else if (!cx_rc_scatter(fn, &recv, buf, len)) {
        syndrome = CX_SYN_LOCAL_PROT;
    }
    if (!cx_rc_complete(fn, &recv, syndrome, len, imm)) {
        return cx_rc_break(fn, recv.qp, "cannot complete");
    }
    if (syndrome != CX_SYN_NONE) {
        cx_guest_error(fn, "QP 0x%" PRIx64 ": bad receive request, syndrome %u",
                       recv.qp->id, syndrome);
        cx_obj_run(fn, recv.qp)->state = CX_QP_ERR;
        return CX_RC_BROKEN;
    }
    return CX_RC_OK;
}
