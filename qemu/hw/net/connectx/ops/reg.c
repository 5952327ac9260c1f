/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: access registers (ACCESS_REG), those of the port
 *
 * A register is a structure; a read carries its index fields (port, group) and
 * gets them back with the rest filled in.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "ops/ops.h"
#include "switch/vport.h"
#include "trace.h"

#define CX_REG_WRITE        0       /* ACCESS_REG op_mod */
#define CX_REG_READ         1
#define CX_REG_DATA         CX_OFF(access_register_in, register_data)

#define CX_LOCAL_PORT       1
#define CX_PAOS_UP          1
#define CX_PAOS_DOWN        2
#define CX_PTYS_ETH         4       /* proto_mask */
#define CX_PTYS_100G_CR4    (1u << 20)
#define CX_MTU_MAX          10000

typedef struct ConnectXReg {
    uint16_t id;
    uint16_t size;
    const char *name;
    /* data holds the request, and the reply when it returns CX_OK. */
    ConnectXStatus (*access)(ConnectXFunction *fn, uint8_t *data, bool write);
} ConnectXReg;

static ConnectXStatus cx_reg_accept(ConnectXFunction *fn, uint8_t *data,
                                    bool write)
{
    return CX_OK;
}

static ConnectXStatus cx_reg_ptys(ConnectXFunction *fn, uint8_t *data,
                                  bool write)
{
    if (CX_GET(ptys_reg, data, local_port) != CX_LOCAL_PORT) {
        return CX_BAD_PARAM;
    }
    /* One speed, so there is nothing to set. */
    if (write) {
        return CX_GET(ptys_reg, data, eth_proto_admin) & ~CX_PTYS_100G_CR4 ?
               CX_BAD_PARAM : CX_OK;
    }
    CX_SET(ptys_reg, data, proto_mask, CX_PTYS_ETH);
    CX_SET(ptys_reg, data, eth_proto_capability, CX_PTYS_100G_CR4);
    CX_SET(ptys_reg, data, eth_proto_admin, CX_PTYS_100G_CR4);
    CX_SET(ptys_reg, data, eth_proto_oper,
           cx_vport_up(fn) ? CX_PTYS_100G_CR4 : 0);
    return CX_OK;
}

static ConnectXStatus cx_reg_paos(ConnectXFunction *fn, uint8_t *data,
                                  bool write)
{
    uint8_t admin = CX_GET(paos_reg, data, admin_status);
    bool was_up = cx_vport_up(fn);

    if (CX_GET(paos_reg, data, local_port) != CX_LOCAL_PORT) {
        return CX_BAD_PARAM;
    }
    if (write) {
        if (admin != CX_PAOS_UP && admin != CX_PAOS_DOWN) {
            return CX_BAD_PARAM;
        }
        fn->vport->port_up = admin == CX_PAOS_UP;
        if (was_up != cx_vport_up(fn)) {
            cx_vport_link_event(fn);
        }
        return CX_OK;
    }
    CX_SET(paos_reg, data, admin_status,
           fn->vport->port_up ? CX_PAOS_UP : CX_PAOS_DOWN);
    CX_SET(paos_reg, data, oper_status,
           was_up ? CX_PAOS_UP : CX_PAOS_DOWN);
    return CX_OK;
}

static ConnectXStatus cx_reg_pmtu(ConnectXFunction *fn, uint8_t *data,
                                  bool write)
{
    uint16_t mtu = CX_GET(pmtu_reg, data, admin_mtu);

    if (CX_GET(pmtu_reg, data, local_port) != CX_LOCAL_PORT) {
        return CX_BAD_PARAM;
    }
    if (write) {
        if (mtu > CX_MTU_MAX) {
            return CX_BAD_PARAM;
        }
        /* The port is the PF's; a VF has only its vport's limit. */
        if (!fn->is_vf) {
            fn->dev->port_mtu = mtu;
        }
        return CX_OK;
    }
    CX_SET(pmtu_reg, data, max_mtu, CX_MTU_MAX);
    CX_SET(pmtu_reg, data, admin_mtu, fn->dev->port_mtu);
    CX_SET(pmtu_reg, data, oper_mtu, fn->dev->port_mtu);
    return CX_OK;
}

enum {                      /* groups of counters */
    CX_PPCNT_802_3      = 0,
    CX_PPCNT_RFC_2863   = 1,
};

static uint64_t cx_port_sum(ConnectXTraffic traffic, unsigned what)
{
    return traffic[CX_UNICAST][what] + traffic[CX_MULTICAST][what] +
           traffic[CX_BROADCAST][what];
}

static void cx_ppcnt_802_3(ConnectXDevice *dev, uint8_t *set)
{
#define SET(f, v) \
    stq_be_p(set + CX_OFF(eth_802_3_cntrs_grp_data_layout, f##_high), v)
    SET(a_frames_transmitted_ok, cx_port_sum(dev->port_tx, CX_PACKETS));
    SET(a_frames_received_ok, cx_port_sum(dev->port_rx, CX_PACKETS));
    SET(a_octets_transmitted_ok, cx_port_sum(dev->port_tx, CX_BYTES));
    SET(a_octets_received_ok, cx_port_sum(dev->port_rx, CX_BYTES));
    SET(a_multicast_frames_xmitted_ok, dev->port_tx[CX_MULTICAST][CX_PACKETS]);
    SET(a_broadcast_frames_xmitted_ok, dev->port_tx[CX_BROADCAST][CX_PACKETS]);
    SET(a_multicast_frames_received_ok, dev->port_rx[CX_MULTICAST][CX_PACKETS]);
    SET(a_broadcast_frames_received_ok, dev->port_rx[CX_BROADCAST][CX_PACKETS]);
#undef SET
}

static void cx_ppcnt_rfc_2863(ConnectXDevice *dev, uint8_t *set)
{
#define SET(f, v) \
    stq_be_p(set + CX_OFF(eth_2863_cntrs_grp_data_layout, f##_high), v)
    SET(if_in_octets, cx_port_sum(dev->port_rx, CX_BYTES));
    SET(if_in_ucast_pkts, dev->port_rx[CX_UNICAST][CX_PACKETS]);
    SET(if_in_multicast_pkts, dev->port_rx[CX_MULTICAST][CX_PACKETS]);
    SET(if_in_broadcast_pkts, dev->port_rx[CX_BROADCAST][CX_PACKETS]);
    SET(if_out_octets, cx_port_sum(dev->port_tx, CX_BYTES));
    SET(if_out_ucast_pkts, dev->port_tx[CX_UNICAST][CX_PACKETS]);
    SET(if_out_multicast_pkts, dev->port_tx[CX_MULTICAST][CX_PACKETS]);
    SET(if_out_broadcast_pkts, dev->port_tx[CX_BROADCAST][CX_PACKETS]);
#undef SET
}

/* What happened on the wire. Nothing there is lost or late: all else is 0. */
static ConnectXStatus cx_reg_ppcnt(ConnectXFunction *fn, uint8_t *data,
                                   bool write)
{
    uint8_t *set = CX_ADDR(ppcnt_reg, data, counter_set);

    memset(set, 0, CX_SZ(ppcnt_reg) - CX_OFF(ppcnt_reg, counter_set));
    switch (CX_GET(ppcnt_reg, data, grp)) {
    case CX_PPCNT_802_3:
        cx_ppcnt_802_3(fn->dev, set);
        break;
    case CX_PPCNT_RFC_2863:
        cx_ppcnt_rfc_2863(fn->dev, set);
        break;
    }
    return CX_OK;
}

static ConnectXStatus cx_reg_pmlp(ConnectXFunction *fn, uint8_t *data,
                                  bool write)
{
    if (write) {
        return CX_BAD_PARAM;
    }
    CX_SET(pmlp_reg, data, width, 1);
    return CX_OK;
}

/* The node's description is not kept: who writes it has it. */
static ConnectXStatus cx_reg_node_desc(ConnectXFunction *fn, uint8_t *data,
                                       bool write)
{
    if (!write) {
        memcpy(data, CX_NODE_DESC, sizeof(CX_NODE_DESC));
    }
    return CX_OK;
}

#define CX_HOST_ENDIANNESS_SIZE 16
#define CX_NODE_DESC_SIZE       64

static const ConnectXReg cx_regs[] = {
    { 0x7004, CX_HOST_ENDIANNESS_SIZE, "HOST_ENDIANNESS", cx_reg_accept },
    { 0x5002, CX_SZ(pmlp_reg), "PMLP", cx_reg_pmlp },
    { 0x5003, CX_SZ(pmtu_reg), "PMTU", cx_reg_pmtu },
    { 0x5004, CX_SZ(ptys_reg), "PTYS", cx_reg_ptys },
    { 0x5006, CX_SZ(paos_reg), "PAOS", cx_reg_paos },
    { 0x5007, CX_SZ(pfcc_reg), "PFCC", cx_reg_accept },
    { 0x5008, CX_SZ(ppcnt_reg), "PPCNT", cx_reg_ppcnt },
    { 0x6001, CX_NODE_DESC_SIZE, "NODE_DESC", cx_reg_node_desc },
};

static ConnectXStatus cx_op_access_reg(ConnectXCmd *cmd)
{
    uint16_t id = CX_GET(access_register_in, cmd->in, register_id);
    bool write = cmd->op_mod != CX_REG_READ;

    for (unsigned i = 0; i < ARRAY_SIZE(cx_regs); i++) {
        const ConnectXReg *reg = &cx_regs[i];
        g_autofree uint8_t *data = NULL;
        ConnectXStatus status;

        if (reg->id != id) {
            continue;
        }
        if (cmd->in_len < CX_REG_DATA + reg->size) {
            return CX_BAD_INPUT_LEN;
        }
        trace_connectx_access_reg(cmd->fn->number, reg->name, write);
        data = g_memdup2(cmd->in + CX_REG_DATA, reg->size);
        status = reg->access(cmd->fn, data, write);
        if (status == CX_OK) {
            memcpy(cmd->out + CX_REG_DATA, data,
                   MIN(reg->size, cmd->out_len - CX_REG_DATA));
        }
        return status;
    }
    return cx_cmd_unimplemented(cmd, CX_BAD_PARAM, "access register 0x%x", id);
}

static const ConnectXOp cx_reg_ops[] = {
    { MLX5_CMD_OP_ACCESS_REG,
      CX_OP_ENABLED | CX_OP_MOD(CX_REG_WRITE) | CX_OP_MOD(CX_REG_READ),
      "ACCESS_REG", cx_op_access_reg, CX_REG_DATA, CX_REG_DATA },
};

void cx_ops_reg_register(void)
{
    cx_cmd_add_ops(cx_reg_ops, ARRAY_SIZE(cx_reg_ops));
}
