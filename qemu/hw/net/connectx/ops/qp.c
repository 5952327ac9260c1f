/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of queue pairs, XRC shared receive queues and
 * multicast groups
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "obj/obj.h"
#include "obj/umem.h"
#include "ops/ops.h"
#include "queue/mcg.h"
#include "queue/qp.h"
#include "queue/recv.h"
#include "queue/xrc_srq.h"

/* What queue pairs are of, that requests are carried out for */
static bool cx_qp_type_works(uint8_t type)
{
    return type == CX_QP_RC || type == CX_QP_UC || type == CX_QP_XRC ||
           type == CX_QP_UD || type == CX_QP_GSI || type == CX_QP_REG_UMR;
}

static ConnectXStatus cx_op_create_qp(ConnectXCmd *cmd)
{
    uint8_t *qpc = CX_ADDR(create_qp_in, cmd->in, qpc);
    uint32_t id = CX_GET(create_qp_in, cmd->in, wq_umem_id);
    uint64_t offset = CX_GET64(create_qp_in, cmd->in, wq_umem_offset);
    uint8_t type = CX_GET(qpc, qpc, st);
    ConnectXStatus status;

    if (!cx_qp_type_works(type)) {
        return cx_cmd_unimplemented(cmd, CX_BAD_PARAM, "QP of type 0x%x",
                                    type);
    }
    status = cx_cmd_umem_record(cmd, CX_GET(qpc, qpc, dbr_umem_valid),
                                cx_bits_get(qpc, CX_BIT_QPC_DBR_UMEM_ID, 32),
                                CX_ADDR(qpc, qpc, dbr_addr));
    if (status != CX_OK) {
        return status;
    }
    if (!CX_GET(create_qp_in, cmd->in, wq_umem_valid)) {
        return cx_cmd_create(cmd, CX_OBJ_QP, CX_SZ(create_qp_in),
                             CX_SZ(create_qp_in), cx_qp_pages(qpc));
    }
    CX_SET(qpc, qpc, log_page_size, 0);
    CX_SET(qpc, qpc, page_offset, cx_umem_in_page(cmd->fn, id, offset) / 64);
    return cx_cmd_create_in_umem(cmd, CX_OBJ_QP, CX_SZ(create_qp_in),
                                 &(ConnectXUmemPart) {
        .id = id, .offset = offset, .shift = CX_PAGE_SHIFT,
        .n = cx_qp_pages(qpc),
    });
}

static ConnectXStatus cx_op_destroy_qp(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_QP);
}

static ConnectXStatus cx_op_query_qp(ConnectXCmd *cmd)
{
    ConnectXObj *qp = cx_cmd_find(cmd, CX_OBJ_QP, cx_cmd_obj_id(cmd));

    if (!qp) {
        return CX_BAD_RESOURCE;
    }
    cx_qp_query(cmd->fn, qp, CX_ADDR(query_qp_out, cmd->out, qpc));
    return CX_OK;
}

/* All moves have one layout, but for those that bring no context. */
static ConnectXStatus cx_op_move_qp(ConnectXCmd *cmd)
{
    static const uint8_t none[CX_SZ(qpc)];
    ConnectXObj *qp = cx_cmd_find(cmd, CX_OBJ_QP, cx_cmd_obj_id(cmd));
    bool whole = cmd->in_len >= CX_OFF(rst2init_qp_in, qpc) + CX_SZ(qpc);
    ConnectXQpSyndrome syndrome;
    ConnectXStatus status;

    if (!qp) {
        return CX_BAD_RESOURCE;
    }
    status = cx_qp_move(cmd->fn, qp, cmd->opcode,
                        whole ? CX_GET(rst2init_qp_in, cmd->in,
                                       opt_param_mask) : 0,
                        whole ? CX_ADDR(rst2init_qp_in, cmd->in, qpc) : none,
                        &syndrome);
    cmd->syndrome = syndrome;
    return status;
}

static ConnectXStatus cx_op_create_xrc_srq(ConnectXCmd *cmd)
{
    ConnectXObj look = { .kind = CX_OBJ_XRC_SRQ, .in = cmd->in };
    ConnectXRing ring = cx_xrc_srq_ring(&look);
    uint32_t pages = cx_ring_pages(&ring);

    return pages ? cx_cmd_create(cmd, CX_OBJ_XRC_SRQ, CX_SZ(create_xrc_srq_in),
                                 CX_SZ(create_xrc_srq_in), pages) :
                   CX_BAD_PARAM;
}

static ConnectXStatus cx_op_destroy_xrc_srq(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_XRC_SRQ);
}

static ConnectXStatus cx_op_arm_xrc_srq(ConnectXCmd *cmd)
{
    ConnectXObj *srq = cx_cmd_find(cmd, CX_OBJ_XRC_SRQ, cx_cmd_obj_id(cmd));

    if (!srq) {
        return CX_BAD_RESOURCE;
    }
    cx_recv_set_limit(cmd->fn, srq, CX_GET(arm_xrc_srq_in, cmd->in, lwm));
    return CX_OK;
}

static ConnectXStatus cx_op_query_xrc_srq(ConnectXCmd *cmd)
{
    return cx_cmd_query(cmd, CX_OBJ_XRC_SRQ,
                        CX_OFF(query_xrc_srq_out, xrc_srq_context_entry),
                        CX_OFF(create_xrc_srq_in, xrc_srq_context_entry),
                        CX_SZ(xrc_srqc));
}

static ConnectXStatus cx_op_attach_to_mcg(ConnectXCmd *cmd)
{
    const uint8_t *gid = CX_ADDR(attach_to_mcg_in, cmd->in, multicast_gid);
    uint32_t qpn = CX_GET(attach_to_mcg_in, cmd->in, qpn);
    ConnectXObj *mcg;

    if (cx_mcg_find(cmd->fn, gid, qpn)) {
        return CX_BAD_PARAM;
    }
    if (cx_mcg_foreach(cmd->fn, gid, NULL, NULL) >= CX_MCG_QPS) {
        return CX_EXCEED_LIMIT;
    }
    return cx_obj_create(cmd->fn, CX_OBJ_MCG, cmd->in, CX_SZ(attach_to_mcg_in),
                         NULL, 0, &mcg);
}

static ConnectXStatus cx_op_detach_from_mcg(ConnectXCmd *cmd)
{
    ConnectXObj *mcg;

    mcg = cx_mcg_find(cmd->fn,
                      CX_ADDR(detach_from_mcg_in, cmd->in, multicast_gid),
                      CX_GET(detach_from_mcg_in, cmd->in, qpn));
    return mcg ? cx_cmd_destroy_id(cmd, CX_OBJ_MCG, mcg->id) :
                 CX_BAD_RESOURCE;
}

#define CX_MOVE_ROW(_op, _name)                                             \
    { MLX5_CMD_OP_##_op, CX_OP_USER, #_op, cx_op_move_qp,                   \
      CX_SZ(_name##_in), CX_SZ(_name##_out) }

static const ConnectXOp cx_qp_ops[] = {
    CX_ROW(CREATE_QP, create_qp, CX_OP_USER),
    CX_ROW(DESTROY_QP, destroy_qp, CX_OP_USER),
    { MLX5_CMD_OP_QUERY_QP, CX_OP_USER, "QUERY_QP", cx_op_query_qp,
      CX_SZ(query_qp_in), CX_OFF(query_qp_out, qpc) + CX_SZ(qpc) },
    CX_MOVE_ROW(RST2INIT_QP, rst2init_qp),
    CX_MOVE_ROW(INIT2INIT_QP, init2init_qp),
    CX_MOVE_ROW(INIT2RTR_QP, init2rtr_qp),
    CX_MOVE_ROW(RTR2RTS_QP, rtr2rts_qp),
    CX_MOVE_ROW(RTS2RTS_QP, rts2rts_qp),
    CX_MOVE_ROW(SQERR2RTS_QP, sqerr2rts_qp),
    CX_MOVE_ROW(SQD_RTS_QP, sqd2rts_qp),
    CX_MOVE_ROW(2ERR_QP, qp_2err),
    CX_MOVE_ROW(2RST_QP, qp_2rst),
    CX_ROW(CREATE_XRC_SRQ, create_xrc_srq, CX_OP_USER),
    CX_ROW(DESTROY_XRC_SRQ, destroy_xrc_srq, CX_OP_USER),
    CX_ROW(ARM_XRC_SRQ, arm_xrc_srq, CX_OP_USER | CX_OP_MOD(1)),
    CX_ROW(ATTACH_TO_MCG, attach_to_mcg, CX_OP_USER),
    CX_ROW(DETACH_FROM_MCG, detach_from_mcg, CX_OP_USER),
    { MLX5_CMD_OP_QUERY_XRC_SRQ, CX_OP_USER, "QUERY_XRC_SRQ",
      cx_op_query_xrc_srq, CX_SZ(query_xrc_srq_in),
      CX_OFF(query_xrc_srq_out, xrc_srq_context_entry) + CX_SZ(xrc_srqc) },
};

void cx_ops_qp_register(void)
{
    cx_cmd_add_ops(cx_qp_ops, ARRAY_SIZE(cx_qp_ops));
}
