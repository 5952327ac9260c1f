/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: flow tables, groups and entries
 *
 * What a driver programs is checked, kept, and moves with an image. Packets are
 * matched against what match.c makes of it.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "obj/obj.h"
#include "switch/flow.h"
#include "switch/fte.h"
#include "switch/match.h"
#include "switch/vport.h"

/* flow_context.action: allow, drop, forward; the rest has no capability bit */
#define CX_FLOW_ACTIONS     0x7

static void cx_flow_forget_table(ConnectXFunction *fn, uint32_t table)
{
    if (fn->flows) {
        cx_match_forget_table(fn->flows, table);
    }
}

uint32_t cx_fte_len(const uint8_t *in)
{
    return CX_SZ(set_fte_in) + CX_SZ(dest_format_struct) *
           CX_GET(set_fte_in, in, flow_context.destination_list_size);
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

/* Where the vport that an ACL belongs to keeps its number; NULL if no ACL. */
static uint32_t *cx_flow_acl(ConnectXFunction *fn, const ConnectXObj *table)
{
    uint8_t type = cx_flow_table_type(table);
    ConnectXFunction *of = fn;

    if (type != CX_TABLE_INGRESS_ACL && type != CX_TABLE_EGRESS_ACL) {
        return NULL;
    }
    if (CX_GET(create_flow_table_in, table->in, other_vport)) {
        of = cx_dev_find_function(fn->dev, CX_GET(create_flow_table_in,
                                                  table->in, vport_number));
    }
    return of ? &of->vport->acl[type == CX_TABLE_INGRESS_ACL ?
                                CX_ACL_INGRESS : CX_ACL_EGRESS] : NULL;
}

/* Those of vports hold as soon as they are there: they are the driver's. */
static bool cx_flow_type_allowed(const ConnectXFunction *fn,
                                 const ConnectXObj *table)
{
    uint8_t type = cx_flow_table_type(table);

    switch (type) {
    case CX_TABLE_INGRESS_ACL:
    case CX_TABLE_EGRESS_ACL:
        return !fn->is_vf && fn->dev->eswitch &&
               !cx_uid_is_user(cx_uid(table->in));
    case CX_TABLE_FDB:
        return !fn->is_vf && fn->dev->eswitch;
    case CX_TABLE_RDMA_RX:
        return fn->dev->rdma;
    default:
        return type < ARRAY_SIZE(fn->flow_root);
    }
}

static ConnectXStatus cx_flow_table_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *ctx = CX_ADDR(create_flow_table_in, obj->in,
                                 flow_table_context);
    uint8_t miss = CX_GET(flow_table_context, ctx, table_miss_action);
    uint32_t *acl;

    if (CX_GET(flow_table_context, ctx, log_size) > CX_LOG_FLOW_ENTRIES ||
        !cx_flow_type_allowed(fn, obj)) {
        return CX_BAD_PARAM;
    }
    if (miss == CX_MISS_DOMAIN && cx_flow_table_type(obj) != CX_TABLE_RDMA_RX) {
        cx_guest_error(fn, "flow table 0x%" PRIx64 " has no domain to go on to",
                       obj->id);
        return CX_BAD_PARAM;
    }
    acl = cx_flow_acl(fn, obj);
    if (acl) {
        *acl = obj->id;
    }
    if (miss != CX_MISS_FORWARD) {
        return CX_OK;
    }
    return cx_flow_table_use(fn, obj, obj, CX_GET(flow_table_context, ctx,
                                                  table_miss_id));
}

static void cx_flow_table_unlink(ConnectXFunction *fn, ConnectXObj *obj)
{
    uint32_t *acl = cx_flow_acl(fn, obj);

    if (acl && *acl == obj->id) {
        *acl = 0;
    }
    cx_flow_forget_table(fn, obj->id);
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
    if (!cx_match_known(obj->in)) {
        cx_guest_error(fn, "flow group 0x%" PRIx64 " matches what no "
                       "capability offers", obj->id);
        return CX_BAD_PARAM;
    }
    cx_flow_forget_table(fn, id);
    return cx_obj_use(fn, obj, CX_OBJ_FLOW_TABLE, id);
}

static void cx_flow_group_unlink(ConnectXFunction *fn, ConnectXObj *obj)
{
    cx_flow_forget_table(fn, CX_GET(create_flow_group_in, obj->in, table_id));
}

static ConnectXStatus cx_fte_link_dest(ConnectXFunction *fn, ConnectXObj *obj,
                                       const uint8_t *dest)
{
    const ConnectXObj *table = cx_obj_find(fn, CX_OBJ_FLOW_TABLE,
                                           CX_GET(set_fte_in, obj->in,
                                                  table_id));
    uint32_t id = CX_GET(dest_format_struct, dest, destination_id);
    uint8_t type = CX_GET(dest_format_struct, dest, destination_type);

    /* The transport takes a packet or not: there is no other place to go. */
    if (type != CX_DEST_TABLE && table &&
        cx_flow_table_type(table) == CX_TABLE_RDMA_RX) {
        return CX_BAD_PARAM;
    }
    switch (type) {
    case CX_DEST_TABLE:
        return cx_flow_table_use(fn, obj, table, id);
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
        obj->in_len != cx_fte_len(obj->in) ||
        obj->id != cx_fte_id(id, index) || !cx_fte_fits(fn, obj)) {
        return CX_BAD_PARAM;
    }
    status = cx_obj_use(fn, obj, CX_OBJ_FLOW_TABLE, id);
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_FLOW_GROUP,
                            CX_GET(flow_context, ctx, group_id));
    }
    if (status == CX_OK) {
        status = cx_fte_link_dests(fn, obj, dests);
    }
    if (status == CX_OK && fn->flows) {
        cx_match_add(fn->flows, obj);
    }
    return status;
}

static void cx_fte_unlink(ConnectXFunction *fn, ConnectXObj *obj)
{
    if (fn->flows) {
        cx_match_remove(fn->flows, obj);
    }
}

ConnectXStatus cx_flow_set_root(ConnectXFunction *fn, uint8_t type,
                                uint32_t id)
{
    const ConnectXObj *table = cx_obj_find(fn, CX_OBJ_FLOW_TABLE, id);

    if (type >= ARRAY_SIZE(fn->flow_root)) {
        return CX_BAD_PARAM;
    }
    if (id && (!table || cx_flow_table_type(table) != type)) {
        return CX_BAD_RESOURCE;
    }
    fn->flow_root[type] = id;
    return CX_OK;
}

void cx_flow_forget_root(ConnectXFunction *fn, uint32_t id)
{
    for (unsigned i = 0; i < ARRAY_SIZE(fn->flow_root); i++) {
        if (fn->flow_root[i] == id) {
            fn->flow_root[i] = 0;
        }
    }
}

static void cx_flow_init(ConnectXFunction *fn)
{
    fn->flows = cx_match_new();
}

static void cx_flow_uninit(ConnectXFunction *fn)
{
    g_clear_pointer(&fn->flows, cx_match_free);
}

/* Those of the VFs are the PF's, too. */
static void cx_flow_drop_acls(ConnectXDevice *dev)
{
    for (unsigned i = 0; i <= dev->nr_vfs; i++) {
        ConnectXFunction *fn = cx_dev_find_function(dev, i);

        if (fn && fn->vport) {
            memset(fn->vport->acl, 0, sizeof(fn->vport->acl));
        }
    }
}

static void cx_flow_teardown(ConnectXFunction *fn)
{
    memset(fn->flow_root, 0, sizeof(fn->flow_root));
    cx_match_clear(fn->flows);
    if (!fn->is_vf) {
        cx_flow_drop_acls(fn->dev);
    }
}

static void cx_flow_loaded(ConnectXFunction *fn)
{
    cx_match_clear(fn->flows);
}

static const ConnectXObjType cx_flow_table_kind = {
    .kind = CX_OBJ_FLOW_TABLE, .name = "FLOW_TABLE",
    CX_OBJ_IN(create_flow_table_in),
    .first_id = 1, .last_id = CX_ID24_LAST,      /* 0: no table */
    .limit = 1 << CX_LOG_FLOW_TABLES, .saved = true,
    .link = cx_flow_table_link, .unlink = cx_flow_table_unlink,
};

static const ConnectXObjType cx_flow_group_kind = {
    .kind = CX_OBJ_FLOW_GROUP, .name = "FLOW_GROUP",
    CX_OBJ_IN(create_flow_group_in),
    CX_OBJ_ID24, .limit = 1 << CX_LOG_FLOW_GROUPS, .saved = true,
    .link = cx_flow_group_link, .unlink = cx_flow_group_unlink,
};

static const ConnectXObjType cx_fte_kind = {
    .kind = CX_OBJ_FTE, .name = "FTE", .in_len_min = CX_SZ(set_fte_in),
    .in_len_max = CX_SZ(set_fte_in) + CX_FLOW_BLOB_MAX,
    .limit = 1 << CX_LOG_FLOW_ENTRIES, .saved = true,
    .link = cx_fte_link, .unlink = cx_fte_unlink,
};

static const ConnectXParticipant cx_flow_part = {
    .name = "flow",
    .init = cx_flow_init,
    .uninit = cx_flow_uninit,
    .teardown = cx_flow_teardown,
    .loaded = cx_flow_loaded,
};

void cx_flow_register(void)
{
    cx_obj_add_type(&cx_flow_table_kind);
    cx_obj_add_type(&cx_flow_group_kind);
    cx_obj_add_type(&cx_fte_kind);
    cx_fn_register(&cx_flow_part);
}
