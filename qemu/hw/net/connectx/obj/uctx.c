/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: user contexts
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/caps.h"
#include "obj/obj.h"
#include "obj/uctx.h"

bool cx_uctx_offered(const ConnectXFunction *fn)
{
    return CX_CAP(fn, CX_CAP_GENERAL, cmd_hca_cap, log_max_uctx);
}

bool cx_uctx_may(const ConnectXFunction *fn, const ConnectXObj *obj,
                 uint32_t right)
{
    const ConnectXObj *uctx;

    if (!cx_uid_is_user(cx_uid(obj->in))) {
        return true;
    }
    uctx = cx_obj_find(fn, CX_OBJ_UCTX, cx_uid(obj->in));
    return uctx && CX_GET(create_uctx_in, uctx->in, uctx.cap) & right;
}

static ConnectXStatus cx_uctx_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    uint32_t rights = CX_GET(create_uctx_in, obj->in, uctx.cap);

    return !cx_uctx_offered(fn) || cx_uid_is_user(cx_uid(obj->in)) ||
           rights & ~CX_CAP(fn, CX_CAP_GENERAL, cmd_hca_cap, uctx_cap) ?
           CX_BAD_PARAM : CX_OK;
}

static const ConnectXObjType cx_uctx_kind = {
    .kind = CX_OBJ_UCTX, .name = "UCTX", CX_OBJ_IN(create_uctx_in),
    .first_id = 1, .last_id = CX_UID_SHARED - 1, .limit = 1 << CX_LOG_UCTXS,
    .saved = true, .link = cx_uctx_link,
};

void cx_uctx_register(void)
{
    cx_obj_add_type(&cx_uctx_kind);
}
