/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of queue pairs and XRC shared receive queues
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "obj/obj.h"
#include "ops/ops.h"
#include "queue/qp.h"
#include "queue/xrc_srq.h"

static ConnectXStatus cx_op_create_qp(ConnectXCmd *cmd)
{
    return cx_cmd_create(cmd, CX_OBJ_QP, CX_SZ(create_qp_in),
                         CX_SZ(create_qp_in),
                         cx_qp_pages(CX_ADDR(create_qp_in, cmd->in, qpc)));
}

static ConnectXStatus cx_op_destroy_qp(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_QP);
}

static ConnectXStatus cx_op_query_qp(ConnectXCmd *cmd)
{
    ConnectXObj *qp = cx_obj_find(cmd->fn, CX_OBJ_QP, cx_cmd_obj_id(cmd));
    uint8_t *qpc = CX_ADDR(query_qp_out, cmd->out, qpc);

    if (!qp) {
        return CX_BAD_RESOURCE;
    }
    memcpy(qpc, CX_ADDR(create_qp_in, qp->in, qpc), CX_SZ(qpc));
    CX_SET(qpc, qpc, state, qp->run.state);
    return CX_OK;
}

/* What a transition may bring; zero leaves what was there. */
#define CX_QP_FIELD(_f) { CX_BIT(qpc, _f), CX_WIDTH(qpc, _f) }

static const struct {
    uint16_t bit;
    uint16_t width;
} cx_qp_fields[] = {
    CX_QP_FIELD(pm_state), CX_QP_FIELD(mtu), CX_QP_FIELD(log_msg_max),
    CX_QP_FIELD(remote_qpn), CX_QP_FIELD(log_ack_req_freq),
    CX_QP_FIELD(log_sra_max), CX_QP_FIELD(retry_count),
    CX_QP_FIELD(rnr_retry), CX_QP_FIELD(next_send_psn),
    CX_QP_FIELD(log_rra_max), CX_QP_FIELD(rre), CX_QP_FIELD(rwe),
    CX_QP_FIELD(rae), CX_QP_FIELD(min_rnr_nak), CX_QP_FIELD(next_rcv_psn),
    CX_QP_FIELD(q_key), CX_QP_FIELD(counter_set_id),
};

static void cx_qp_merge(uint8_t *to, const uint8_t *from)
{
    const uint32_t path = CX_OFF(qpc, primary_address_path);

    for (unsigned i = 0; i < ARRAY_SIZE(cx_qp_fields); i++) {
        uint32_t v = cx_bits_get(from, cx_qp_fields[i].bit,
                                 cx_qp_fields[i].width);

        if (v) {
            cx_bits_set(to, cx_qp_fields[i].bit, cx_qp_fields[i].width, v);
        }
    }
    if (!buffer_is_zero(from + path, CX_SZ(ads))) {
        memcpy(to + path, from + path, CX_SZ(ads));
    }
}

/* from: bit mask of the states that the command may find the QP in */
static ConnectXStatus cx_qp_move(ConnectXCmd *cmd, uint32_t from, uint8_t to)
{
    ConnectXObj *qp = cx_obj_find(cmd->fn, CX_OBJ_QP, cx_cmd_obj_id(cmd));

    if (!qp) {
        return CX_BAD_RESOURCE;
    }
    if (!(from & (1u << qp->run.state))) {
        return CX_BAD_QP_STATE;
    }
    if (cmd->in_len >= CX_OFF(rst2init_qp_in, qpc) + CX_SZ(qpc)) {
        cx_qp_merge(CX_ADDR(create_qp_in, qp->in, qpc),
                    CX_ADDR(rst2init_qp_in, cmd->in, qpc));
    }
    cx_obj_touch(cmd->fn, qp);
    if (to == CX_QP_RST) {
        cx_obj_run(cmd->fn, qp)->pi = 0;
    }
    cx_obj_run(cmd->fn, qp)->state = to;
    return CX_OK;
}

#define CX_QP_MOVE(_name, _from, _to)                                       \
static ConnectXStatus cx_op_##_name(ConnectXCmd *cmd)                       \
{                                                                           \
    return cx_qp_move(cmd, _from, _to);                                     \
}

#define CX_QP_ANY 0x7f

CX_QP_MOVE(rst2init_qp, 1 << CX_QP_RST, CX_QP_INIT)
CX_QP_MOVE(init2init_qp, 1 << CX_QP_INIT, CX_QP_INIT)
CX_QP_MOVE(init2rtr_qp, 1 << CX_QP_INIT, CX_QP_RTR)
CX_QP_MOVE(rtr2rts_qp, 1 << CX_QP_RTR, CX_QP_RTS)
CX_QP_MOVE(rts2rts_qp, 1 << CX_QP_RTS, CX_QP_RTS)
CX_QP_MOVE(qp_2err, CX_QP_ANY, CX_QP_ERR)
CX_QP_MOVE(qp_2rst, CX_QP_ANY, CX_QP_RST)

static ConnectXStatus cx_op_create_xrc_srq(ConnectXCmd *cmd)
{
    uint32_t pages = cx_xrc_srq_pages(cmd->in);

    return pages ? cx_cmd_create(cmd, CX_OBJ_XRC_SRQ, CX_SZ(create_xrc_srq_in),
                                 CX_SZ(create_xrc_srq_in), pages) :
                   CX_BAD_PARAM;
}

static ConnectXStatus cx_op_destroy_xrc_srq(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_XRC_SRQ);
}

static ConnectXStatus cx_op_query_xrc_srq(ConnectXCmd *cmd)
{
    return cx_cmd_query(cmd, CX_OBJ_XRC_SRQ,
                        CX_OFF(query_xrc_srq_out, xrc_srq_context_entry),
                        CX_OFF(create_xrc_srq_in, xrc_srq_context_entry),
                        CX_SZ(xrc_srqc));
}

static const ConnectXOp cx_qp_ops[] = {
    CX_ROW(CREATE_QP, create_qp, 0),
    CX_ROW(DESTROY_QP, destroy_qp, 0),
    { MLX5_CMD_OP_QUERY_QP, 0, "QUERY_QP", cx_op_query_qp, CX_SZ(query_qp_in),
      CX_OFF(query_qp_out, qpc) + CX_SZ(qpc) },
    CX_ROW(RST2INIT_QP, rst2init_qp, 0),
    CX_ROW(INIT2INIT_QP, init2init_qp, 0),
    CX_ROW(INIT2RTR_QP, init2rtr_qp, 0),
    CX_ROW(RTR2RTS_QP, rtr2rts_qp, 0),
    CX_ROW(RTS2RTS_QP, rts2rts_qp, 0),
    CX_ROW(2ERR_QP, qp_2err, 0),
    CX_ROW(2RST_QP, qp_2rst, 0),
    CX_ROW(CREATE_XRC_SRQ, create_xrc_srq, 0),
    CX_ROW(DESTROY_XRC_SRQ, destroy_xrc_srq, 0),
    { MLX5_CMD_OP_QUERY_XRC_SRQ, 0, "QUERY_XRC_SRQ", cx_op_query_xrc_srq,
      CX_SZ(query_xrc_srq_in),
      CX_OFF(query_xrc_srq_out, xrc_srq_context_entry) + CX_SZ(xrc_srqc) },
};

void cx_ops_qp_register(void)
{
    cx_cmd_add_ops(cx_qp_ops, ARRAY_SIZE(cx_qp_ops));
}
