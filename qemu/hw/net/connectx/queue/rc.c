/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: messages from one queue pair of a function to another
 *
 * The firmware speaks to the function's driver in that way: through a queue
 * pair without queues of its own, connected to one that the driver posts
 * receive requests to. Drivers give neither of them an address, so no packet
 * could carry what is said; the receiving half is that of all queue pairs.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "obj/obj.h"
#include "queue/eq.h"
#include "queue/qp.h"
#include "queue/rc.h"
#include "queue/recv.h"
#include "queue/wq.h"

/* The queue pair that it is connected to, which has to think so, too */
static ConnectXObj *cx_rc_peer(ConnectXFunction *fn, uint32_t qpn)
{
    ConnectXObj *from = cx_obj_find(fn, CX_OBJ_QP, qpn), *to;

    if (!from || from->run.state != CX_QP_RTS ||
        CX_GET(qpc, cx_qpc(from), st) != CX_QP_RC) {
        return NULL;
    }
    to = cx_obj_find(fn, CX_OBJ_QP, CX_GET(qpc, cx_qpc(from), remote_qpn));
    if (!to || to == from ||
        (to->run.state != CX_QP_RTR && to->run.state != CX_QP_RTS) ||
        CX_GET(qpc, cx_qpc(to), st) != CX_QP_RC ||
        CX_GET(qpc, cx_qpc(to), remote_qpn) != qpn ||
        !cx_qp_has_rq(cx_qpc(to))) {
        return NULL;
    }
    return to;
}

/* It receives no more, and its driver is told. */
static ConnectXRcStatus cx_rc_break(ConnectXFunction *fn, ConnectXObj *qp,
                                    const char *why)
{
    cx_guest_error(fn, "QP 0x%" PRIx64 ": %s", qp->id, why);
    cx_qp_set_state(fn, qp, CX_QP_ERR);
    cx_qp_event(fn, qp, CX_EV_WQ_CATAS);
    return CX_RC_BROKEN;
}

ConnectXRcStatus cx_rc_room(ConnectXFunction *fn, uint32_t qpn,
                            uint64_t *bytes)
{
    ConnectXObj *to = cx_rc_peer(fn, qpn);
    ConnectXRecvStatus status;
    ConnectXRecv recv;

    *bytes = 0;
    if (!to) {
        return CX_RC_BROKEN;
    }
    status = cx_recv_peek(fn, to, &recv);
    *bytes = recv.room;
    return status == CX_RECV_OK ? CX_RC_OK :
           status == CX_RECV_NONE ? CX_RC_NOT_READY :
           cx_rc_break(fn, to, "no receive request can be had");
}

ConnectXRcStatus cx_rc_send(ConnectXFunction *fn, uint32_t qpn,
                            const void *buf, uint64_t len, uint32_t imm)
{
    ConnectXObj *to = cx_rc_peer(fn, qpn);
    uint8_t cqe[64] = { 0 };
    ConnectXSyndrome syndrome;
    ConnectXRecv recv;
    bool good;

    if (!to || cx_recv_take(fn, to, &recv) != CX_RECV_OK) {
        return CX_RC_BROKEN;
    }
    syndrome = cx_recv_scatter(fn, to, &recv, 0, buf, len);
    if (syndrome == CX_SYN_NONE) {
        stl_be_p(cqe + CX_QP_CQE_IMM, imm);
        stl_be_p(cqe + CX_QP_CQE_BYTES, len);
        good = cx_recv_complete(fn, to, recv.index, CX_CQE_OP_RECV_IMM, cqe,
                                false);
    } else {
        good = cx_recv_fail(fn, to, recv.index, syndrome);
    }
    if (!good) {
        return cx_rc_break(fn, to, "cannot complete");
    }
    if (syndrome != CX_SYN_NONE) {
        cx_guest_error(fn, "QP 0x%" PRIx64 ": bad receive request, syndrome %u",
                       to->id, syndrome);
        cx_qp_set_state(fn, to, CX_QP_ERR);
        return CX_RC_BROKEN;
    }
    return CX_RC_OK;
}
