/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of flow tables, groups and entries
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "obj/obj.h"
#include "ops/ops.h"
#include "switch/flow.h"
#include "switch/fte.h"

/* SET_FLOW_TABLE_ENTRY: op_mod and modify_enable_mask */
#define CX_FTE_MODIFY       1
#define CX_FTE_SET_ACTION   (1 << 0)
#define CX_FTE_SET_TAG      (1 << 1)
#define CX_FTE_SET_DESTS    (1 << 2)

/* MODIFY_FLOW_TABLE's field select */
#define CX_TABLE_SET_MISS   (1 << 0)

#define CX_ROOT_RESET       1       /* SET_FLOW_TABLE_ROOT op_mod */

static ConnectXStatus cx_op_create_flow_table(ConnectXCmd *cmd)
{
    return cx_cmd_create(cmd, CX_OBJ_FLOW_TABLE, CX_SZ(create_flow_table_in),
                         0, 0);
}

static ConnectXStatus cx_op_destroy_flow_table(ConnectXCmd *cmd)
{
    uint32_t id = CX_GET(destroy_flow_table_in, cmd->in, table_id);
    ConnectXStatus status = cx_cmd_destroy_id(cmd, CX_OBJ_FLOW_TABLE, id);

    if (status == CX_OK) {
        cx_flow_forget_root(cmd->fn, id);
    }
    return status;
}

static ConnectXStatus cx_op_query_flow_table(ConnectXCmd *cmd)
{
    ConnectXObj *table = cx_cmd_find(cmd, CX_OBJ_FLOW_TABLE,
                                     CX_GET(query_flow_table_in, cmd->in,
                                            table_id));

    if (!table) {
        return CX_BAD_RESOURCE;
    }
    memcpy(CX_ADDR(query_flow_table_out, cmd->out, flow_table_context),
           CX_ADDR(create_flow_table_in, table->in, flow_table_context),
           CX_SZ(flow_table_context));
    return CX_OK;
}

static ConnectXStatus cx_op_modify_flow_table(ConnectXCmd *cmd)
{
    ConnectXObj *table = cx_cmd_find(cmd, CX_OBJ_FLOW_TABLE,
                                     CX_GET(modify_flow_table_in, cmd->in,
                                            table_id));
    const uint8_t *from = CX_ADDR(modify_flow_table_in, cmd->in,
                                  flow_table_context);
    uint8_t ctx[CX_SZ(flow_table_context)];

    if (!table) {
        return CX_BAD_RESOURCE;
    }
    if (!(CX_GET(modify_flow_table_in, cmd->in, modify_field_select) &
          CX_TABLE_SET_MISS)) {
        return CX_OK;
    }
    memcpy(ctx, CX_ADDR(create_flow_table_in, table->in, flow_table_context),
           sizeof(ctx));
    CX_SET(flow_table_context, ctx, table_miss_action,
           CX_GET(flow_table_context, from, table_miss_action));
    CX_SET(flow_table_context, ctx, table_miss_id,
           CX_GET(flow_table_context, from, table_miss_id));
    return cx_obj_patch(cmd->fn, table,
                        CX_OFF(create_flow_table_in, flow_table_context), ctx,
                        sizeof(ctx));
}

static ConnectXStatus cx_op_set_flow_table_root(ConnectXCmd *cmd)
{
    uint32_t id = CX_GET(set_flow_table_root_in, cmd->in, table_id);
    uint8_t type = CX_GET(set_flow_table_root_in, cmd->in, table_type);

    if (cmd->op_mod == CX_ROOT_RESET) {
        return cx_flow_set_root(cmd->fn, type, 0);
    }
    return id ? cx_flow_set_root(cmd->fn, type, id) : CX_BAD_RESOURCE;
}

static ConnectXStatus cx_op_create_flow_group(ConnectXCmd *cmd)
{
    return cx_cmd_create(cmd, CX_OBJ_FLOW_GROUP, CX_SZ(create_flow_group_in),
                         0, 0);
}

static ConnectXStatus cx_op_destroy_flow_group(ConnectXCmd *cmd)
{
    return cx_cmd_destroy_id(cmd, CX_OBJ_FLOW_GROUP,
                          CX_GET(destroy_flow_group_in, cmd->in, group_id));
}

/* A modified entry: the new input, but for what the mask leaves alone. */
static uint8_t *cx_fte_merge(const ConnectXObj *fte, const ConnectXCmd *cmd,
                             uint32_t *len)
{
    uint8_t mask = CX_GET(set_fte_in, cmd->in, modify_enable_mask);
    const uint8_t *from = mask & CX_FTE_SET_DESTS ? cmd->in : fte->in;
    uint8_t *in;

    *len = cx_fte_len(from);
    in = g_memdup2(from, *len);
    cx_set_uid(in, cx_uid(fte->in));
    CX_SET(set_fte_in, in, modify_enable_mask, 0);
    CX_SET(set_fte_in, in, flow_context.action,
           CX_GET(set_fte_in, mask & CX_FTE_SET_ACTION ? cmd->in : fte->in,
                  flow_context.action));
    CX_SET(set_fte_in, in, flow_context.flow_tag,
           CX_GET(set_fte_in, mask & CX_FTE_SET_TAG ? cmd->in : fte->in,
                  flow_context.flow_tag));
    memcpy(CX_ADDR(set_fte_in, in, flow_context.match_value),
           CX_ADDR(set_fte_in, fte->in, flow_context.match_value),
           CX_SZ(fte_match_param));
    return in;
}

/* Puts the entry in, linked, or leaves the store as it was. */
static ConnectXStatus cx_fte_put(ConnectXFunction *fn, uint64_t id,
                                 const uint8_t *in, uint32_t len)
{
    ConnectXObj *fte;
    ConnectXStatus status;

    status = cx_obj_insert(fn, CX_OBJ_FTE, id, in, len, NULL, 0, &fte);
    if (status != CX_OK) {
        return status;
    }
    status = cx_obj_link(fn, fte);
    if (status != CX_OK) {
        cx_obj_destroy(fn, CX_OBJ_FTE, id);
    }
    return status;
}

static ConnectXStatus cx_op_set_fte(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cmd->fn;
    uint64_t id = cx_fte_id(CX_GET(set_fte_in, cmd->in, table_id),
                            CX_GET(set_fte_in, cmd->in, flow_index));
    ConnectXObj *fte = cx_obj_find(fn, CX_OBJ_FTE, id);
    uint32_t len = cx_fte_len(cmd->in);
    g_autofree uint8_t *merged = NULL;
    g_autofree uint8_t *old = NULL;
    ConnectXStatus status;
    uint32_t old_len;

    if (len > cmd->in_len || len > CX_SZ(set_fte_in) + CX_FLOW_BLOB_MAX) {
        return CX_BAD_INPUT_LEN;
    }
    if (cmd->op_mod != CX_FTE_MODIFY) {
        return fte ? CX_BAD_PARAM : cx_fte_put(fn, id, cmd->in, len);
    }
    if (!cx_cmd_find(cmd, CX_OBJ_FTE, id)) {
        return CX_BAD_RESOURCE;
    }
    merged = cx_fte_merge(fte, cmd, &len);
    old = g_memdup2(fte->in, fte->in_len);
    old_len = fte->in_len;
    cx_obj_destroy(fn, CX_OBJ_FTE, id);
    status = cx_fte_put(fn, id, merged, len);
    if (status != CX_OK) {
        cx_fte_put(fn, id, old, old_len);
    }
    return status;
}

static ConnectXStatus cx_op_query_fte(ConnectXCmd *cmd)
{
    uint64_t id = cx_fte_id(CX_GET(query_fte_in, cmd->in, table_id),
                            CX_GET(query_fte_in, cmd->in, flow_index));
    ConnectXObj *fte = cx_cmd_find(cmd, CX_OBJ_FTE, id);

    if (!fte) {
        return CX_BAD_RESOURCE;
    }
    memcpy(CX_ADDR(query_fte_out, cmd->out, flow_context),
           CX_ADDR(set_fte_in, fte->in, flow_context),
           MIN(fte->in_len - CX_OFF(set_fte_in, flow_context),
               cmd->out_len - CX_OFF(query_fte_out, flow_context)));
    return CX_OK;
}

static ConnectXStatus cx_op_delete_fte(ConnectXCmd *cmd)
{
    return cx_cmd_destroy_id(cmd, CX_OBJ_FTE,
                          cx_fte_id(CX_GET(delete_fte_in, cmd->in, table_id),
                                    CX_GET(delete_fte_in, cmd->in,
                                           flow_index)));
}

static const ConnectXOp cx_flow_ops[] = {
    CX_ROW(CREATE_FLOW_TABLE, create_flow_table, CX_OP_USER),
    CX_ROW(DESTROY_FLOW_TABLE, destroy_flow_table, CX_OP_USER),
    CX_ROW(QUERY_FLOW_TABLE, query_flow_table, CX_OP_USER),
    CX_ROW(MODIFY_FLOW_TABLE, modify_flow_table, CX_OP_USER),
    CX_ROW(SET_FLOW_TABLE_ROOT, set_flow_table_root,
           CX_OP_MOD(0) | CX_OP_MOD(CX_ROOT_RESET)),
    CX_ROW(CREATE_FLOW_GROUP, create_flow_group, CX_OP_USER),
    CX_ROW(DESTROY_FLOW_GROUP, destroy_flow_group, CX_OP_USER),
    CX_ROW(SET_FLOW_TABLE_ENTRY, set_fte,
           CX_OP_USER | CX_OP_MOD(0) | CX_OP_MOD(CX_FTE_MODIFY)),
    CX_ROW(QUERY_FLOW_TABLE_ENTRY, query_fte, CX_OP_USER),
    CX_ROW(DELETE_FLOW_TABLE_ENTRY, delete_fte, CX_OP_USER),
};

void cx_ops_flow_register(void)
{
    cx_cmd_add_ops(cx_flow_ops, ARRAY_SIZE(cx_flow_ops));
}
