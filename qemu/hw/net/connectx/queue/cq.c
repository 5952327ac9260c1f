/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: completion queues
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "obj/obj.h"
#include "queue/cq.h"
#include "queue/eq.h"
#include "trace.h"

/* CQ_ERROR event: number in the first word, syndrome in the third's low byte */
#define CX_CQ_ERROR_OVERRUN 1

#define CX_CQE_SIZE         64
#define CX_CQE_OP_OWN       63

static const uint8_t *cx_cqc(const ConnectXObj *cq)
{
    return CX_ADDR(create_cq_in, cq->in, cq_context);
}

/* cqe_sz 0 is 64 bytes, 1 is 128 with the CQE in the second half. */
static bool cx_cq_wide(const ConnectXObj *cq)
{
    return CX_GET(cqc, cx_cqc(cq), cqe_sz) == 1;
}

static uint8_t cx_cq_eqn(const ConnectXObj *cq)
{
    return CX_GET(cqc, cx_cqc(cq), c_eqn_or_apu_element) & 0xff;
}

ConnectXRing cx_cq_ring(const ConnectXObj *cq)
{
    const uint8_t *cqc = cx_cqc(cq);

    return (ConnectXRing) {
        .obj = cq,
        .offset = CX_GET(cqc, cqc, page_offset) * 64,
        .page_shift = CX_GET(cqc, cqc, log_page_size) + CX_PAGE_SHIFT,
        .log_size = CX_GET(cqc, cqc, log_cq_size),
        .log_stride = cx_cq_wide(cq) ? 7 : 6,
    };
}

static ConnectXStatus cx_cq_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *cqc = cx_cqc(obj);
    ConnectXRing ring = cx_cq_ring(obj);
    uint32_t pages = cx_ring_pages(&ring);
    ConnectXStatus status;

    if (!pages || obj->npas != pages || ring.log_size > CX_LOG_CQ_SIZE_MAX ||
        CX_GET(cqc, cqc, cqe_sz) > 1 || CX_GET(cqc, cqc, dbr_umem_valid) ||
        CX_GET(create_cq_in, obj->in, cq_umem_valid) ||
        obj->run.pi > CX_INDEX_MASK || obj->run.ci > CX_INDEX_MASK) {
        return CX_BAD_PARAM;
    }
    status = cx_obj_use(fn, obj, CX_OBJ_EQ, cx_cq_eqn(obj));
    if (status != CX_OK) {
        return status;
    }
    return cx_obj_use(fn, obj, CX_OBJ_UAR, CX_GET(cqc, cqc, uar_page));
}

static bool cx_cq_overrun(ConnectXFunction *fn, ConnectXObj *cq)
{
    const uint8_t *cqc = cx_cqc(cq);
    uint8_t dbr[4];
    uint32_t used;

    if (CX_GET(cqc, cqc, oi)) {
        return false;
    }
    if (!cx_dma_read(fn, CX_GET64(cqc, cqc, dbr_addr), dbr, sizeof(dbr))) {
        return true;
    }
    used = (cq->run.pi - ldl_be_p(dbr)) & CX_INDEX_MASK;
    return used >= 1u << CX_GET(cqc, cqc, log_cq_size);
}

static void cx_cq_fail(ConnectXFunction *fn, ConnectXObj *cq)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    cx_guest_error(fn, "CQ 0x%" PRIx64 " overrun", cq->id);
    cq->run.dead = true;
    stl_be_p(data, cq->id);
    data[11] = CX_CQ_ERROR_OVERRUN;
    cx_eq_post(fn, CX_EV_CQ_ERROR, 0, data);
}

static void cx_cq_fire(ConnectXFunction *fn, ConnectXObj *cq)
{
    cq->run.armed = false;
    cx_eq_post_comp(fn, cx_cq_eqn(cq), cq->id);
}

void cx_cq_post(ConnectXFunction *fn, uint32_t cqn, uint8_t cqe[64],
                bool solicited)
{
    ConnectXObj *cq = cx_obj_find(fn, CX_OBJ_CQ, cqn);
    ConnectXRing ring;
    uint32_t at;

    if (!cq || cq->run.dead) {
        return;
    }
    if (cx_cq_overrun(fn, cq)) {
        cx_cq_fail(fn, cq);
        return;
    }
    ring = cx_cq_ring(cq);
    at = cx_cq_wide(cq) ? CX_CQE_SIZE : 0;
    cqe[CX_CQE_OP_OWN] &= ~1;
    cqe[CX_CQE_OP_OWN] |= (cq->run.pi >> ring.log_size) & 1;
    trace_connectx_cq_post(fn->number, cq->id, cq->run.pi,
                           cqe[CX_CQE_OP_OWN] >> 4);

    cx_ring_write(fn, &ring, cq->run.pi, at, cqe, CX_CQE_OP_OWN);
    /* The owner bit hands the entry over: it must be seen last. */
    smp_wmb();
    cx_ring_write(fn, &ring, cq->run.pi, at + CX_CQE_OP_OWN,
                  cqe + CX_CQE_OP_OWN, 1);
    cq->run.pi = (cq->run.pi + 1) & CX_INDEX_MASK;
    if (cq->run.armed && (solicited || !cq->run.solicited)) {
        cx_cq_fire(fn, cq);
    }
}

static bool cx_cq_due(const ConnectXObj *cq)
{
    return cq->run.armed && !cq->run.solicited && cq->run.pi != cq->run.ci;
}

void cx_cq_arm(ConnectXFunction *fn, uint32_t cqn, uint32_t ci, bool solicited)
{
    ConnectXObj *cq = cx_obj_find(fn, CX_OBJ_CQ, cqn);

    trace_connectx_cq_arm(fn->number, cqn, ci, solicited);
    if (!cq) {
        cx_guest_error(fn, "arm of CQ 0x%x, which does not exist", cqn);
        return;
    }
    cq->run.armed = true;
    cq->run.solicited = solicited;
    cq->run.ci = ci & CX_INDEX_MASK;
    if (cx_cq_due(cq) && cx_fn_may_dma(fn)) {
        cx_cq_fire(fn, cq);
    }
}

static bool cx_cq_refire(ConnectXObj *cq, void *opaque)
{
    if (cx_cq_due(cq)) {
        cx_cq_fire(opaque, cq);
    }
    return false;
}

static void cx_cq_resume(ConnectXFunction *fn)
{
    if (cx_fn_may_dma(fn)) {
        cx_obj_foreach(fn, CX_OBJ_CQ, cx_cq_refire, fn);
    }
}

static const ConnectXObjType cx_cq_kind = {
    .kind = CX_OBJ_CQ, .name = "CQ", CX_OBJ_IN(create_cq_in),
    CX_OBJ_ID24, .has_pas = true, .limit = 1 << 16, .saved = true,
    .link = cx_cq_link,
};

static const ConnectXParticipant cx_cq_part = {
    .name = "cq",
    .resume = cx_cq_resume,
};

void cx_cq_register(void)
{
    cx_obj_add_type(&cx_cq_kind);
    cx_fn_register(&cx_cq_part);
}
