/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of user memory, and what other commands
 * create in it
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "fn/caps.h"
#include "obj/obj.h"
#include "obj/umem.h"
#include "ops/ops.h"

static bool cx_has_umem(const ConnectXFunction *fn)
{
    return CX_CAP(fn, CX_CAP_GENERAL, cmd_hca_cap, umem_uid_0);
}

static ConnectXStatus cx_op_create_umem(ConnectXCmd *cmd)
{
    if (!cx_has_umem(cmd->fn)) {
        return CX_BAD_OP;
    }
    return cx_cmd_create(cmd, CX_OBJ_UMEM, CX_SZ(create_umem_in),
                         CX_SZ(create_umem_in),
                         CX_GET64(create_umem_in, cmd->in, umem.num_of_mtt));
}

static ConnectXStatus cx_op_destroy_umem(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_UMEM);
}

ConnectXStatus cx_cmd_create_in_umem(ConnectXCmd *cmd, ConnectXObjKind kind,
                                     uint32_t keep,
                                     const ConnectXUmemPart *part)
{
    uint64_t *list = NULL;
    ConnectXStatus status;
    ConnectXObj *obj;

    status = cx_umem_pages(cmd->fn, part, &list);
    if (status != CX_OK) {
        return status;
    }
    status = cx_obj_create(cmd->fn, kind, cmd->in, keep, list, part->n, &obj);
    if (status == CX_OK) {
        cx_cmd_set_obj_id(cmd, obj->id);
    }
    return status;
}

ConnectXStatus cx_cmd_umem_record(ConnectXCmd *cmd, bool valid, uint32_t id,
                                  uint8_t *dbr_addr)
{
    ConnectXUmemPart part = {
        .id = id, .offset = ldq_be_p(dbr_addr), .shift = CX_PAGE_SHIFT, .n = 1,
    };
    g_autofree uint64_t *page = NULL;
    ConnectXStatus status;
    uint32_t in_page;

    if (!valid) {
        return CX_OK;
    }
    status = cx_umem_pages(cmd->fn, &part, &page);
    if (status != CX_OK) {
        return status;
    }
    in_page = cx_umem_in_page(cmd->fn, id, part.offset);
    if (in_page % CX_RECORD_BYTES) {
        return CX_BAD_PARAM;
    }
    stq_be_p(dbr_addr, page[0] + in_page);
    return CX_OK;
}

static const ConnectXOp cx_umem_ops[] = {
    CX_ROW(CREATE_UMEM, create_umem, CX_OP_USER),
    { MLX5_CMD_OP_DESTROY_UMEM, CX_OP_USER, "DESTROY_UMEM", cx_op_destroy_umem,
      CX_SZ(destroy_umem_in), CX_SZ(destroy_umem_out) },
};

void cx_ops_umem_register(void)
{
    cx_cmd_add_ops(cx_umem_ops, ARRAY_SIZE(cx_umem_ops));
}
