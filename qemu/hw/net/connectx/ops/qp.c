/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs and XRC shared receive queues, as objects
 *
 * The state machine and the contexts are kept; no packet is sent or received
 * through them.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "obj/obj.h"
#include "ops/ops.h"
#include "queue/wq.h"
#include "trace.h"

enum {                      /* qpc.state */
    CX_QP_RST,
    CX_QP_INIT,
    CX_QP_RTR,
    CX_QP_RTS,
    CX_QP_SQER,
    CX_QP_SQD,
    CX_QP_ERR,
};

/* qpc.rq_type: a receive queue of its own; others have none in their buffer */
#define CX_QP_RQ_REGULAR    0

/* Bytes of a queue pair's one buffer: receive queue, then send queue. */
static uint64_t cx_qp_bytes(const uint8_t *qpc)
{
    uint64_t bytes = 0;

    if (CX_GET(qpc, qpc, rq_type) == CX_QP_RQ_REGULAR) {
        bytes = 16ull << (CX_GET(qpc, qpc, log_rq_size) +
                          CX_GET(qpc, qpc, log_rq_stride));
    }
    if (!CX_GET(qpc, qpc, no_sq)) {
        bytes += (uint64_t)CX_WQEBB_SIZE << CX_GET(qpc, qpc, log_sq_size);
    }
    return bytes;
}

static uint32_t cx_qp_pages(const uint8_t *qpc)
{
    uint8_t shift = CX_GET(qpc, qpc, log_page_size) + CX_PAGE_SHIFT;
    uint64_t bytes = cx_qp_bytes(qpc);

    if (!bytes) {
        return 0;
    }
    bytes += CX_GET(qpc, qpc, page_offset) * 64;
    return DIV_ROUND_UP(bytes, 1ull << shift);
}

static ConnectXStatus cx_qp_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *qpc = CX_ADDR(create_qp_in, obj->in, qpc);
    uint32_t cqn_snd = CX_GET(qpc, qpc, cqn_snd);
    uint32_t cqn_rcv = CX_GET(qpc, qpc, cqn_rcv);
    ConnectXStatus status;

    if (obj->run.state > CX_QP_ERR ||
        CX_GET(create_qp_in, obj->in, wq_umem_valid) ||
        CX_GET(qpc, qpc, dbr_umem_valid) || obj->npas != cx_qp_pages(qpc)) {
        return CX_BAD_PARAM;
    }
    status = cx_obj_use(fn, obj, CX_OBJ_PD, CX_GET(qpc, qpc, pd));
    if (status == CX_OK && cqn_snd) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, cqn_snd);
    }
    if (status == CX_OK && cqn_rcv) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, cqn_rcv);
    }
    return status;
}

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
    if (to == CX_QP_RST) {
        qp->run.pi = 0;
    }
    qp->run.state = to;
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

static uint32_t cx_xrc_srq_pages(const uint8_t *in)
{
    const uint8_t *srqc = CX_ADDR(create_xrc_srq_in, in,
                                  xrc_srq_context_entry);
    uint8_t shift = CX_GET(xrc_srqc, srqc, log_page_size) + CX_PAGE_SHIFT;
    uint64_t bytes = CX_GET(xrc_srqc, srqc, page_offset) * 64;

    if (shift > 40) {
        return 0;
    }
    bytes += 16ull << (CX_GET(xrc_srqc, srqc, log_xrc_srq_size) +
                       CX_GET(xrc_srqc, srqc, log_rq_stride));
    return DIV_ROUND_UP(bytes, 1ull << shift);
}

static ConnectXStatus cx_xrc_srq_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *srqc = CX_ADDR(create_xrc_srq_in, obj->in,
                                  xrc_srq_context_entry);
    uint32_t cqn = CX_GET(xrc_srqc, srqc, cqn);
    ConnectXStatus status;

    if (CX_GET(create_xrc_srq_in, obj->in, xrc_srq_umem_valid) ||
        CX_GET(xrc_srqc, srqc, dbr_umem_valid) || !obj->npas ||
        obj->npas != cx_xrc_srq_pages(obj->in)) {
        return CX_BAD_PARAM;
    }
    status = cx_obj_use(fn, obj, CX_OBJ_PD, CX_GET(xrc_srqc, srqc, pd));
    if (status == CX_OK) {
        status = cx_obj_use(fn, obj, CX_OBJ_XRCD,
                            CX_GET(xrc_srqc, srqc, xrcd));
    }
    if (status == CX_OK && cqn) {
        status = cx_obj_use(fn, obj, CX_OBJ_CQ, cqn);
    }
    return status;
}

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
    ConnectXObj *srq = cx_obj_find(cmd->fn, CX_OBJ_XRC_SRQ,
                                   cx_cmd_obj_id(cmd));

    if (!srq) {
        return CX_BAD_RESOURCE;
    }
    memcpy(CX_ADDR(query_xrc_srq_out, cmd->out, xrc_srq_context_entry),
           CX_ADDR(create_xrc_srq_in, srq->in, xrc_srq_context_entry),
           CX_SZ(xrc_srqc));
    return CX_OK;
}

#define CX_ROW(_op, _name, _flags) \
    { MLX5_CMD_OP_##_op, _flags, #_op, cx_op_##_name, CX_SZ(_name##_in), \
      CX_SZ(_name##_out) }

static const ConnectXOp cx_qp_ops[] = {
    CX_ROW(CREATE_QP, create_qp, CX_OP_CHANGES),
    CX_ROW(DESTROY_QP, destroy_qp, CX_OP_CHANGES),
    { MLX5_CMD_OP_QUERY_QP, 0, "QUERY_QP", cx_op_query_qp, CX_SZ(query_qp_in),
      CX_OFF(query_qp_out, qpc) + CX_SZ(qpc) },
    CX_ROW(RST2INIT_QP, rst2init_qp, CX_OP_CHANGES),
    CX_ROW(INIT2INIT_QP, init2init_qp, CX_OP_CHANGES),
    CX_ROW(INIT2RTR_QP, init2rtr_qp, CX_OP_CHANGES),
    CX_ROW(RTR2RTS_QP, rtr2rts_qp, CX_OP_CHANGES),
    CX_ROW(RTS2RTS_QP, rts2rts_qp, CX_OP_CHANGES),
    CX_ROW(2ERR_QP, qp_2err, CX_OP_CHANGES),
    CX_ROW(2RST_QP, qp_2rst, CX_OP_CHANGES),
    CX_ROW(CREATE_XRC_SRQ, create_xrc_srq, CX_OP_CHANGES),
    CX_ROW(DESTROY_XRC_SRQ, destroy_xrc_srq, CX_OP_CHANGES),
    { MLX5_CMD_OP_QUERY_XRC_SRQ, 0, "QUERY_XRC_SRQ", cx_op_query_xrc_srq,
      CX_SZ(query_xrc_srq_in),
      CX_OFF(query_xrc_srq_out, xrc_srq_context_entry) + CX_SZ(xrc_srqc) },
};

static const ConnectXObjType cx_qp_kind = {
    .kind = CX_OBJ_QP, .name = "QP", CX_OBJ_IN(create_qp_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << 16, .saved = true,
    .link = cx_qp_link,
};

static const ConnectXObjType cx_xrc_srq_kind = {
    .kind = CX_OBJ_XRC_SRQ, .name = "XRC_SRQ", CX_OBJ_IN(create_xrc_srq_in),
    CX_OBJ_ID24, .space = CX_SPACE_WQ, .has_pas = true,
    .limit = 1 << 16, .saved = true,
    .link = cx_xrc_srq_link,
};

void cx_ops_qp_register(void)
{
    cx_obj_add_type(&cx_qp_kind);
    cx_obj_add_type(&cx_xrc_srq_kind);
    cx_cmd_add_ops(cx_qp_ops, ARRAY_SIZE(cx_qp_ops));
}
