/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of transport interfaces and of the tables of
 * receive queues
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "obj/obj.h"
#include "ops/ops.h"

/* MODIFY_TIR's bit mask */
#define CX_TIR_SET_PACKET_MERGE (1 << 0)
#define CX_TIR_SET_HASH         (1 << 2)
#define CX_TIR_SET_SELF_LB      (1 << 4)

/* MODIFY_RQT's bit mask */
#define CX_RQT_SET_LIST         (1 << 0)

static ConnectXStatus cx_op_create_tis(ConnectXCmd *cmd)
{
    return cx_cmd_create(cmd, CX_OBJ_TIS, CX_SZ(create_tis_in), 0, 0);
}

/* Priority is kept for queries; nothing here schedules by it. */
static ConnectXStatus cx_op_modify_tis(ConnectXCmd *cmd)
{
    ConnectXObj *tis = cx_cmd_find(cmd, CX_OBJ_TIS, cx_cmd_obj_id(cmd));

    if (!tis) {
        return CX_BAD_RESOURCE;
    }
    CX_SET(create_tis_in, tis->in, ctx.prio,
           CX_GET(modify_tis_in, cmd->in, ctx.prio));
    cx_obj_touch(cmd->fn, tis);
    return CX_OK;
}

static ConnectXStatus cx_op_destroy_tis(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_TIS);
}

static ConnectXStatus cx_op_query_tis(ConnectXCmd *cmd)
{
    return cx_cmd_query(cmd, CX_OBJ_TIS, CX_OFF(query_tis_out, tis_context),
                        CX_OFF(create_tis_in, ctx), CX_SZ(tisc));
}

static ConnectXStatus cx_op_create_tir(ConnectXCmd *cmd)
{
    return cx_cmd_create(cmd, CX_OBJ_TIR, CX_SZ(create_tir_in), 0, 0);
}

static ConnectXStatus cx_op_modify_tir(ConnectXCmd *cmd)
{
    ConnectXObj *tir = cx_cmd_find(cmd, CX_OBJ_TIR, cx_cmd_obj_id(cmd));
    uint64_t mask = ldq_be_p(CX_ADDR(modify_tir_in, cmd->in, bitmask));
    const uint8_t *from = CX_ADDR(modify_tir_in, cmd->in, ctx);
    uint8_t *to;

    if (!tir) {
        return CX_BAD_RESOURCE;
    }
    to = CX_ADDR(create_tir_in, tir->in, ctx);
    if (mask & CX_TIR_SET_PACKET_MERGE) {
        CX_SET(tirc, to, packet_merge_mask,
               CX_GET(tirc, from, packet_merge_mask));
    }
    if (mask & CX_TIR_SET_SELF_LB) {
        CX_SET(tirc, to, self_lb_block, CX_GET(tirc, from, self_lb_block));
    }
    if (mask & CX_TIR_SET_HASH) {
        CX_SET(tirc, to, rx_hash_symmetric,
               CX_GET(tirc, from, rx_hash_symmetric));
        CX_SET(tirc, to, rx_hash_fn, CX_GET(tirc, from, rx_hash_fn));
        memcpy(CX_ADDR(tirc, to, rx_hash_toeplitz_key),
               CX_ADDR(tirc, from, rx_hash_toeplitz_key),
               CX_WIDTH(tirc, rx_hash_toeplitz_key) / 8);
        memcpy(CX_ADDR(tirc, to, rx_hash_field_selector_outer),
               CX_ADDR(tirc, from, rx_hash_field_selector_outer),
               2 * CX_SZ(rx_hash_field_select));
    }
    cx_obj_touch(cmd->fn, tir);
    return CX_OK;
}

static ConnectXStatus cx_op_destroy_tir(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_TIR);
}

static ConnectXStatus cx_op_query_tir(ConnectXCmd *cmd)
{
    return cx_cmd_query(cmd, CX_OBJ_TIR, CX_OFF(query_tir_out, tir_context),
                        CX_OFF(create_tir_in, ctx), CX_SZ(tirc));
}

/* Room for the largest list from the start, whatever it begins with. */
static ConnectXStatus cx_op_create_rqt(ConnectXCmd *cmd)
{
    uint32_t max = CX_GET(create_rqt_in, cmd->in, rqt_context.rqt_max_size);
    uint32_t actual = CX_GET(create_rqt_in, cmd->in,
                             rqt_context.rqt_actual_size);
    uint8_t in[CX_SZ(create_rqt_in) + CX_RQT_SIZE_MAX * 4] = { 0 };
    uint32_t len = CX_SZ(create_rqt_in) + max * 4;
    ConnectXStatus status;
    ConnectXObj *obj;

    if (!max || max > CX_RQT_SIZE_MAX || actual > max) {
        return CX_BAD_PARAM;
    }
    if (cmd->in_len < CX_SZ(create_rqt_in) + actual * 4) {
        return CX_BAD_INPUT_LEN;
    }
    memcpy(in, cmd->in, MIN(cmd->in_len, len));
    status = cx_obj_create(cmd->fn, CX_OBJ_RQT, in, len, NULL, 0, &obj);
    if (status == CX_OK) {
        cx_cmd_set_obj_id(cmd, obj->id);
    }
    return status;
}

static ConnectXStatus cx_op_modify_rqt(ConnectXCmd *cmd)
{
    ConnectXObj *rqt = cx_cmd_find(cmd, CX_OBJ_RQT, cx_cmd_obj_id(cmd));
    uint64_t mask = ldq_be_p(CX_ADDR(modify_rqt_in, cmd->in, bitmask));
    uint32_t actual = CX_GET(modify_rqt_in, cmd->in, ctx.rqt_actual_size);
    const uint32_t at = CX_OFF(create_rqt_in, rqt_context);
    g_autofree uint8_t *ctx = NULL;

    if (!rqt) {
        return CX_BAD_RESOURCE;
    }
    if (!(mask & CX_RQT_SET_LIST)) {
        return CX_OK;
    }
    if (actual > CX_GET(create_rqt_in, rqt->in, rqt_context.rqt_max_size)) {
        return CX_BAD_PARAM;
    }
    if (cmd->in_len < CX_SZ(modify_rqt_in) + actual * 4) {
        return CX_BAD_INPUT_LEN;
    }
    ctx = g_memdup2(rqt->in + at, rqt->in_len - at);
    CX_SET(rqtc, ctx, rqt_actual_size, actual);
    memcpy(ctx + CX_SZ(rqtc), cmd->in + CX_SZ(modify_rqt_in), actual * 4);
    return cx_obj_patch(cmd->fn, rqt, at, ctx, rqt->in_len - at);
}

static ConnectXStatus cx_op_destroy_rqt(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_RQT);
}

static ConnectXStatus cx_op_query_rqt(ConnectXCmd *cmd)
{
    ConnectXObj *rqt = cx_cmd_find(cmd, CX_OBJ_RQT, cx_cmd_obj_id(cmd));
    const uint32_t from = CX_OFF(create_rqt_in, rqt_context);
    const uint32_t to = CX_OFF(query_rqt_out, rqt_context);

    if (!rqt) {
        return CX_BAD_RESOURCE;
    }
    memcpy(cmd->out + to, rqt->in + from,
           MIN(rqt->in_len - from, cmd->out_len - to));
    return CX_OK;
}

static const ConnectXOp cx_rss_ops[] = {
    CX_ROW(CREATE_TIS, create_tis, CX_OP_USER),
    CX_ROW(MODIFY_TIS, modify_tis, CX_OP_USER),
    CX_ROW(DESTROY_TIS, destroy_tis, CX_OP_USER),
    CX_ROW(QUERY_TIS, query_tis, CX_OP_USER),
    CX_ROW(CREATE_TIR, create_tir, CX_OP_USER),
    CX_ROW(MODIFY_TIR, modify_tir, CX_OP_USER),
    CX_ROW(DESTROY_TIR, destroy_tir, CX_OP_USER),
    CX_ROW(QUERY_TIR, query_tir, CX_OP_USER),
    CX_ROW(CREATE_RQT, create_rqt, CX_OP_USER),
    CX_ROW(MODIFY_RQT, modify_rqt, CX_OP_USER),
    CX_ROW(DESTROY_RQT, destroy_rqt, CX_OP_USER),
    CX_ROW(QUERY_RQT, query_rqt, CX_OP_USER),
};

void cx_ops_rss_register(void)
{
    cx_cmd_add_ops(cx_rss_ops, ARRAY_SIZE(cx_rss_ops));
}
