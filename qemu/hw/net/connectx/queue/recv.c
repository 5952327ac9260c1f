/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: receive requests of queue pairs
 *
 * A queue of its own is a ring in which requests follow each other. One that is
 * shared is a list: each request says which comes next, and the driver counts
 * those that it has put at its end.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "host/dma.h"
#include "obj/obj.h"
#include "queue/cq.h"
#include "queue/eq.h"
#include "queue/recv.h"
#include "queue/ring.h"
#include "queue/xrc_srq.h"

#define CX_SEG_BYTES        16
#define CX_SEG_LEN_MASK     0x7fffffff
#define CX_NEXT_SEG_INDEX   2           /* of a shared queue's requests */

/* Data of a shared queue's event */
#define CX_EV_SRQ_NUMBER    24

#define CX_NO_USER_INDEX    0xffffff

/* Where the requests lie: the queue pair, or the queue that it shares */
typedef struct ConnectXRecvQueue {
    ConnectXObj *obj;
    const char *name;
    bool shared;
    ConnectXRing ring;
    uint64_t record;
    uint32_t todo;                      /* posted, when it was looked at last */
} ConnectXRecvQueue;

uint32_t cx_segs_read(const uint8_t *list, uint32_t bytes, ConnectXSeg *seg,
                      uint32_t max, uint64_t *room)
{
    uint32_t n = 0;

    *room = 0;
    for (uint32_t at = 0; at + CX_SEG_BYTES <= bytes && n < max;
         at += CX_SEG_BYTES) {
        uint32_t len = ldl_be_p(list + at) & CX_SEG_LEN_MASK;
        uint32_t key = ldl_be_p(list + at + 4);

        if (!len && key == CX_MKEY_TERMINATE_LIST) {
            break;
        }
        seg[n++] = (ConnectXSeg) {
            .len = len, .key = key, .va = ldq_be_p(list + at + 8),
        };
        *room += len;
    }
    return n;
}

ConnectXKeyUser cx_qp_key_user(const ConnectXObj *qp)
{
    return (ConnectXKeyUser) {
        .pd = CX_GET(qpc, cx_qpc(qp), pd), .number = qp->id,
        .reserved = CX_GET(qpc, cx_qpc(qp), rlky) &&
                    !cx_uid_is_user(cx_uid(qp->in)),
    };
}

ConnectXObj *cx_recv_xrc_srq(const ConnectXFunction *fn,
                             const ConnectXObj *qp, uint32_t srqn)
{
    ConnectXObj *srq = cx_obj_find(fn, CX_OBJ_XRC_SRQ, srqn);

    return srq && CX_GET(xrc_srqc, cx_xrc_srqc(srq), xrcd) ==
                  CX_GET(qpc, cx_qpc(qp), xrcd) ? srq : NULL;
}

ConnectXKeyUser cx_recv_key_user(const ConnectXFunction *fn,
                                 const ConnectXObj *qp, uint32_t srqn)
{
    ConnectXKeyUser by = cx_qp_key_user(qp);
    const ConnectXObj *srq;

    if (cx_qp_is_xrc(qp)) {
        srq = cx_recv_xrc_srq(fn, qp, srqn);
        /* No key is in domain 0. */
        by.pd = srq ? CX_GET(xrc_srqc, cx_xrc_srqc(srq), pd) : 0;
        by.reserved = srq && CX_GET(xrc_srqc, cx_xrc_srqc(srq), rlky) &&
                      !cx_uid_is_user(cx_uid(srq->in));
    }
    return by;
}

static void cx_recv_queue_xrc(ConnectXFunction *fn, const ConnectXObj *qp,
                              ConnectXRecvQueue *q)
{
    q->name = "XRC SRQ";
    q->obj = cx_recv_xrc_srq(fn, qp, cx_qp_run(qp)->srqn);
    if (q->obj) {
        q->ring = cx_xrc_srq_ring(q->obj);
        q->record = cx_xrc_srq_record(q->obj);
    }
}

static uint8_t *cx_rmp_wq(const ConnectXObj *rmp)
{
    return CX_ADDR(create_rmp_in, rmp->in, ctx.wq);
}

static void cx_recv_queue_rmp(ConnectXFunction *fn, const ConnectXObj *qp,
                              ConnectXRecvQueue *q)
{
    q->name = "RMP";
    q->obj = cx_obj_find(fn, CX_OBJ_RMP,
                         CX_GET(qpc, cx_qpc(qp), srqn_rmpn_xrqn));
    if (q->obj) {
        q->ring = cx_wq_ring(q->obj, cx_rmp_wq(q->obj));
        q->record = CX_GET64(wq, cx_rmp_wq(q->obj), dbr_addr);
    }
}

static bool cx_recv_queue(ConnectXFunction *fn, ConnectXObj *qp,
                          ConnectXRecvQueue *q)
{
    const uint8_t *qpc = cx_qpc(qp);

    q->shared = cx_qp_shares_rq(qpc);
    if (cx_qp_is_xrc(qp)) {
        cx_recv_queue_xrc(fn, qp, q);
        return q->obj;
    }
    if (q->shared) {
        cx_recv_queue_rmp(fn, qp, q);
        return q->obj;
    }
    q->name = "QP";
    q->obj = qp;
    q->ring = cx_qp_recv_ring(qp);
    q->record = CX_GET64(qpc, qpc, dbr_addr);
    return cx_qp_has_rq(qpc);
}

static bool cx_recv_read(ConnectXFunction *fn, const ConnectXRecvQueue *q,
                         uint16_t index, ConnectXRecv *recv, uint16_t *next)
{
    uint8_t wqe[(CX_RECV_SEGS_MAX + 1) * CX_SEG_BYTES];
    uint32_t len = MIN(1u << q->ring.log_stride, sizeof(wqe));
    uint32_t head = q->shared ? CX_SEG_BYTES : 0;

    if (!cx_ring_read(fn, &q->ring, index, 0, wqe, len)) {
        return false;
    }
    *next = q->shared ? lduw_be_p(wqe + CX_NEXT_SEG_INDEX) : index + 1;
    recv->index = index;
    recv->nr_segs = len < head ? 0 :
                    cx_segs_read(wqe + head, len - head, recv->seg,
                                 CX_RECV_SEGS_MAX, &recv->room);
    return true;
}

static ConnectXRecvStatus cx_recv_next(ConnectXFunction *fn,
                                       ConnectXRecvQueue *q,
                                       ConnectXRecv *recv, uint16_t *next)
{
    uint16_t index = q->shared ? q->obj->run.ci : q->obj->run.pi;
    uint8_t record[4];
    uint32_t todo;

    if (!cx_dma_read(fn, q->record, record, sizeof(record))) {
        cx_guest_error(fn, "%s 0x%" PRIx64 ": record out of reach",
                       q->name, q->obj->id);
        return CX_RECV_BROKEN;
    }
    todo = (ldl_be_p(record) - q->obj->run.pi) & CX_WQ_INDEX_MASK;
    if (todo > 1u << q->ring.log_size) {
        cx_guest_error(fn, "%s 0x%" PRIx64 ": more is posted than there is",
                       q->name, q->obj->id);
        return CX_RECV_BROKEN;
    }
    if (!todo) {
        return CX_RECV_NONE;
    }
    q->todo = todo;
    if (!cx_recv_read(fn, q, index, recv, next)) {
        cx_guest_error(fn, "%s 0x%" PRIx64 ": receive request out of reach",
                       q->name, q->obj->id);
        return CX_RECV_BROKEN;
    }
    return CX_RECV_OK;
}

ConnectXRecvStatus cx_recv_peek(ConnectXFunction *fn, ConnectXObj *qp,
                                ConnectXRecv *recv)
{
    ConnectXRecvQueue q;
    uint16_t next;

    memset(recv, 0, sizeof(*recv));
    return cx_recv_queue(fn, qp, &q) ? cx_recv_next(fn, &q, recv, &next) :
                                       CX_RECV_NONE;
}

void cx_recv_set_limit(ConnectXFunction *fn, ConnectXObj *shared,
                       uint16_t limit)
{
    if (shared->kind == CX_OBJ_XRC_SRQ) {
        CX_SET(xrc_srqc, cx_xrc_srqc(shared), lwm, limit);
    } else {
        CX_SET(wq, cx_rmp_wq(shared), lwm, limit);
    }
    cx_obj_touch(fn, shared);
    cx_obj_run(fn, shared)->armed = limit;
}

static uint16_t cx_recv_limit(const ConnectXObj *shared)
{
    return shared->kind == CX_OBJ_XRC_SRQ ?
           CX_GET(xrc_srqc, cx_xrc_srqc(shared), lwm) :
           CX_GET(wq, cx_rmp_wq(shared), lwm);
}

static void cx_recv_look_at_limit(ConnectXFunction *fn,
                                  const ConnectXRecvQueue *q)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    if (q->obj->run.armed && q->todo - 1 < cx_recv_limit(q->obj)) {
        cx_obj_run(fn, q->obj)->armed = false;
        stl_be_p(data + CX_EV_SRQ_NUMBER, q->obj->id);
        cx_eq_post(fn, CX_EV_SRQ_LIMIT, 0, data);
    }
}

ConnectXRecvStatus cx_recv_take(ConnectXFunction *fn, ConnectXObj *qp,
                                ConnectXRecv *recv)
{
    ConnectXRecvQueue q;
    ConnectXRecvStatus status;
    ConnectXObjRun *run;
    uint16_t next;

    memset(recv, 0, sizeof(*recv));
    if (!cx_recv_queue(fn, qp, &q)) {
        return CX_RECV_NONE;
    }
    status = cx_recv_next(fn, &q, recv, &next);
    if (status == CX_RECV_OK) {
        run = cx_obj_run(fn, q.obj);
        run->pi = (run->pi + 1) & CX_WQ_INDEX_MASK;
        if (q.shared) {
            run->ci = next & ((1u << q.ring.log_size) - 1);
            cx_recv_look_at_limit(fn, &q);
        }
    }
    return status;
}

bool cx_recv_again(ConnectXFunction *fn, ConnectXObj *qp, uint16_t index,
                   ConnectXRecv *recv)
{
    ConnectXRecvQueue q;
    uint16_t next;

    memset(recv, 0, sizeof(*recv));
    return cx_recv_queue(fn, qp, &q) &&
           cx_recv_read(fn, &q, index, recv, &next);
}

ConnectXSyndrome cx_recv_scatter(ConnectXFunction *fn, ConnectXObj *qp,
                                 const ConnectXRecv *recv, uint64_t offset,
                                 const uint8_t *buf, uint32_t len)
{
    ConnectXKeyUser by = cx_recv_key_user(fn, qp, cx_qp_run(qp)->srqn);
    /* However much there is, a message has no more. */
    uint64_t room = MIN(recv->room, 1u << CX_LOG_QP_MESSAGE);

    if (offset > room || len > room - offset) {
        return CX_SYN_LOCAL_LENGTH;
    }
    for (uint32_t i = 0; len && i < recv->nr_segs; i++) {
        const ConnectXSeg *seg = &recv->seg[i];
        uint32_t n;

        if (offset >= seg->len) {
            offset -= seg->len;
            continue;
        }
        n = MIN(len, seg->len - offset);
        if (!cx_mkey_scatter(fn, by, seg->key, seg->va + offset, buf, n)) {
            return CX_SYN_LOCAL_PROT;
        }
        offset = 0;
        buf += n;
        len -= n;
    }
    return CX_SYN_NONE;
}

/* The index that its user gave, or the number of a shared queue */
static void cx_recv_cqe_name(uint8_t cqe[64], uint32_t user, uint32_t number)
{
    stl_be_p(cqe + CX_QP_CQE_SRQN, user != CX_NO_USER_INDEX ? user : number);
}

void cx_qp_cqe(const ConnectXObj *qp, uint8_t cqe[64], uint8_t wqe_opcode,
               uint16_t index, uint8_t opcode)
{
    const uint8_t *qpc = cx_qpc(qp);

    cx_recv_cqe_name(cqe, CX_GET(qpc, qpc, user_index),
                     cx_qp_shares_rq(qpc) ?
                     CX_GET(qpc, qpc, srqn_rmpn_xrqn) : 0);
    stl_be_p(cqe + CX_QP_CQE_OPCODE_QPN, (uint32_t)wqe_opcode << 24 | qp->id);
    stw_be_p(cqe + CX_QP_CQE_WQE_COUNTER, index);
    cqe[CX_QP_CQE_OP_OWN] = opcode << 4;
}

bool cx_recv_complete(ConnectXFunction *fn, ConnectXObj *qp, uint16_t index,
                      uint8_t opcode, uint8_t cqe[64], bool solicited)
{
    uint32_t cqn = CX_GET(qpc, cx_qpc(qp), cqn_rcv);
    const ConnectXObj *srq;

    cx_qp_cqe(qp, cqe, 0, index, opcode);
    if (cx_qp_is_xrc(qp)) {
        srq = cx_recv_xrc_srq(fn, qp, cx_qp_run(qp)->srqn);
        if (!srq) {
            return false;
        }
        cqn = CX_GET(xrc_srqc, cx_xrc_srqc(srq), cqn);
        cx_recv_cqe_name(cqe, cx_xrc_srq_user_index(srq), srq->id);
    }
    return cx_cq_post(fn, cqn, cqe, solicited);
}

static void cx_recv_count(ConnectXFunction *fn, const ConnectXObj *qp,
                          ConnectXSyndrome syndrome)
{
    cx_qp_count(fn, qp, CX_COUNT_RESP_ERRORS);
    switch (syndrome) {
    case CX_SYN_FLUSHED:
        cx_qp_count(fn, qp, CX_COUNT_RESP_FLUSHED);
        break;
    case CX_SYN_LOCAL_LENGTH:
        cx_qp_count(fn, qp, CX_COUNT_RESP_LENGTH);
        break;
    case CX_SYN_LOCAL_PROT:
        cx_qp_count(fn, qp, CX_COUNT_RESP_PROTECTION);
        break;
    default:
        break;
    }
}

bool cx_recv_fail(ConnectXFunction *fn, ConnectXObj *qp, uint16_t index,
                  ConnectXSyndrome syndrome)
{
    uint8_t cqe[64] = { 0 };

    cx_recv_count(fn, qp, syndrome);
    cqe[CX_QP_CQE_SYNDROME] = syndrome;
    return cx_recv_complete(fn, qp, index, CX_CQE_OP_RECV_ERR, cqe, true);
}
