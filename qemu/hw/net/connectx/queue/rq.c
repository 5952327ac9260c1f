/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: receive queues and receive memory pools
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "obj/obj.h"
#include "queue/rq.h"
#include "queue/wq.h"

static ConnectXStatus cx_rq_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *rqc = CX_ADDR(create_rq_in, obj->in, ctx);
    uint32_t counter = CX_GET(rqc, rqc, counter_set_id);
    ConnectXStatus status;

    if (CX_GET(rqc, rqc, mem_rq_type)) {
        status = cx_obj_use(fn, obj, CX_OBJ_RMP, CX_GET(rqc, rqc, rmpn));
    } else {
        status = cx_wq_link(fn, obj, CX_ADDR(rqc, rqc, wq));
    }
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, CX_GET(rqc, rqc, cqn));
    }
    if (status == CX_OK && counter) {
        status = cx_obj_use(fn, obj, CX_OBJ_Q_COUNTER, counter);
    }
    return status;
}

static ConnectXStatus cx_rmp_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    return cx_wq_link(fn, obj, CX_ADDR(create_rmp_in, obj->in, ctx.wq));
}

static const ConnectXObjType cx_rq_kind = {
    .kind = CX_OBJ_RQ, .name = "RQ", CX_OBJ_IN(create_rq_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << 16, .saved = true,
    .link = cx_rq_link,
};

static const ConnectXObjType cx_rmp_kind = {
    .kind = CX_OBJ_RMP, .name = "RMP", CX_OBJ_IN(create_rmp_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << 16, .saved = true,
    .link = cx_rmp_link,
};

void cx_rq_register(void)
{
    cx_obj_add_type(&cx_rmp_kind);
    cx_obj_add_type(&cx_rq_kind);
}
