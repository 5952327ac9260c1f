/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of general objects, which say their type
 * where others have op_mod
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "ops/ops.h"
#include "vhca/track.h"

/* page_track.modify_field_select: state, and the range to be reported */
#define CX_SELECT_STATE     (1 << 0)
#define CX_SELECT_RANGE     (1 << 1)

#define CX_TRACK_REPORT     1           /* page_track.state */

/* The one type that there is, if the function has it */
static ConnectXStatus cx_general_check(ConnectXCmd *cmd)
{
    if (cmd->op_mod != MLX5_OBJ_TYPE_PAGE_TRACK) {
        return cx_cmd_unimplemented(cmd, CX_BAD_PARAM, "general object 0x%x",
                                    cmd->op_mod);
    }
    return cx_caps_cur(cmd->fn, CX_CAP_ADV_VIRTUALIZATION) ? CX_OK :
                                                             CX_BAD_PARAM;
}

static uint32_t cx_general_id(const ConnectXCmd *cmd)
{
    return CX_GET(general_obj_in_cmd_hdr, cmd->in, obj_id);
}

static ConnectXStatus cx_op_create_general_object(ConnectXCmd *cmd)
{
    ConnectXStatus status = cx_general_check(cmd);
    uint32_t id;

    if (status != CX_OK) {
        return status;
    }
    if (cmd->in_len < CX_SZ(create_page_track_obj_in)) {
        return CX_BAD_INPUT_LEN;
    }
    status = cx_track_create(cmd->fn, cmd->in, cmd->in_len, &id);
    if (status == CX_OK) {
        CX_SET(general_obj_out_cmd_hdr, cmd->out, obj_id, id);
    }
    return status;
}

static ConnectXStatus cx_op_modify_general_object(ConnectXCmd *cmd)
{
    ConnectXStatus status = cx_general_check(cmd);
    const uint8_t *ctx = CX_ADDR(modify_page_track_obj_in, cmd->in,
                                 obj_context);

    if (status != CX_OK) {
        return status;
    }
    if (cmd->in_len < CX_SZ(modify_page_track_obj_in)) {
        return CX_BAD_INPUT_LEN;
    }
    if (CX_GET64(page_track, ctx, modify_field_select) !=
        (CX_SELECT_STATE | CX_SELECT_RANGE) ||
        CX_GET(page_track, ctx, state) != CX_TRACK_REPORT) {
        return CX_BAD_PARAM;
    }
    cmd->excused = cx_track_has_failed(cmd->fn, cx_general_id(cmd));
    return cx_track_report(cmd->fn, cx_general_id(cmd),
                           CX_GET64(page_track, ctx, range_start_address),
                           CX_GET64(page_track, ctx, length));
}

static ConnectXStatus cx_op_query_general_object(ConnectXCmd *cmd)
{
    ConnectXStatus status = cx_general_check(cmd);

    if (status != CX_OK) {
        return status;
    }
    if (cmd->out_len < CX_SZ(query_page_track_obj_out)) {
        return CX_BAD_OUTPUT_LEN;
    }
    return cx_track_query(cmd->fn, cx_general_id(cmd),
                          CX_ADDR(query_page_track_obj_out, cmd->out,
                                  obj_context));
}

static ConnectXStatus cx_op_destroy_general_object(ConnectXCmd *cmd)
{
    ConnectXStatus status = cx_general_check(cmd);

    return status == CX_OK ? cx_track_destroy(cmd->fn, cx_general_id(cmd)) :
                             status;
}

/* What is behind the header is the type's. */
#define CX_GENERAL(_op, _name)                                              \
    { MLX5_CMD_OP_##_op, CX_OP_PF_ONLY | CX_OP_ANY_MOD, #_op,               \
      cx_op_##_name, CX_SZ(general_obj_in_cmd_hdr),                         \
      CX_SZ(general_obj_out_cmd_hdr) }

static const ConnectXOp cx_general_ops[] = {
    CX_GENERAL(CREATE_GENERAL_OBJECT, create_general_object),
    CX_GENERAL(MODIFY_GENERAL_OBJECT, modify_general_object),
    CX_GENERAL(QUERY_GENERAL_OBJECT, query_general_object),
    CX_GENERAL(DESTROY_GENERAL_OBJECT, destroy_general_object),
};

void cx_ops_general_register(void)
{
    cx_cmd_add_ops(cx_general_ops, ARRAY_SIZE(cx_general_ops));
}
