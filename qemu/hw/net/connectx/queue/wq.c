/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what send queues, receive queues and RMPs share
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "obj/obj.h"
#include "queue/wq.h"

ConnectXRing cx_wq_ring(const ConnectXObj *obj, const uint8_t *wq)
{
    return (ConnectXRing) {
        .obj = obj,
        .offset = CX_GET(wq, wq, page_offset) * 64,
        .page_shift = CX_GET(wq, wq, log_wq_pg_sz) + CX_PAGE_SHIFT,
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

/* What RQ, SQ and RMP have in common: ring, protection domain, no UMEM. */
ConnectXStatus cx_wq_link(ConnectXFunction *fn, ConnectXObj *obj,
                          const uint8_t *wq)
{
    ConnectXRing ring = cx_wq_ring(obj, wq);
    uint32_t pages = cx_ring_pages(&ring);

    if (!pages || obj->npas != pages || ring.log_size > CX_LOG_WQ_SIZE_MAX ||
        CX_GET(wq, wq, dbr_umem_valid) || CX_GET(wq, wq, wq_umem_valid) ||
        !cx_wq_run_good(&obj->run)) {
        return CX_BAD_PARAM;
    }
    /* A receive queue that only drops names no domain. */
    if (obj->kind == CX_OBJ_RQ && !CX_GET(wq, wq, pd)) {
        return CX_OK;
    }
    return cx_obj_use(fn, obj, CX_OBJ_PD, CX_GET(wq, wq, pd));
}
