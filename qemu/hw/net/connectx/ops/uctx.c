/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of user contexts
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "obj/obj.h"
#include "obj/uctx.h"
#include "ops/ops.h"

static ConnectXStatus cx_op_create_uctx(ConnectXCmd *cmd)
{
    ConnectXStatus status;
    ConnectXObj *obj;

    if (!cx_uctx_offered(cmd->fn)) {
        return CX_BAD_OP;
    }
    status = cx_obj_create(cmd->fn, CX_OBJ_UCTX, cmd->in,
                           CX_SZ(create_uctx_in), NULL, 0, &obj);
    if (status == CX_OK) {
        CX_SET(create_uctx_out, cmd->out, uid, obj->id);
    }
    return status;
}

/*
 * mlx5_ib asks once to free a page of doorbells, be it that a queue still names
 * it. That queue is gone by now.
 */
static void cx_uctx_free_uars(ConnectXFunction *fn, uint16_t uid)
{
    ConnectXObj *uar = cx_obj_from(fn, CX_OBJ_UAR, 0);

    while (uar) {
        uint64_t id = uar->id;

        if (cx_uid(uar->in) == uid && !uar->refs) {
            cx_obj_destroy(fn, CX_OBJ_UAR, id);
        }
        uar = cx_obj_from(fn, CX_OBJ_UAR, id + 1);
    }
}

/* It goes behind its objects: what is left of these would be nobody's. */
static ConnectXStatus cx_op_destroy_uctx(ConnectXCmd *cmd)
{
    uint16_t uid = CX_GET(destroy_uctx_in, cmd->in, uid);

    if (cx_uid_is_user(uid)) {
        cx_uctx_free_uars(cmd->fn, uid);
    }
    return cx_cmd_destroy_id(cmd, CX_OBJ_UCTX, uid);
}

static const ConnectXOp cx_uctx_ops[] = {
    CX_ROW(CREATE_UCTX, create_uctx, 0),
    CX_ROW(DESTROY_UCTX, destroy_uctx, 0),
};

void cx_ops_uctx_register(void)
{
    cx_cmd_add_ops(cx_uctx_ops, ARRAY_SIZE(cx_uctx_ops));
}
