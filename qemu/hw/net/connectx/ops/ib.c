/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what InfiniBand would ask its fabric for, and drivers
 * of RDMA ask on Ethernet, too: the partition key, the port, the node
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "ops/ops.h"
#include "switch/vport.h"

/* The one partition key that there is on Ethernet: full member of all */
#define CX_PKEY_DEFAULT     0xffff

/* A port that is up: vport_state, port_state and port_physical_state */
#define CX_IB_VPORT_UP      1
#define CX_IB_PORT_DOWN     1
#define CX_IB_PORT_ACTIVE   4
#define CX_IB_PHYS_POLLING  2
#define CX_IB_PHYS_UP       5

/* A management datagram that goes no further than the device: where what is */
enum {
    CX_MAD_METHOD       = 3,
    CX_MAD_STATUS       = 4,
    CX_MAD_ATTRIBUTE    = 16,
    CX_MAD_DATA         = 64,
};

#define CX_MAD_GET              0x01
#define CX_MAD_GET_RESP         0x81
#define CX_MAD_UNSUPPORTED      0x000c  /* status: method with attribute */
#define CX_MAD_NODE_DESC        0x0010  /* attributes */
#define CX_MAD_NODE_INFO        0x0011
#define CX_MAD_PKEY_TABLE       0x0016

static ConnectXStatus cx_op_query_hca_vport_pkey(ConnectXCmd *cmd)
{
    uint8_t *pkey = CX_ADDR(query_hca_vport_pkey_out, cmd->out, pkey);

    if (!cx_cmd_target(cmd)) {
        return CX_BAD_PARAM;
    }
    /* The list begins at the index, and behind 0 there is nothing. */
    if (CX_GET(query_hca_vport_pkey_in, cmd->in, pkey_index)) {
        return CX_OK;
    }
    CX_SET(pkey, pkey, pkey, CX_PKEY_DEFAULT);
    return CX_OK;
}

static ConnectXStatus cx_op_query_hca_vport_context(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);
    uint8_t *ctx = CX_ADDR(query_hca_vport_context_out, cmd->out,
                           hca_vport_context);
    bool up = fn && cx_vport_up(fn);

    if (!fn) {
        return CX_BAD_PARAM;
    }
#define CTX(f, v) CX_SET(hca_vport_context, ctx, f, v)
    CTX(grh_required, 1);
    CTX(vport_state, up ? CX_IB_VPORT_UP : 0);
    CTX(port_state, up ? CX_IB_PORT_ACTIVE : CX_IB_PORT_DOWN);
    CTX(port_physical_state, up ? CX_IB_PHYS_UP : CX_IB_PHYS_POLLING);
#undef CTX
    CX_SET64(hca_vport_context, ctx, system_image_guid,
             fn->dev->pf->vport->node_guid);
    CX_SET64(hca_vport_context, ctx, port_guid, fn->vport->port_guid);
    CX_SET64(hca_vport_context, ctx, node_guid, fn->vport->node_guid);
    return CX_OK;
}

/* NodeInfo, as the specification of InfiniBand lays it out (14.2.5.3) */
static void cx_mad_node_info(const ConnectXFunction *fn, uint8_t *data)
{
    data[0] = 1;                        /* versions of the base, the class */
    data[1] = 1;
    data[2] = 1;                        /* a channel adapter... */
    data[3] = 1;                        /* ...of one port */
    stq_be_p(data + 4, fn->dev->pf->vport->node_guid);
    stq_be_p(data + 12, fn->vport->node_guid);
    stq_be_p(data + 20, fn->vport->port_guid);
    stw_be_p(data + 28, 1);             /* partition keys */
    stw_be_p(data + 30, fn->is_vf ? CX_VF_DEVICE_ID :
                                    fn->dev->identity->device_id);
    stl_be_p(data + 36, 1u << 24 | CX_IEEE_VENDOR_ID);
}

static ConnectXStatus cx_op_mad_ifc(ConnectXCmd *cmd)
{
    uint8_t *mad = CX_ADDR(mad_ifc_out, cmd->out, response_mad_packet);
    uint8_t *data = mad + CX_MAD_DATA;

    memcpy(mad, CX_ADDR(mad_ifc_in, cmd->in, mad), CX_MAD_DATA);
    mad[CX_MAD_METHOD] = CX_MAD_GET_RESP;
    if (((uint8_t *)CX_ADDR(mad_ifc_in, cmd->in, mad))[CX_MAD_METHOD] !=
        CX_MAD_GET) {
        stw_be_p(mad + CX_MAD_STATUS, CX_MAD_UNSUPPORTED);
        return CX_OK;
    }
    switch (lduw_be_p(mad + CX_MAD_ATTRIBUTE)) {
    case CX_MAD_NODE_DESC:
        memcpy(data, CX_NODE_DESC, sizeof(CX_NODE_DESC));
        break;
    case CX_MAD_NODE_INFO:
        cx_mad_node_info(cmd->fn, data);
        break;
    case CX_MAD_PKEY_TABLE:
        stw_be_p(data, CX_PKEY_DEFAULT);
        break;
    default:
        stw_be_p(mad + CX_MAD_STATUS, CX_MAD_UNSUPPORTED);
    }
    return CX_OK;
}

/* op_mod: which of two keys of management need not be right. There are none. */
#define CX_MAD_MODS         (CX_OP_MOD(0) | CX_OP_MOD(1) | CX_OP_MOD(2) | \
                             CX_OP_MOD(3))

static const ConnectXOp cx_ib_ops[] = {
    { MLX5_CMD_OP_QUERY_HCA_VPORT_PKEY, CX_OP_USER, "QUERY_HCA_VPORT_PKEY",
      cx_op_query_hca_vport_pkey, CX_SZ(query_hca_vport_pkey_in),
      CX_SZ(query_hca_vport_pkey_out) + CX_SZ(pkey) },
    CX_ROW(QUERY_HCA_VPORT_CONTEXT, query_hca_vport_context, CX_OP_USER),
    CX_ROW(MAD_IFC, mad_ifc, CX_MAD_MODS),
};

void cx_ops_ib_register(void)
{
    cx_cmd_add_ops(cx_ib_ops, ARRAY_SIZE(cx_ib_ops));
}
