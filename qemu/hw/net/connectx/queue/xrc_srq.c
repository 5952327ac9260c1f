/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: XRC shared receive queues, as objects
 *
 * Contexts are kept; no packet is received through them.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "obj/obj.h"
#include "queue/ring.h"
#include "queue/xrc_srq.h"

uint32_t cx_xrc_srq_pages(const uint8_t *in)
{
    const uint8_t *srqc = CX_ADDR(create_xrc_srq_in, in,
                                  xrc_srq_context_entry);
    uint8_t shift = CX_GET(xrc_srqc, srqc, log_page_size) + CX_PAGE_SHIFT;
    uint64_t bytes = cx_ring_offset(CX_GET(xrc_srqc, srqc, page_offset),
                                    shift);

    if (shift > 40) {
        return 0;
    }
    bytes += 16ull << (CX_GET(xrc_srqc, srqc, log_xrc_srq_size) +
                       CX_GET(xrc_srqc, srqc, log_rq_stride));
    return DIV_ROUND_UP(bytes, 1ull << shift);
}

static ConnectXStatus cx_xrc_srq_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *srqc = CX_ADDR(create_xrc_srq_in, obj->in,
                                  xrc_srq_context_entry);
    uint32_t cqn = CX_GET(xrc_srqc, srqc, cqn);
    ConnectXStatus status;

    if (CX_GET(create_xrc_srq_in, obj->in, xrc_srq_umem_valid) ||
        CX_GET(xrc_srqc, srqc, dbr_umem_valid) || !obj->npas ||
        obj->npas != cx_xrc_srq_pages(obj->in)) {
        return CX_BAD_PARAM;
    }
    status = cx_obj_use(fn, obj, CX_OBJ_PD, CX_GET(xrc_srqc, srqc, pd));
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_XRCD,
                            CX_GET(xrc_srqc, srqc, xrcd));
    }
    if (status == CX_OK && cqn) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, cqn);
    }
    return status;
}

static const ConnectXObjType cx_xrc_srq_kind = {
    .kind = CX_OBJ_XRC_SRQ, .name = "XRC_SRQ", CX_OBJ_IN(create_xrc_srq_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << CX_LOG_QUEUES, .saved = true,
    .link = cx_xrc_srq_link,
};

void cx_xrc_srq_register(void)
{
    cx_obj_add_type(&cx_xrc_srq_kind);
}
