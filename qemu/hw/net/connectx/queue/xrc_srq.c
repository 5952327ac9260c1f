/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: XRC shared receive queues, as objects
 *
 * Their requests are a list, as those of an RMP are. Queue pairs of XRC name
 * none: whoever sends to one of these says whose requests are to be taken.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "obj/obj.h"
#include "queue/ring.h"
#include "queue/xrc_srq.h"

#define CX_LOG_STRIDE       4           /* of log_rq_stride 0 */
#define CX_RECORD_LOW_BITS  2           /* that db_record_addr_l leaves out */

ConnectXRing cx_xrc_srq_ring(const ConnectXObj *srq)
{
    const uint8_t *srqc = cx_xrc_srqc(srq);
    uint8_t shift = CX_GET(xrc_srqc, srqc, log_page_size) + CX_PAGE_SHIFT;

    return (ConnectXRing) {
        .obj = srq,
        .offset = cx_ring_offset(CX_GET(xrc_srqc, srqc, page_offset), shift),
        .page_shift = shift,
        .log_size = CX_GET(xrc_srqc, srqc, log_xrc_srq_size),
        .log_stride = CX_GET(xrc_srqc, srqc, log_rq_stride) + CX_LOG_STRIDE,
    };
}

uint64_t cx_xrc_srq_record(const ConnectXObj *srq)
{
    const uint8_t *srqc = cx_xrc_srqc(srq);

    return (uint64_t)CX_GET(xrc_srqc, srqc, db_record_addr_h) << 32 |
           CX_GET(xrc_srqc, srqc, db_record_addr_l) << CX_RECORD_LOW_BITS;
}

uint32_t cx_xrc_srq_user_index(const ConnectXObj *srq)
{
    const uint8_t *srqc = cx_xrc_srqc(srq);

    return CX_GET(xrc_srqc, srqc, user_index_equal_xrc_srqn) ?
           srq->id : CX_GET(xrc_srqc, srqc, user_index);
}

static ConnectXStatus cx_xrc_srq_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *srqc = cx_xrc_srqc(obj);
    ConnectXRing ring = cx_xrc_srq_ring(obj);
    uint32_t pages = cx_ring_pages(&ring);
    ConnectXStatus status;

    if (CX_GET(create_xrc_srq_in, obj->in, xrc_srq_umem_valid) ||
        CX_GET(xrc_srqc, srqc, dbr_umem_valid) || !pages ||
        obj->npas != pages || (obj->run.pi | obj->run.ci) > CX_WQ_INDEX_MASK) {
        return CX_BAD_PARAM;
    }
    status = cx_obj_use(fn, obj, CX_OBJ_PD, CX_GET(xrc_srqc, srqc, pd));
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_XRCD,
                            CX_GET(xrc_srqc, srqc, xrcd));
    }
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, CX_GET(xrc_srqc, srqc, cqn));
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
