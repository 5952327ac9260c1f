/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs, as objects
 *
 * States and contexts are kept, and what the firmware sends to its driver is
 * received (queue/rc.c); no request of a driver's is sent through them.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "obj/obj.h"
#include "queue/qp.h"
#include "queue/wq.h"

/* qpc.rq_type: a receive queue of its own; others have none in their buffer */
#define CX_QP_RQ_REGULAR    0
#define CX_QP_LOG_STRIDE    4           /* of log_rq_stride 0 */

bool cx_qp_has_rq(const uint8_t *qpc)
{
    return CX_GET(qpc, qpc, rq_type) == CX_QP_RQ_REGULAR;
}

/* It comes first in the buffer. */
ConnectXRing cx_qp_recv_ring(const ConnectXObj *qp)
{
    const uint8_t *qpc = CX_ADDR(create_qp_in, qp->in, qpc);

    return (ConnectXRing) {
        .obj = qp,
        .offset = CX_GET(qpc, qpc, page_offset) * 64,
        .page_shift = CX_GET(qpc, qpc, log_page_size) + CX_PAGE_SHIFT,
        .log_size = CX_GET(qpc, qpc, log_rq_size),
        .log_stride = CX_GET(qpc, qpc, log_rq_stride) + CX_QP_LOG_STRIDE,
    };
}

/* Bytes of a queue pair's one buffer: receive queue, then send queue. */
static uint64_t cx_qp_bytes(const uint8_t *qpc)
{
    uint64_t bytes = 0;

    if (cx_qp_has_rq(qpc)) {
        bytes = 1ull << (CX_GET(qpc, qpc, log_rq_size) +
                         CX_GET(qpc, qpc, log_rq_stride) + CX_QP_LOG_STRIDE);
    }
    if (!CX_GET(qpc, qpc, no_sq)) {
        bytes += (uint64_t)CX_WQEBB_SIZE << CX_GET(qpc, qpc, log_sq_size);
    }
    return bytes;
}

uint32_t cx_qp_pages(const uint8_t *qpc)
{
    uint8_t shift = CX_GET(qpc, qpc, log_page_size) + CX_PAGE_SHIFT;
    uint64_t bytes = cx_qp_bytes(qpc);

    if (!bytes) {
        return 0;
    }
    bytes += CX_GET(qpc, qpc, page_offset) * 64;
    return DIV_ROUND_UP(bytes, 1ull << shift);
}

static ConnectXStatus cx_qp_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *qpc = CX_ADDR(create_qp_in, obj->in, qpc);
    uint32_t cqn_snd = CX_GET(qpc, qpc, cqn_snd);
    uint32_t cqn_rcv = CX_GET(qpc, qpc, cqn_rcv);
    ConnectXStatus status;

    if (obj->run.state > CX_QP_ERR ||
        CX_GET(create_qp_in, obj->in, wq_umem_valid) ||
        CX_GET(qpc, qpc, dbr_umem_valid) || obj->npas != cx_qp_pages(qpc)) {
        return CX_BAD_PARAM;
    }
    status = cx_obj_use(fn, obj, CX_OBJ_PD, CX_GET(qpc, qpc, pd));
    if (status == CX_OK && cqn_snd) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, cqn_snd);
    }
    if (status == CX_OK && cqn_rcv) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, cqn_rcv);
    }
    return status;
}

static const ConnectXObjType cx_qp_kind = {
    .kind = CX_OBJ_QP, .name = "QP", CX_OBJ_IN(create_qp_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << CX_LOG_QUEUES, .saved = true,
    .link = cx_qp_link,
};

void cx_qp_register(void)
{
    cx_obj_add_type(&cx_qp_kind);
}
