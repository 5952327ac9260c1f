/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what send queues, receive queues and RMPs share
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "host/dma.h"
#include "host/sched.h"
#include "obj/obj.h"
#include "obj/umem.h"
#include "queue/cq.h"
#include "queue/eq.h"
#include "queue/wq.h"

/* CQE fields of an error; opcodes of send and of receive queues */
enum {
    CX_CQE_SYNDROME     = 55,
    CX_CQE_OPCODE_QPN   = 56,
    CX_CQE_WQE_COUNTER  = 60,
    CX_CQE_OP_OWN       = 63,
    CX_CQE_REQ_ERR      = 13,
    CX_CQE_RESP_ERR     = 14,
};

/* Data of a queue's event: its type and its number */
#define CX_EV_WQ_TYPE       20
#define CX_EV_WQ_NUMBER     24
#define CX_EV_TYPE_RQ       1
#define CX_EV_TYPE_SQ       2

ConnectXRing cx_wq_ring(const ConnectXObj *obj, const uint8_t *wq)
{
    uint8_t shift = CX_GET(wq, wq, log_wq_pg_sz) + CX_PAGE_SHIFT;

    return (ConnectXRing) {
        .obj = obj,
        .offset = cx_ring_offset(CX_GET(wq, wq, page_offset), shift),
        .page_shift = shift,
        .log_size = CX_GET(wq, wq, log_wq_sz),
        .log_stride = CX_GET(wq, wq, log_wq_stride),
    };
}

static bool cx_wq_run_good(const ConnectXObjRun *run)
{
    return run->pi <= CX_WQ_INDEX_MASK &&
           (run->state == CX_WQ_RST || run->state == CX_WQ_RDY ||
            run->state == CX_WQ_ERR);
}

/* What RQ, SQ and RMP have in common: ring, protection domain. */
ConnectXStatus cx_wq_link(ConnectXFunction *fn, ConnectXObj *obj,
                          const uint8_t *wq)
{
    ConnectXRing ring = cx_wq_ring(obj, wq);
    uint32_t pages = cx_ring_pages(&ring);
    ConnectXStatus status;

    if (!pages || obj->npas != pages || ring.log_size > CX_LOG_WQ_SIZE_MAX ||
        !cx_wq_run_good(&obj->run)) {
        return CX_BAD_PARAM;
    }
    status = cx_umem_use(fn, obj, CX_GET(wq, wq, dbr_umem_valid),
                         CX_GET(wq, wq, dbr_umem_id));
    if (status == CX_OK) {
        status = cx_umem_use(fn, obj, CX_GET(wq, wq, wq_umem_valid),
                             CX_GET(wq, wq, wq_umem_id));
    }
    if (status != CX_OK) {
        return status;
    }
    /* A receive queue that only drops names no domain. */
    if (obj->kind == CX_OBJ_RQ && !CX_GET(wq, wq, pd)) {
        return CX_OK;
    }
    return cx_obj_use(fn, obj, CX_OBJ_PD, CX_GET(wq, wq, pd));
}

static const uint8_t *cx_sq_or_rq(const ConnectXObj *obj, bool *is_sq)
{
    *is_sq = obj->kind == CX_OBJ_SQ;
    return *is_sq ? CX_ADDR(create_sq_in, obj->in, ctx) :
                    CX_ADDR(create_rq_in, obj->in, ctx);
}

static uint32_t cx_wq_cqn(const ConnectXObj *obj)
{
    bool is_sq;
    const uint8_t *ctx = cx_sq_or_rq(obj, &is_sq);

    return is_sq ? CX_GET(sqc, ctx, cqn) : CX_GET(rqc, ctx, cqn);
}

bool cx_wq_flushes(const ConnectXObj *obj)
{
    bool is_sq;
    const uint8_t *ctx = cx_sq_or_rq(obj, &is_sq);

    return obj->run.state == CX_WQ_ERR &&
           (is_sq ? CX_GET(sqc, ctx, flush_in_error_en) :
                    CX_GET(rqc, ctx, flush_in_error_en));
}

bool cx_wq_todo(ConnectXFunction *fn, const ConnectXObj *obj,
                const ConnectXRing *ring, uint32_t *todo)
{
    bool is_sq;
    const uint8_t *ctx = cx_sq_or_rq(obj, &is_sq);
    /* The record's first word is the receive side's, the second the other's. */
    uint64_t at = is_sq ? CX_GET64(sqc, ctx, wq.dbr_addr) + 4 :
                          CX_GET64(rqc, ctx, wq.dbr_addr);
    uint8_t dbr[4];

    if (!cx_dma_read(fn, at, dbr, sizeof(dbr))) {
        return false;
    }
    *todo = (ldl_be_p(dbr) - obj->run.pi) & CX_WQ_INDEX_MASK;
    return *todo <= 1u << ring->log_size;
}

void cx_wq_set_state(ConnectXFunction *fn, ConnectXObj *obj, uint8_t state)
{
    ConnectXObjRun *run = cx_obj_run(fn, obj);

    if (state == CX_WQ_RST || run->state == CX_WQ_RST) {
        run->pi = 0;
        run->armed = false;
    }
    if (state != run->state) {
        /* A request that was being sent is begun anew, or flushed. */
        memset(run->count, 0, sizeof(run->count));
    }
    run->state = state;
    if (cx_wq_flushes(obj)) {
        cx_sched_add(fn, obj->id);
    }
}

void cx_wq_catastrophe(ConnectXFunction *fn, ConnectXObj *obj,
                       const char *why)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };
    bool is_sq = obj->kind == CX_OBJ_SQ;

    cx_guest_error(fn, "%s 0x%" PRIx64 ": %s", is_sq ? "SQ" : "RQ", obj->id,
                   why);
    cx_wq_set_state(fn, obj, CX_WQ_ERR);
    data[CX_EV_WQ_TYPE] = is_sq ? CX_EV_TYPE_SQ : CX_EV_TYPE_RQ;
    stl_be_p(data + CX_EV_WQ_NUMBER, obj->id);
    cx_eq_post(fn, CX_EV_WQ_CATAS, 0, data);
}

bool cx_wq_complete(ConnectXFunction *fn, ConnectXObj *obj, uint8_t cqe[64],
                    bool solicited)
{
    return cx_cq_post(fn, cx_wq_cqn(obj), cqe, solicited);
}

bool cx_wq_complete_error(ConnectXFunction *fn, ConnectXObj *obj,
                          uint8_t opcode, ConnectXSyndrome syndrome)
{
    uint8_t cqe[64] = { 0 };

    cqe[CX_CQE_SYNDROME] = syndrome;
    stl_be_p(cqe + CX_CQE_OPCODE_QPN, opcode << 24 | obj->id);
    stw_be_p(cqe + CX_CQE_WQE_COUNTER, obj->run.pi);
    cqe[CX_CQE_OP_OWN] = (obj->kind == CX_OBJ_SQ ? CX_CQE_REQ_ERR :
                                                   CX_CQE_RESP_ERR) << 4;
    return cx_wq_complete(fn, obj, cqe, true);
}
