/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what the command handlers share
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "obj/obj.h"
#include "ops/ops.h"

ConnectXFunction *cx_cmd_target(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cmd->fn;

    if (!CX_GET(query_hca_cap_in, cmd->in, other_function)) {
        return fn;
    }
    if (fn->is_vf) {
        return NULL;
    }
    return cx_dev_find_function(fn->dev, CX_GET(query_hca_cap_in, cmd->in,
                                                function_id));
}

ConnectXStatus cx_cmd_create(ConnectXCmd *cmd, ConnectXObjKind kind,
                             uint32_t keep, uint32_t pas, uint64_t n)
{
    uint64_t *list = NULL;
    ConnectXStatus status;
    ConnectXObj *obj;

    if (n > (cmd->in_len - MIN(pas, cmd->in_len)) / 8 || keep > cmd->in_len) {
        return CX_BAD_INPUT_LEN;
    }
    if (n) {
        list = g_new(uint64_t, n);
        for (uint64_t i = 0; i < n; i++) {
            list[i] = ldq_be_p(cmd->in + pas + i * 8);
        }
    }
    status = cx_obj_create(cmd->fn, kind, cmd->in, keep, list, n, &obj);
    if (status == CX_OK) {
        cx_cmd_set_obj_id(cmd, obj->id);
    }
    return status;
}

ConnectXObj *cx_cmd_find(const ConnectXCmd *cmd, ConnectXObjKind kind,
                         uint64_t id)
{
    uint16_t uid = cx_uid(cmd->in);
    ConnectXObj *obj = cx_obj_find(cmd->fn, kind, id);

    if (obj && cx_uid_is_user(uid) && cx_uid(obj->in) != uid) {
        cx_guest_error(cmd->fn, "%s by user context 0x%x for %s 0x%" PRIx64
                       ", which is not its own", cmd->op->name, uid,
                       cx_obj_type(kind)->name, id);
        return NULL;
    }
    return obj;
}

ConnectXStatus cx_cmd_destroy_id(ConnectXCmd *cmd, ConnectXObjKind kind,
                                 uint64_t id)
{
    return cx_cmd_find(cmd, kind, id) ? cx_obj_destroy(cmd->fn, kind, id) :
                                        CX_BAD_RESOURCE;
}

ConnectXStatus cx_cmd_destroy(ConnectXCmd *cmd, ConnectXObjKind kind)
{
    return cx_cmd_destroy_id(cmd, kind, cx_cmd_obj_id(cmd));
}

ConnectXStatus cx_cmd_query(ConnectXCmd *cmd, ConnectXObjKind kind,
                            uint32_t to, uint32_t from, uint32_t len)
{
    const ConnectXObj *obj = cx_cmd_find(cmd, kind, cx_cmd_obj_id(cmd));

    if (!obj) {
        return CX_BAD_RESOURCE;
    }
    memcpy(cmd->out + to, obj->in + from, len);
    return CX_OK;
}
