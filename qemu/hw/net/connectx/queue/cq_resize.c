/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: completion queues that get another ring
 *
 * What is not consumed stays in the old ring, which ends with a completion that
 * says so. The driver takes it over, one entry further on, and so does the
 * count of what was produced.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "host/dma.h"
#include "obj/obj.h"
#include "queue/cq.h"
#include "queue/ring.h"

#define CX_CQE_BYTES        64
#define CX_CQE_OP_OWN       63
#define CX_CQE_OP_RESIZED   5

static uint8_t *cx_resized_cqc(uint8_t *in)
{
    return CX_ADDR(create_cq_in, in, cq_context);
}

/* Completions that the driver has not consumed; false: it cannot be told. */
static bool cx_cq_used(ConnectXFunction *fn, const ConnectXObj *cq,
                       uint32_t *used)
{
    uint8_t dbr[4];

    if (!cx_dma_read(fn, CX_GET64(cqc, cx_resized_cqc(cq->in), dbr_addr), dbr,
                     sizeof(dbr))) {
        return false;
    }
    *used = (cq->run.pi - ldl_be_p(dbr)) & CX_INDEX_MASK;
    return true;
}

/* The creation input with the geometry of cqc */
static uint8_t *cx_cq_reshaped(const ConnectXObj *cq, const uint8_t *cqc)
{
    uint8_t *in = g_memdup2(cq->in, cq->in_len);
    uint8_t *to = cx_resized_cqc(in);

    CX_SET(cqc, to, log_cq_size, CX_GET(cqc, cqc, log_cq_size));
    CX_SET(cqc, to, log_page_size, CX_GET(cqc, cqc, log_page_size));
    CX_SET(cqc, to, page_offset, CX_GET(cqc, cqc, page_offset));
    CX_SET(cqc, to, cqe_sz, CX_GET(cqc, cqc, cqe_sz));
    return in;
}

/* Makes it the queue that in and pas say; false, and as it was, if it cannot */
static bool cx_cq_become(ConnectXFunction *fn, ConnectXObj *cq,
                         const uint8_t *in, uint64_t *pas, uint32_t npas)
{
    g_autofree uint8_t *old_in = g_memdup2(cq->in, cq->in_len);
    uint64_t *old_pas = g_memdup2(cq->pas, cq->npas * sizeof(*cq->pas));
    uint32_t in_len = cq->in_len, old_npas = cq->npas;

    if (cx_obj_replace(fn, cq, in, in_len, pas, npas) != CX_OK) {
        g_free(old_pas);
        return false;
    }
    if (cx_obj_link(fn, cq) != CX_OK) {
        cx_obj_replace(fn, cq, old_in, in_len, old_pas, old_npas);
        cx_obj_link(fn, cq);
        return false;
    }
    g_free(old_pas);
    return true;
}

/* old: the queue as it was, its number of completions that which it still is */
static bool cx_cq_say_resized(ConnectXFunction *fn, const ConnectXObj *old)
{
    ConnectXRing ring = cx_cq_ring(old);
    uint32_t at = (1u << ring.log_stride) - CX_CQE_BYTES;
    uint8_t cqe[CX_CQE_BYTES] = { 0 };

    cqe[CX_CQE_OP_OWN] = CX_CQE_OP_RESIZED << 4 |
                         (old->run.pi >> ring.log_size & 1);
    return cx_ring_write(fn, &ring, old->run.pi, at, cqe, sizeof(cqe));
}

ConnectXStatus cx_cq_resize(ConnectXFunction *fn, ConnectXObj *cq,
                            const uint8_t *cqc, const uint8_t *list,
                            uint64_t room)
{
    g_autofree uint8_t *in = cx_cq_reshaped(cq, cqc);
    g_autofree uint8_t *old_in = g_memdup2(cq->in, cq->in_len);
    g_autofree uint64_t *old_pas = g_memdup2(cq->pas,
                                             cq->npas * sizeof(*cq->pas));
    ConnectXObj look = { .kind = CX_OBJ_CQ, .in = in };
    ConnectXObj old = {
        .kind = CX_OBJ_CQ, .id = cq->id, .in = old_in, .in_len = cq->in_len,
        .pas = old_pas, .npas = cq->npas, .run = cq->run,
    };
    ConnectXRing ring = cx_cq_ring(&look);
    uint32_t pages = cx_ring_pages(&ring), used;
    uint64_t *pas;

    if (!pages || pages > room || ring.log_size > CX_LOG_CQ_SIZE_MAX) {
        return CX_BAD_PARAM;
    }
    /* All that is there and the last one fit both. */
    if (cq->run.dead || !cx_cq_used(fn, cq, &used) ||
        used >= 1u << CX_GET(cqc, cx_resized_cqc(cq->in), log_cq_size)) {
        return CX_BAD_RES_STATE;
    }
    if (used >= 1u << ring.log_size) {
        return CX_BAD_PARAM;
    }
    pas = g_new(uint64_t, pages);
    for (uint32_t i = 0; i < pages; i++) {
        pas[i] = ldq_be_p(list + i * 8);
    }
    if (!cx_cq_become(fn, cq, in, pas, pages)) {
        return CX_BAD_PARAM;
    }
    cx_cq_say_resized(fn, &old);
    cx_obj_run(fn, cq)->pi = (cq->run.pi + 1) & CX_INDEX_MASK;
    return CX_OK;
}
