/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of the plain resources, that is domains,
 * doorbell pages, counters and memory keys
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "ops/ops.h"

#define CX_PLAIN(_alloc, _free, _kind)                                      \
static ConnectXStatus cx_op_##_alloc(ConnectXCmd *cmd)                      \
{                                                                           \
    return cx_cmd_create(cmd, _kind, CX_SZ(_alloc##_in), 0, 0);             \
}                                                                           \
static ConnectXStatus cx_op_##_free(ConnectXCmd *cmd)                       \
{                                                                           \
    return cx_cmd_destroy(cmd, _kind);                                      \
}

CX_PLAIN(alloc_uar, dealloc_uar, CX_OBJ_UAR)
CX_PLAIN(alloc_pd, dealloc_pd, CX_OBJ_PD)
CX_PLAIN(alloc_transport_domain, dealloc_transport_domain, CX_OBJ_TD)
CX_PLAIN(alloc_xrcd, dealloc_xrcd, CX_OBJ_XRCD)

/* A counter's number is 8 bits wide, in the reply's third word. */
static ConnectXStatus cx_op_alloc_q_counter(ConnectXCmd *cmd)
{
    return cx_cmd_create(cmd, CX_OBJ_Q_COUNTER, CX_SZ(alloc_q_counter_in), 0,
                         0);
}

static ConnectXStatus cx_op_dealloc_q_counter(ConnectXCmd *cmd)
{
    return cx_obj_destroy(cmd->fn, CX_OBJ_Q_COUNTER,
                          CX_GET(dealloc_q_counter_in, cmd->in,
                                 counter_set_id));
}

static ConnectXStatus cx_op_query_q_counter(ConnectXCmd *cmd)
{
    ConnectXObj *obj = cx_obj_find(cmd->fn, CX_OBJ_Q_COUNTER,
                                   CX_GET(query_q_counter_in, cmd->in,
                                          counter_set_id));

    if (!obj) {
        return CX_BAD_RESOURCE;
    }
    CX_SET(query_q_counter_out, cmd->out, out_of_buffer, obj->run.count[0]);
    if (CX_GET(query_q_counter_in, cmd->in, clear)) {
        cx_obj_run(cmd->fn, obj)->count[0] = 0;
    }
    return CX_OK;
}

/* Translations come in octwords of 16 bytes, two addresses each. */
static ConnectXStatus cx_op_create_mkey(ConnectXCmd *cmd)
{
    uint32_t octwords = CX_GET(create_mkey_in, cmd->in,
                               translations_octword_actual_size);

    return cx_cmd_create(cmd, CX_OBJ_MKEY, CX_SZ(create_mkey_in),
                         CX_SZ(create_mkey_in), octwords * 2ull);
}

static ConnectXStatus cx_op_destroy_mkey(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_MKEY);
}

static ConnectXStatus cx_op_query_mkey(ConnectXCmd *cmd)
{
    return cx_cmd_query(cmd, CX_OBJ_MKEY,
                        CX_OFF(query_mkey_out, memory_key_mkey_entry),
                        CX_OFF(create_mkey_in, memory_key_mkey_entry),
                        CX_SZ(mkc));
}

static ConnectXStatus cx_op_query_special_contexts(ConnectXCmd *cmd)
{
    CX_SET(query_special_contexts_out, cmd->out, resd_lkey,
           CX_MKEY_RESERVED_LKEY);
    /* Later interfaces made the reply longer. */
    if (cmd->out_len >= CX_SZ(query_special_contexts_out)) {
        CX_SET(query_special_contexts_out, cmd->out,
               terminate_scatter_list_mkey, CX_MKEY_TERMINATE_LIST);
    }
    return CX_OK;
}

static const ConnectXOp cx_resource_ops[] = {
    CX_ROW(ALLOC_UAR, alloc_uar, 0),
    CX_ROW(DEALLOC_UAR, dealloc_uar, 0),
    CX_ROW(ALLOC_PD, alloc_pd, 0),
    CX_ROW(DEALLOC_PD, dealloc_pd, 0),
    CX_ROW(ALLOC_TRANSPORT_DOMAIN, alloc_transport_domain, 0),
    CX_ROW(DEALLOC_TRANSPORT_DOMAIN, dealloc_transport_domain, 0),
    CX_ROW(ALLOC_XRCD, alloc_xrcd, 0),
    CX_ROW(DEALLOC_XRCD, dealloc_xrcd, 0),
    CX_ROW(ALLOC_Q_COUNTER, alloc_q_counter, 0),
    CX_ROW(DEALLOC_Q_COUNTER, dealloc_q_counter, 0),
    CX_ROW(QUERY_Q_COUNTER, query_q_counter, 0),
    CX_ROW(CREATE_MKEY, create_mkey, 0),
    CX_ROW(DESTROY_MKEY, destroy_mkey, 0),
    { MLX5_CMD_OP_QUERY_MKEY, 0, "QUERY_MKEY", cx_op_query_mkey,
      CX_SZ(query_mkey_in),
      CX_OFF(query_mkey_out, memory_key_mkey_entry) + CX_SZ(mkc) },
    { MLX5_CMD_OP_QUERY_SPECIAL_CONTEXTS, 0, "QUERY_SPECIAL_CONTEXTS",
      cx_op_query_special_contexts, CX_SZ(query_special_contexts_in),
      CX_OFF(query_special_contexts_out, null_mkey) },
};

void cx_ops_resource_register(void)
{
    cx_cmd_add_ops(cx_resource_ops, ARRAY_SIZE(cx_resource_ops));
}
