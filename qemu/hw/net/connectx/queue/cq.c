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
#include "obj/umem.h"
#include "queue/cq.h"
#include "queue/eq.h"
#include "queue/moderate.h"
#include "trace.h"

/* CQ_ERROR event: number in the first word, syndrome in the third's low byte */
#define CX_CQ_ERROR_OVERRUN 1
#define CX_CQ_ERROR_ACCESS  2

/*
 * Word of a request to be told: bits 29:28 number the driver's events, bit 24
 * asks for solicited completions alone, bits 23:0 are what it has consumed.
 */
#define CX_ARM_SN_SHIFT     28
#define CX_ARM_SN_MASK      3
#define CX_ARM_SOLICITED    (1u << 24)

enum {                      /* run.count: requests by number + 1, 0 for none */
    CX_CQ_ASKED,
    CX_CQ_FIRED,
};

#define CX_CQE_SIZE         64
#define CX_CQE_TIMESTAMP    48
#define CX_CQE_REQ_ERR      13
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
    uint8_t shift = CX_GET(cqc, cqc, log_page_size) + CX_PAGE_SHIFT;

    return (ConnectXRing) {
        .obj = cq,
        .offset = cx_ring_offset(CX_GET(cqc, cqc, page_offset), shift),
        .page_shift = shift,
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
        CX_GET(cqc, cqc, cqe_sz) > 1 ||
        obj->run.pi > CX_INDEX_MASK || obj->run.ci > CX_INDEX_MASK ||
        obj->run.count[CX_CQ_ASKED] > CX_ARM_SN_MASK + 1 ||
        obj->run.count[CX_CQ_FIRED] > CX_ARM_SN_MASK + 1) {
        return CX_BAD_PARAM;
    }
    status = cx_umem_use(fn, obj, CX_GET(cqc, cqc, dbr_umem_valid),
                         cx_bits_get(cqc, CX_BIT_CQC_DBR_UMEM_ID, 32));
    if (status == CX_OK) {
        status = cx_umem_use(fn, obj,
                             CX_GET(create_cq_in, obj->in, cq_umem_valid),
                             cx_bits_get(obj->in, CX_BIT_CQ_UMEM_ID, 32));
    }
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_EQ, cx_cq_eqn(obj));
    }
    if (status != CX_OK) {
        return status;
    }
    return cx_obj_use(fn, obj, CX_OBJ_UAR, CX_GET(cqc, cqc, uar_page));
}

static void cx_cq_fail(ConnectXFunction *fn, ConnectXObj *cq, uint8_t why)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    cx_guest_error(fn, "CQ 0x%" PRIx64 " %s", cq->id,
                   why == CX_CQ_ERROR_OVERRUN ? "overrun" : "out of reach");
    cx_obj_run(fn, cq)->dead = true;
    stl_be_p(data, cq->id);
    data[11] = why;
    cx_eq_post(fn, CX_EV_CQ_ERROR, 0, data);
}

/* Is there a free entry? */
static bool cx_cq_check(ConnectXFunction *fn, ConnectXObj *cq)
{
    const uint8_t *cqc = cx_cqc(cq);
    uint8_t dbr[4];
    uint32_t used;

    if (CX_GET(cqc, cqc, oi)) {
        return true;
    }
    if (!cx_dma_read(fn, CX_GET64(cqc, cqc, dbr_addr), dbr, sizeof(dbr))) {
        cx_cq_fail(fn, cq, CX_CQ_ERROR_ACCESS);
        return false;
    }
    used = (cq->run.pi - ldl_be_p(dbr)) & CX_INDEX_MASK;
    if (used >= 1u << CX_GET(cqc, cqc, log_cq_size)) {
        cx_cq_fail(fn, cq, CX_CQ_ERROR_OVERRUN);
        return false;
    }
    return true;
}

/*
 * The request to be told was carried out: repeating it, which a driver does
 * that has not seen the event yet, asks for nothing.
 */
static void cx_cq_fire(ConnectXFunction *fn, ConnectXObj *cq)
{
    ConnectXObjRun *run = cx_obj_run(fn, cq);

    run->armed = false;
    run->count[CX_CQ_FIRED] = run->count[CX_CQ_ASKED];
    cx_eq_post_comp(fn, cx_cq_eqn(cq), cq->id);
}

/* At once, or when there are enough completions, or after a while. */
static void cx_cq_fire_in_time(ConnectXFunction *fn, ConnectXObj *cq)
{
    uint32_t period = CX_GET(cqc, cx_cqc(cq), cq_period);
    uint32_t enough = CX_GET(cqc, cx_cqc(cq), cq_max_count);
    uint32_t new = (cq->run.pi - cq->run.ci) & CX_INDEX_MASK;

    if (!period || (enough && new >= enough)) {
        cx_cq_fire(fn, cq);
    } else {
        cx_moderate_wait(fn, cq->id, period);
    }
}

static bool cx_cq_write(ConnectXFunction *fn, ConnectXObj *cq,
                        const uint8_t cqe[CX_CQE_SIZE])
{
    ConnectXRing ring = cx_cq_ring(cq);
    uint32_t at = cx_cq_wide(cq) ? CX_CQE_SIZE : 0;

    if (!cx_ring_write(fn, &ring, cq->run.pi, at, cqe, CX_CQE_OP_OWN)) {
        return false;
    }
    /* The owner bit hands the entry over: it must be seen last. */
    smp_wmb();
    return cx_ring_write(fn, &ring, cq->run.pi, at + CX_CQE_OP_OWN,
                         cqe + CX_CQE_OP_OWN, 1);
}

bool cx_cq_post(ConnectXFunction *fn, uint32_t cqn, uint8_t cqe[64],
                bool solicited)
{
    ConnectXObj *cq = cx_obj_find(fn, CX_OBJ_CQ, cqn);

    if (!cq || cq->run.dead || !cx_cq_check(fn, cq)) {
        return false;
    }
    /* One that tells of an error has the syndrome there. */
    if (cqe[CX_CQE_OP_OWN] >> 4 < CX_CQE_REQ_ERR) {
        stq_be_p(cqe + CX_CQE_TIMESTAMP, cx_fn_timer_ns(fn));
    }
    cqe[CX_CQE_OP_OWN] &= ~1;
    cqe[CX_CQE_OP_OWN] |= (cq->run.pi >>
                           CX_GET(cqc, cx_cqc(cq), log_cq_size)) & 1;
    trace_connectx_cq_post(fn->number, cq->id, cq->run.pi,
                           cqe[CX_CQE_OP_OWN] >> 4);
    if (!cx_cq_write(fn, cq, cqe)) {
        cx_cq_fail(fn, cq, CX_CQ_ERROR_ACCESS);
        return false;
    }
    cx_obj_run(fn, cq)->pi = (cq->run.pi + 1) & CX_INDEX_MASK;
    if (cq->run.armed && solicited && cq->run.solicited) {
        cx_cq_fire(fn, cq);
    } else if (cq->run.armed && !cq->run.solicited) {
        cx_cq_fire_in_time(fn, cq);
    }
    return true;
}

static bool cx_cq_due(const ConnectXObj *cq)
{
    return cq->run.armed && !cq->run.solicited && cq->run.pi != cq->run.ci;
}

/* See ConnectXModerated */
static void cx_cq_waited(ConnectXFunction *fn, uint32_t cqn)
{
    ConnectXObj *cq = cx_obj_find(fn, CX_OBJ_CQ, cqn);

    if (cq && cx_cq_due(cq) && cx_fn_may_dma(fn)) {
        cx_cq_fire(fn, cq);
    }
}

/*
 * The driver writes the same word to the record and to the doorbell, in that
 * order: by the time that the doorbell is looked at the record may be newer.
 */
static void cx_cq_check_record(ConnectXFunction *fn, const ConnectXObj *cq,
                               uint32_t request)
{
    uint8_t record[4];
    uint32_t ahead;

    if (!cx_dma_read(fn, CX_GET64(cqc, cx_cqc(cq), dbr_addr) + 4, record,
                     sizeof(record))) {
        return;
    }
    ahead = (ldl_be_p(record) - request) & CX_INDEX_MASK;
    if (ahead > CX_INDEX_MASK / 2) {
        cx_guest_error(fn, "CQ 0x%" PRIx64 ": armed at 0x%x, with 0x%x in the "
                       "doorbell record", cq->id, request, ldl_be_p(record));
    }
}

/* What the driver says it has consumed, of what was there for it */
static bool cx_cq_plausible(const ConnectXObj *cq, uint32_t ci)
{
    const uint8_t *cqc = cx_cqc(cq);

    return CX_GET(cqc, cqc, oi) || ((cq->run.pi - ci) & CX_INDEX_MASK) <=
                                   1u << CX_GET(cqc, cqc, log_cq_size);
}

static bool cx_cq_arm_good(ConnectXFunction *fn, const ConnectXObj *cq,
                           uint32_t page, uint32_t request)
{
    if (page != CX_GET(cqc, cx_cqc(cq), uar_page)) {
        cx_guest_error(fn, "arm of CQ 0x%" PRIx64 " by page %u, which is not "
                       "its own", cq->id, page);
        return false;
    }
    if (!cx_cq_plausible(cq, request)) {
        cx_guest_error(fn, "arm of CQ 0x%" PRIx64 " at 0x%x, with 0x%x "
                       "produced", cq->id, request & CX_INDEX_MASK,
                       cq->run.pi);
        return false;
    }
    cx_cq_check_record(fn, cq, request);
    return true;
}

void cx_cq_arm(ConnectXFunction *fn, uint32_t page, uint32_t cqn,
               uint32_t request)
{
    ConnectXObj *cq = cx_obj_find(fn, CX_OBJ_CQ, cqn);
    /* One more than the number, so that 0 stands for none. */
    uint32_t asked = (request >> CX_ARM_SN_SHIFT & CX_ARM_SN_MASK) + 1;
    ConnectXObjRun *run;

    trace_connectx_cq_arm(fn->number, cqn, request & CX_INDEX_MASK,
                          request & CX_ARM_SOLICITED);
    if (!cq) {
        cx_guest_error(fn, "arm of CQ 0x%x, which does not exist", cqn);
        return;
    }
    if (!cx_cq_arm_good(fn, cq, page, request)) {
        return;
    }
    if (asked == cq->run.count[CX_CQ_FIRED]) {
        trace_connectx_cq_arm_stale(fn->number, cqn, asked - 1);
        return;
    }
    run = cx_obj_run(fn, cq);
    run->armed = true;
    run->count[CX_CQ_ASKED] = asked;
    run->solicited = request & CX_ARM_SOLICITED;
    run->ci = request & CX_INDEX_MASK;
    if (cx_cq_due(cq) && cx_fn_may_dma(fn)) {
        cx_cq_fire_in_time(fn, cq);
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
    CX_OBJ_ID24, .has_pas = true, .limit = 1 << CX_LOG_QUEUES, .saved = true,
    .link = cx_cq_link,
};

static const ConnectXParticipant cx_cq_part = {
    .name = "cq",
    .resume = cx_cq_resume,
};

void cx_cq_register(void)
{
    cx_obj_add_type(&cx_cq_kind);
    cx_moderate_set_done(cx_cq_waited);
    cx_fn_register(&cx_cq_part);
}
