/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs
 *
 * Context, states and rings. What requests ask for is carried out above
 * (rdma/), in turns; what the firmware sends to its driver goes by queue/rc.c.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "host/sched.h"
#include "obj/obj.h"
#include "obj/umem.h"
#include "queue/eq.h"
#include "queue/qp.h"
#include "queue/wq.h"
#include "trace.h"

/* qpc.rq_type: a receive queue of its own; others have none in their buffer */
#define CX_QP_RQ_REGULAR    0
#define CX_QP_RQ_SHARED     1
#define CX_QP_LOG_STRIDE    4           /* of log_rq_stride 0 */
#define CX_QP_TYPE_MAX      0xf

/* Data of a queue pair's event: its type is 0 */
#define CX_EV_QP_NUMBER     24

/* The record's words: what is posted to receive, and to send */
#define CX_QP_RECORD_SEND   4

QEMU_BUILD_BUG_ON(sizeof(ConnectXQpRun) % sizeof(uint64_t));

static const ConnectXQpUser *cx_qp_user;

void cx_qp_set_user(const ConnectXQpUser *user)
{
    cx_qp_user = user;
}

bool cx_qp_work(ConnectXFunction *fn, ConnectXObj *qp, ConnectXBudget *budget)
{
    return cx_qp_user && cx_qp_user->work(fn, qp, budget);
}

bool cx_qp_has_rq(const uint8_t *qpc)
{
    return CX_GET(qpc, qpc, rq_type) == CX_QP_RQ_REGULAR;
}

bool cx_qp_shares_rq(const uint8_t *qpc)
{
    return CX_GET(qpc, qpc, rq_type) == CX_QP_RQ_SHARED;
}

bool cx_qp_has_sq(const uint8_t *qpc)
{
    return !CX_GET(qpc, qpc, no_sq);
}

static uint8_t cx_qp_page_shift(const uint8_t *qpc)
{
    return CX_GET(qpc, qpc, log_page_size) + CX_PAGE_SHIFT;
}

static uint64_t cx_qp_offset(const uint8_t *qpc)
{
    return cx_ring_offset(CX_GET(qpc, qpc, page_offset),
                          cx_qp_page_shift(qpc));
}

/* It comes first in the buffer. */
ConnectXRing cx_qp_recv_ring(const ConnectXObj *qp)
{
    const uint8_t *qpc = cx_qpc(qp);

    return (ConnectXRing) {
        .obj = qp,
        .offset = cx_qp_offset(qpc),
        .page_shift = cx_qp_page_shift(qpc),
        .log_size = CX_GET(qpc, qpc, log_rq_size),
        .log_stride = CX_GET(qpc, qpc, log_rq_stride) + CX_QP_LOG_STRIDE,
    };
}

static uint32_t cx_qp_recv_bytes(const uint8_t *qpc)
{
    return cx_qp_has_rq(qpc) ? 1u << (CX_GET(qpc, qpc, log_rq_size) +
                                      CX_GET(qpc, qpc, log_rq_stride) +
                                      CX_QP_LOG_STRIDE) : 0;
}

ConnectXRing cx_qp_send_ring(const ConnectXObj *qp)
{
    const uint8_t *qpc = cx_qpc(qp);

    return (ConnectXRing) {
        .obj = qp,
        .offset = cx_qp_offset(qpc) + cx_qp_recv_bytes(qpc),
        .page_shift = cx_qp_page_shift(qpc),
        .log_size = CX_GET(qpc, qpc, log_sq_size),
        .log_stride = ctz32(CX_WQEBB_SIZE),
    };
}

bool cx_qp_send_todo(ConnectXFunction *fn, const ConnectXObj *qp,
                     uint32_t *todo)
{
    const uint8_t *qpc = cx_qpc(qp);
    uint8_t dbr[4];

    *todo = 0;
    /* The record of a queue whose doorbell never rang is of another life. */
    if (!cx_qp_has_sq(qpc) || !qp->run.armed) {
        return true;
    }
    if (!cx_dma_read(fn, CX_GET64(qpc, qpc, dbr_addr) + CX_QP_RECORD_SEND, dbr,
                     sizeof(dbr))) {
        return false;
    }
    *todo = (ldl_be_p(dbr) - cx_qp_run(qp)->next) & CX_WQ_INDEX_MASK;
    return *todo <= 1u << CX_GET(qpc, qpc, log_sq_size);
}

/* Bytes of a queue pair's one buffer: receive queue, then send queue. */
static uint64_t cx_qp_bytes(const uint8_t *qpc)
{
    uint64_t bytes = cx_qp_recv_bytes(qpc);

    if (cx_qp_has_sq(qpc)) {
        bytes += (uint64_t)CX_WQEBB_SIZE << CX_GET(qpc, qpc, log_sq_size);
    }
    return bytes;
}

uint32_t cx_qp_pages(const uint8_t *qpc)
{
    uint64_t bytes = cx_qp_bytes(qpc);

    if (!bytes) {
        return 0;
    }
    bytes += cx_qp_offset(qpc);
    return DIV_ROUND_UP(bytes, 1ull << cx_qp_page_shift(qpc));
}

static bool cx_qp_answers_good(const ConnectXQpRun *run)
{
    for (int i = 0; i < CX_QP_READS; i++) {
        const ConnectXQpAnswer *a = &run->ring[i];

        if (a->kind > CX_ANSWER_ATOMIC || a->psn > CX_PSN_MASK ||
            a->key > UINT32_MAX || a->len > 1u << CX_LOG_QP_MESSAGE ||
            a->srqn > CX_ID24_LAST) {
            return false;
        }
    }
    return run->answer < CX_QP_READS && run->answers <= CX_QP_READS &&
           run->answered <= CX_PSN_MASK;
}

/* Whatever an image says, it is within what is reckoned with. */
static bool cx_qp_run_good(const ConnectXObj *qp)
{
    const ConnectXQpRun *run = cx_qp_run(qp);

    return qp->run.state <= CX_QP_ERR && qp->run.pi <= CX_WQ_INDEX_MASK &&
           (run->head | run->next | run->recv) <= CX_WQ_INDEX_MASK &&
           (run->head_psn | run->next_psn | run->una_psn | run->psn |
            run->top_psn | run->epsn | run->msn | run->owed_psn) <=
           CX_PSN_MASK && run->reads <= CX_QP_READS && run->retries <= 8 &&
           run->rnr_retries <= 8 && run->message <= CX_MESSAGE_WRITE &&
           run->offset <= 1u << CX_LOG_QP_MESSAGE &&
           run->len <= 1u << CX_LOG_QP_MESSAGE && run->key <= UINT32_MAX &&
           run->srqn <= CX_ID24_LAST &&
           (run->recv_held | run->nak_told) <= 1 && run->owes <= CX_OWES_NAK &&
           run->syndrome <= 0xff && run->ack_due <= INT64_MAX &&
           run->rnr_due <= INT64_MAX && cx_qp_answers_good(run);
}

/* Buffer and record can lie in memory of user space. */
static ConnectXStatus cx_qp_use_umem(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *qpc = CX_ADDR(create_qp_in, obj->in, qpc);
    ConnectXStatus status;

    status = cx_umem_use(fn, obj, CX_GET(qpc, qpc, dbr_umem_valid),
                         cx_bits_get(qpc, CX_BIT_QPC_DBR_UMEM_ID, 32));
    if (status != CX_OK) {
        return status;
    }
    return cx_umem_use(fn, obj, CX_GET(create_qp_in, obj->in, wq_umem_valid),
                       CX_GET(create_qp_in, obj->in, wq_umem_id));
}

/*
 * The queue that it shares. One of XRC names one of the driver's, which nothing
 * comes of, and the domain whose queues its peer may name.
 */
static ConnectXStatus cx_qp_use_shared(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *qpc = CX_ADDR(create_qp_in, obj->in, qpc);
    uint32_t srqn = CX_GET(qpc, qpc, srqn_rmpn_xrqn);
    ConnectXStatus status;

    if (!cx_qp_is_xrc(obj)) {
        return cx_qp_shares_rq(qpc) ?
               cx_obj_use(fn, obj, CX_OBJ_RMP, srqn) : CX_OK;
    }
    if (!cx_qp_shares_rq(qpc)) {
        return CX_BAD_PARAM;
    }
    status = cx_obj_use(fn, obj, CX_OBJ_XRC_SRQ, srqn);
    return status == CX_OK ? cx_obj_use(fn, obj, CX_OBJ_XRCD,
                                        CX_GET(qpc, qpc, xrcd)) : status;
}

/* Management's, and one that changes keys of all domains */
static bool cx_qp_is_privileged(const uint8_t *qpc)
{
    uint8_t type = CX_GET(qpc, qpc, st);

    return type == CX_QP_GSI || type == CX_QP_REG_UMR;
}

static ConnectXStatus cx_qp_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *qpc = CX_ADDR(create_qp_in, obj->in, qpc);
    uint32_t pd = CX_GET(qpc, qpc, pd);
    uint32_t cqn_snd = CX_GET(qpc, qpc, cqn_snd);
    uint32_t cqn_rcv = CX_GET(qpc, qpc, cqn_rcv);
    ConnectXStatus status;

    if (CX_GET(qpc, qpc, st) > CX_QP_TYPE_MAX || !cx_qp_run_good(obj) ||
        obj->npas != cx_qp_pages(qpc) ||
        (cx_uid_is_user(cx_uid(obj->in)) && cx_qp_is_privileged(qpc))) {
        return CX_BAD_PARAM;
    }
    /* mlx5_ib's queue pair of requests that fill keys is in no domain. */
    status = CX_GET(qpc, qpc, st) == CX_QP_REG_UMR && !pd ?
             CX_OK : cx_obj_use(fn, obj, CX_OBJ_PD, pd);
    if (status == CX_OK && cqn_snd) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, cqn_snd);
    }
    if (status == CX_OK && cqn_rcv) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, cqn_rcv);
    }
    if (status == CX_OK) {
        status = cx_qp_use_umem(fn, obj);
    }
    if (status == CX_OK) {
        status = cx_qp_use_shared(fn, obj);
    }
    return status;
}

/* What a state begins with: numbers that the command brought, or nothing */
static void cx_qp_enter(ConnectXFunction *fn, ConnectXObj *qp, uint8_t state)
{
    const uint8_t *qpc = cx_qpc(qp);
    ConnectXQpRun *run = cx_qp_go(fn, qp);

    switch (state) {
    case CX_QP_RST:
        memset(run, 0, sizeof(*run));
        cx_obj_run(fn, qp)->pi = 0;
        cx_obj_run(fn, qp)->armed = false;
        break;
    case CX_QP_RTR:
        run->epsn = CX_GET(qpc, qpc, next_rcv_psn);
        break;
    case CX_QP_RTS:
        run->head_psn = run->next_psn = run->una_psn = run->psn =
            run->top_psn = CX_GET(qpc, qpc, next_send_psn);
        break;
    default:
        break;
    }
}

void cx_qp_event(ConnectXFunction *fn, const ConnectXObj *qp, uint8_t event)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    stl_be_p(data + CX_EV_QP_NUMBER, qp->id);
    cx_eq_post(fn, event, 0, data);
}

void cx_qp_set_state(ConnectXFunction *fn, ConnectXObj *qp, uint8_t state)
{
    uint8_t before = qp->run.state;

    trace_connectx_qp_state(fn->number, qp->id, before, state);
    cx_obj_run(fn, qp)->state = state;
    if (state == CX_QP_RST ||
        (state == CX_QP_RTR && before == CX_QP_INIT) ||
        (state == CX_QP_RTS && before == CX_QP_RTR)) {
        cx_qp_enter(fn, qp, state);
    }
    if (cx_qp_user) {
        cx_qp_user->moved(fn, qp, before);
    }
    if (state == CX_QP_ERR || state == CX_QP_RTS || state == CX_QP_SQER) {
        cx_sched_add(fn, qp->id);
    }
}

ConnectXStatus cx_qp_move(ConnectXFunction *fn, ConnectXObj *qp,
                          uint16_t opcode, uint32_t optional,
                          const uint8_t *qpc, ConnectXQpSyndrome *syndrome)
{
    uint8_t *own = CX_ADDR(create_qp_in, qp->in, qpc);
    uint8_t type = CX_GET(qpc, own, st), to;
    ConnectXStatus status;

    status = cx_qp_move_check(opcode, type, qp->run.state, qpc, optional, &to,
                              syndrome);
    if (status != CX_OK) {
        return status;
    }
    if (to != CX_QP_ERR && to != CX_QP_RST) {
        cx_qp_move_take(opcode, type, optional, own, qpc);
        cx_obj_touch(fn, qp);
    }
    cx_qp_set_state(fn, qp, to);
    return CX_OK;
}

void cx_qp_query(ConnectXFunction *fn, const ConnectXObj *qp, uint8_t *qpc)
{
    const ConnectXQpRun *run = cx_qp_run(qp);

    memcpy(qpc, cx_qpc(qp), CX_SZ(qpc));
    CX_SET(qpc, qpc, state, qp->run.state);
    CX_SET(qpc, qpc, hw_sq_wqebb_counter, run->next);
    CX_SET(qpc, qpc, hw_rq_counter, qp->run.pi);
    if (qp->run.state >= CX_QP_RTR) {
        CX_SET(qpc, qpc, next_rcv_psn, run->epsn);
        CX_SET(qpc, qpc, rmsn, run->msn);
    }
    if (qp->run.state >= CX_QP_RTS) {
        CX_SET(qpc, qpc, next_send_psn, run->psn);
        CX_SET(qpc, qpc, last_acked_psn, cx_psn_add(run->una_psn, -1));
        CX_SET(qpc, qpc, cur_retry_count, run->retries);
        CX_SET(qpc, qpc, cur_rnr_retry, run->rnr_retries);
    }
}

void cx_qp_doorbell(ConnectXFunction *fn, uint32_t page, ConnectXObj *qp)
{
    const uint8_t *qpc = cx_qpc(qp);

    if (!cx_qp_has_sq(qpc) || page != CX_GET(qpc, qpc, uar_page)) {
        cx_guest_error(fn, "doorbell for QP 0x%" PRIx64 " by page %u, which is "
                       "not its own", qp->id, page);
        return;
    }
    if (qp->run.state < CX_QP_RTS) {
        cx_guest_error(fn, "doorbell for QP 0x%" PRIx64 ", which is not ready",
                       qp->id);
        return;
    }
    cx_obj_run(fn, qp)->armed = true;
    cx_sched_add(fn, qp->id);
}

static bool cx_qp_look(ConnectXObj *qp, void *opaque)
{
    if (qp->run.state >= CX_QP_RTR) {
        cx_sched_add(opaque, qp->id);
    }
    return false;
}

static void cx_qp_resume(ConnectXFunction *fn)
{
    if (cx_fn_may_dma(fn)) {
        cx_obj_foreach(fn, CX_OBJ_QP, cx_qp_look, fn);
    }
}

static const ConnectXParticipant cx_qp_part = {
    .name = "qp",
    .resume = cx_qp_resume,
};

static const ConnectXObjType cx_qp_kind = {
    .kind = CX_OBJ_QP, .name = "QP", CX_OBJ_IN(create_qp_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << CX_LOG_QUEUES, .saved = true, .more = CX_QP_RUN_WORDS,
    .link = cx_qp_link,
};

void cx_qp_register(void)
{
    cx_obj_add_type(&cx_qp_kind);
    cx_fn_register(&cx_qp_part);
}
