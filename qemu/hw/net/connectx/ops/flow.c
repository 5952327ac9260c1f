/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: flow tables, groups and entries
 *
 * What the driver programs is checked and kept, and moves with an image; no
 * packet is matched against it.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "obj/obj.h"
#include "ops/ops.h"
#include "trace.h"

/* flow_context.action: allow, drop, forward; the rest has no capability bit */
#define CX_FLOW_ACTIONS     0x7

/* dest_format_struct.destination_type */
enum {
    CX_DEST_TABLE       = 1,
    CX_DEST_TIR         = 2,
};

/* SET_FLOW_TABLE_ENTRY: op_mod and modify_enable_mask */
#define CX_FTE_MODIFY       1
#define CX_FTE_SET_ACTION   (1 << 0)
#define CX_FTE_SET_TAG      (1 << 1)
#define CX_FTE_SET_DESTS    (1 << 2)

/* table_miss_action and MODIFY_FLOW_TABLE's select bit for it */
#define CX_MISS_FORWARD     1
#define CX_TABLE_SET_MISS   (1 << 0)

#define CX_ROOT_RESET       1       /* SET_FLOW_TABLE_ROOT op_mod */

static uint64_t cx_fte_id(uint32_t table, uint32_t index)
{
    return (uint64_t)table << 32 | index;
}

static uint8_t cx_flow_table_type(const ConnectXObj *table)
{
    return CX_GET(create_flow_table_in, table->in, table_type);
}

static uint8_t cx_flow_table_level(const ConnectXObj *table)
{
    return CX_GET(create_flow_table_in, table->in, flow_table_context.level);
}

/*
 * A frame goes from a table to one of the same type and of a higher level (no
 * capability to ignore the level is offered), so that it never comes back.
 */
static ConnectXStatus cx_flow_table_use(ConnectXFunction *fn, ConnectXObj *obj,
                                        const ConnectXObj *from, uint32_t id)
{
    const ConnectXObj *to = cx_obj_find(fn, CX_OBJ_FLOW_TABLE, id);

    if (from && to &&
        (cx_flow_table_type(to) != cx_flow_table_type(from) ||
         cx_flow_table_level(to) <= cx_flow_table_level(from))) {
        cx_guest_error(fn, "flow table 0x%" PRIx64 " forwards to table 0x%x, "
                       "which is of another type or no higher level",
                       from->id, id);
        return CX_BAD_PARAM;
    }
    return cx_obj_use(fn, obj, CX_OBJ_FLOW_TABLE, id);
}

static ConnectXStatus cx_flow_table_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *ctx = CX_ADDR(create_flow_table_in, obj->in,
                                 flow_table_context);

    if (CX_GET(flow_table_context, ctx, log_size) > CX_LOG_FLOW_ENTRIES ||
        cx_flow_table_type(obj) >= ARRAY_SIZE(fn->flow_root)) {
        return CX_BAD_PARAM;
    }
    if (CX_GET(flow_table_context, ctx, table_miss_action) !=
        CX_MISS_FORWARD) {
        return CX_OK;
    }
    return cx_flow_table_use(fn, obj, obj, CX_GET(flow_table_context, ctx,
                                                  table_miss_id));
}

static ConnectXStatus cx_flow_group_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    uint32_t id = CX_GET(create_flow_group_in, obj->in, table_id);
    uint32_t start = CX_GET(create_flow_group_in, obj->in, start_flow_index);
    uint32_t end = CX_GET(create_flow_group_in, obj->in, end_flow_index);
    ConnectXObj *table = cx_obj_find(fn, CX_OBJ_FLOW_TABLE, id);

    if (table && (start > end ||
                  end >> CX_GET(create_flow_table_in, table->in,
                                flow_table_context.log_size))) {
        return CX_BAD_PARAM;
    }
    return cx_obj_use(fn, obj, CX_OBJ_FLOW_TABLE, id);
}

/* Bytes of the destination list behind the fixed part; no counters follow. */
static uint32_t cx_fte_list_len(const uint8_t *in)
{
    return CX_SZ(dest_format_struct) *
           CX_GET(set_fte_in, in, flow_context.destination_list_size);
}

static ConnectXStatus cx_fte_link_dest(ConnectXFunction *fn, ConnectXObj *obj,
                                       const uint8_t *dest)
{
    uint32_t id = CX_GET(dest_format_struct, dest, destination_id);

    switch (CX_GET(dest_format_struct, dest, destination_type)) {
    case CX_DEST_TABLE:
        return cx_flow_table_use(fn, obj,
                                 cx_obj_find(fn, CX_OBJ_FLOW_TABLE,
                                             CX_GET(set_fte_in, obj->in,
                                                    table_id)), id);
    case CX_DEST_TIR:
        return cx_obj_use(fn, obj, CX_OBJ_TIR, id);
    default:
        return CX_OK;               /* vport, uplink, port: no object */
    }
}

static ConnectXStatus cx_fte_link_dests(ConnectXFunction *fn, ConnectXObj *obj,
                                        uint32_t dests)
{
    const uint8_t *dest = obj->in + CX_SZ(set_fte_in);
    ConnectXStatus status = CX_OK;

    for (uint32_t i = 0; i < dests && status == CX_OK; i++) {
        status = cx_fte_link_dest(fn, obj, dest);
        dest += CX_SZ(dest_format_struct);
    }
    return status;
}

/* The entry's group must be one of its table's, and have room for it. */
static bool cx_fte_fits(ConnectXFunction *fn, ConnectXObj *obj)
{
    ConnectXObj *group = cx_obj_find(fn, CX_OBJ_FLOW_GROUP,
                                     CX_GET(set_fte_in, obj->in,
                                            flow_context.group_id));
    uint32_t index = CX_GET(set_fte_in, obj->in, flow_index);

    return !group ||
           (CX_GET(create_flow_group_in, group->in, table_id) ==
            CX_GET(set_fte_in, obj->in, table_id) &&
            index >= CX_GET(create_flow_group_in, group->in,
                            start_flow_index) &&
            index <= CX_GET(create_flow_group_in, group->in, end_flow_index));
}

static ConnectXStatus cx_fte_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *ctx = CX_ADDR(set_fte_in, obj->in, flow_context);
    uint32_t dests = CX_GET(flow_context, ctx, destination_list_size);
    uint32_t id = CX_GET(set_fte_in, obj->in, table_id);
    uint32_t index = CX_GET(set_fte_in, obj->in, flow_index);
    ConnectXStatus status;

    if (dests > 1 << CX_LOG_FLOW_DESTS ||
        CX_GET(flow_context, ctx, action) & ~CX_FLOW_ACTIONS ||
        obj->in_len != CX_SZ(set_fte_in) + cx_fte_list_len(obj->in) ||
        obj->id != cx_fte_id(id, index) || !cx_fte_fits(fn, obj)) {
        return CX_BAD_PARAM;
    }
    status = cx_obj_use(fn, obj, CX_OBJ_FLOW_TABLE, id);
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_FLOW_GROUP,
                            CX_GET(flow_context, ctx, group_id));
    }
    return status == CX_OK ? cx_fte_link_dests(fn, obj, dests) : status;
}

static ConnectXStatus cx_op_create_flow_table(ConnectXCmd *cmd)
{
    return cx_cmd_create(cmd, CX_OBJ_FLOW_TABLE, CX_SZ(create_flow_table_in),
                         0, 0);
}

static ConnectXStatus cx_op_destroy_flow_table(ConnectXCmd *cmd)
{
    uint32_t id = CX_GET(destroy_flow_table_in, cmd->in, table_id);
    ConnectXStatus status = cx_obj_destroy(cmd->fn, CX_OBJ_FLOW_TABLE, id);

    for (unsigned i = 0; i < ARRAY_SIZE(cmd->fn->flow_root); i++) {
        if (status == CX_OK && cmd->fn->flow_root[i] == id) {
            cmd->fn->flow_root[i] = 0;
        }
    }
    return status;
}

static ConnectXStatus cx_op_query_flow_table(ConnectXCmd *cmd)
{
    ConnectXObj *table = cx_obj_find(cmd->fn, CX_OBJ_FLOW_TABLE,
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
    ConnectXObj *table = cx_obj_find(cmd->fn, CX_OBJ_FLOW_TABLE,
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
    ConnectXObj *table = cx_obj_find(cmd->fn, CX_OBJ_FLOW_TABLE, id);

    if (type >= ARRAY_SIZE(cmd->fn->flow_root)) {
        return CX_BAD_PARAM;
    }
    if (cmd->op_mod == CX_ROOT_RESET) {
        cmd->fn->flow_root[type] = 0;
        return CX_OK;
    }
    if (!table || cx_flow_table_type(table) != type) {
        return CX_BAD_RESOURCE;
    }
    cmd->fn->flow_root[type] = id;
    return CX_OK;
}

static ConnectXStatus cx_op_create_flow_group(ConnectXCmd *cmd)
{
    return cx_cmd_create(cmd, CX_OBJ_FLOW_GROUP, CX_SZ(create_flow_group_in),
                         0, 0);
}

static ConnectXStatus cx_op_destroy_flow_group(ConnectXCmd *cmd)
{
    return cx_obj_destroy(cmd->fn, CX_OBJ_FLOW_GROUP,
                          CX_GET(destroy_flow_group_in, cmd->in, group_id));
}

/* A modified entry: the new input, but for what the mask leaves alone. */
static uint8_t *cx_fte_merge(const ConnectXObj *fte, const ConnectXCmd *cmd,
                             uint32_t *len)
{
    uint8_t mask = CX_GET(set_fte_in, cmd->in, modify_enable_mask);
    const uint8_t *from = mask & CX_FTE_SET_DESTS ? cmd->in : fte->in;
    uint8_t *in;

    *len = CX_SZ(set_fte_in) + cx_fte_list_len(from);
    in = g_memdup2(from, *len);
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
    uint32_t len = CX_SZ(set_fte_in) + cx_fte_list_len(cmd->in);
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
    if (!fte) {
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
    ConnectXObj *fte = cx_obj_find(cmd->fn, CX_OBJ_FTE, id);

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
    return cx_obj_destroy(cmd->fn, CX_OBJ_FTE,
                          cx_fte_id(CX_GET(delete_fte_in, cmd->in, table_id),
                                    CX_GET(delete_fte_in, cmd->in,
                                           flow_index)));
}

#define CX_ROW(_op, _name, _flags) \
    { MLX5_CMD_OP_##_op, _flags, #_op, cx_op_##_name, CX_SZ(_name##_in), \
      CX_SZ(_name##_out) }

static const ConnectXOp cx_flow_ops[] = {
    CX_ROW(CREATE_FLOW_TABLE, create_flow_table, CX_OP_CHANGES),
    CX_ROW(DESTROY_FLOW_TABLE, destroy_flow_table, CX_OP_CHANGES),
    CX_ROW(QUERY_FLOW_TABLE, query_flow_table, 0),
    CX_ROW(MODIFY_FLOW_TABLE, modify_flow_table, CX_OP_CHANGES),
    CX_ROW(SET_FLOW_TABLE_ROOT, set_flow_table_root,
           CX_OP_CHANGES | CX_OP_MOD(0) | CX_OP_MOD(CX_ROOT_RESET)),
    CX_ROW(CREATE_FLOW_GROUP, create_flow_group, CX_OP_CHANGES),
    CX_ROW(DESTROY_FLOW_GROUP, destroy_flow_group, CX_OP_CHANGES),
    CX_ROW(SET_FLOW_TABLE_ENTRY, set_fte,
           CX_OP_CHANGES | CX_OP_MOD(0) | CX_OP_MOD(CX_FTE_MODIFY)),
    CX_ROW(QUERY_FLOW_TABLE_ENTRY, query_fte, 0),
    CX_ROW(DELETE_FLOW_TABLE_ENTRY, delete_fte, CX_OP_CHANGES),
};

static const ConnectXObjType cx_flow_table_kind = {
    .kind = CX_OBJ_FLOW_TABLE, .name = "FLOW_TABLE",
    CX_OBJ_IN(create_flow_table_in),
    .first_id = 1, .last_id = CX_ID24_LAST,      /* 0: no table */
    .limit = 1 << CX_LOG_FLOW_TABLES, .saved = true,
    .link = cx_flow_table_link,
};

static const ConnectXObjType cx_flow_group_kind = {
    .kind = CX_OBJ_FLOW_GROUP, .name = "FLOW_GROUP",
    CX_OBJ_IN(create_flow_group_in),
    CX_OBJ_ID24, .limit = 1 << 14, .saved = true,
    .link = cx_flow_group_link,
};

static const ConnectXObjType cx_fte_kind = {
    .kind = CX_OBJ_FTE, .name = "FTE", .in_len_min = CX_SZ(set_fte_in),
    .in_len_max = CX_SZ(set_fte_in) + CX_FLOW_BLOB_MAX,
    .limit = 1 << CX_LOG_FLOW_ENTRIES, .saved = true,
    .link = cx_fte_link,
};

void cx_ops_flow_register(void)
{
    cx_obj_add_type(&cx_flow_table_kind);
    cx_obj_add_type(&cx_flow_group_kind);
    cx_obj_add_type(&cx_fte_kind);
    cx_cmd_add_ops(cx_flow_ops, ARRAY_SIZE(cx_flow_ops));
}
