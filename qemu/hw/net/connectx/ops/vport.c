/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: vport commands
 *
 * Each function has one vport. Its own driver sets lists and modes; the PF's
 * driver sets address, GUIDs and administrative state of the VFs' vports and
 * may ask to be told of changes.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "ops/ops.h"
#include "switch/vport.h"

enum {                      /* allowed_list_type */
    CX_LIST_UC,
    CX_LIST_MC,
    CX_LIST_VLAN,
};

/* An entry of a MAC list: 2 bytes of padding, 6 of address */
#define CX_LIST_ENTRY       8

static ConnectXMacList *cx_vport_list(ConnectXVport *vport, unsigned type)
{
    switch (type) {
    case CX_LIST_UC:
        return &vport->uc;
    case CX_LIST_MC:
        return &vport->mc;
    case CX_LIST_VLAN:
        return &vport->vlan;
    default:
        return NULL;
    }
}

static void cx_vport_reply_list(ConnectXCmd *cmd, uint8_t *ctx,
                                const ConnectXMacList *list)
{
    uint32_t at = CX_SZ(query_nic_vport_context_out);
    uint32_t n = MIN(list->n, (cmd->out_len - at) / CX_LIST_ENTRY);

    for (uint32_t i = 0; i < n; i++) {
        memcpy(cmd->out + at + i * CX_LIST_ENTRY + 2, list->mac[i], 6);
    }
    CX_SET(nic_vport_context, ctx, allowed_list_size, n);
}

/* All but the system's GUID, which is of the device, and the list. */
static void cx_vport_reply(const ConnectXVport *vport, uint8_t *ctx)
{
#define CTX(f, v) CX_SET(nic_vport_context, ctx, f, v)
    CTX(roce_en, vport->roce_en);
    CTX(disable_uc_local_lb, vport->disable_uc_lb);
    CTX(disable_mc_local_lb, vport->disable_mc_lb);
    CTX(arm_change_event, vport->armed);
    CTX(event_on_uc_address_change, !!(vport->event_mask & CX_ON_UC));
    CTX(event_on_mc_address_change, !!(vport->event_mask & CX_ON_MC));
    CTX(event_on_vlan_change, !!(vport->event_mask & CX_ON_VLAN));
    CTX(event_on_promisc_change, !!(vport->event_mask & CX_ON_PROMISC));
    CTX(event_on_mtu, !!(vport->event_mask & CX_ON_MTU));
    CTX(mtu, vport->mtu);
    CTX(promisc_uc, vport->promisc_uc);
    CTX(promisc_mc, vport->promisc_mc);
    CTX(promisc_all, vport->promisc_all);
#undef CTX
    CX_SET64(nic_vport_context, ctx, port_guid, vport->port_guid);
    CX_SET64(nic_vport_context, ctx, node_guid, vport->node_guid);
    memcpy((uint8_t *)CX_ADDR(nic_vport_context, ctx, permanent_address) + 2,
           vport->permanent_mac, 6);
}

/*
 * A driver that wants the list has room for one; who has not looks at modes or
 * the MTU, whatever list is named.
 */
static uint8_t cx_vport_shown(const ConnectXCmd *cmd, unsigned type)
{
    return cmd->out_len > CX_SZ(query_nic_vport_context_out) ?
           1 << type : CX_ON_PROMISC | CX_ON_MTU;
}

static ConnectXStatus cx_op_query_nic_vport_context(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);
    uint8_t type = CX_GET(query_nic_vport_context_in, cmd->in,
                          allowed_list_type);
    uint8_t *ctx = CX_ADDR(query_nic_vport_context_out, cmd->out,
                           nic_vport_context);
    ConnectXMacList *list = fn ? cx_vport_list(fn->vport, type) : NULL;

    if (!list) {
        return CX_BAD_PARAM;
    }
    cx_vport_reply(fn->vport, ctx);
    CX_SET64(nic_vport_context, ctx, system_image_guid,
             fn->dev->pf->vport->node_guid);
    CX_SET(nic_vport_context, ctx, allowed_list_type, type);
    cx_vport_reply_list(cmd, ctx, list);
    if (!cmd->fn->is_vf) {
        cx_vport_seen(fn, cx_vport_shown(cmd, type));
    }
    return CX_OK;
}

static ConnectXStatus cx_vport_set_list(ConnectXCmd *cmd, ConnectXVport *vport,
                                        const uint8_t *ctx)
{
    uint8_t type = CX_GET(nic_vport_context, ctx, allowed_list_type);
    uint32_t n = CX_GET(nic_vport_context, ctx, allowed_list_size);
    ConnectXMacList *list = cx_vport_list(vport, type);
    uint32_t at = CX_SZ(modify_nic_vport_context_in);

    if (!list || n > CX_MAC_LIST_MAX) {
        return CX_BAD_PARAM;
    }
    if (cmd->in_len < at + n * CX_LIST_ENTRY) {
        return CX_BAD_INPUT_LEN;
    }
    list->n = n;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(list->mac[i], cmd->in + at + i * CX_LIST_ENTRY + 2, 6);
    }
    return CX_OK;
}

/* What a function's own driver sets of its vport. Returns what changed. */
static uint8_t cx_vport_set_own(ConnectXVport *vport, const uint8_t *select,
                                const uint8_t *ctx)
{
    uint8_t changed = 0;

#define SELECTED(f) CX_GET(modify_nic_vport_field_select, select, f)
#define CTX(f)      CX_GET(nic_vport_context, ctx, f)
    if (SELECTED(roce_en)) {
        vport->roce_en = CTX(roce_en);
    }
    if (SELECTED(disable_uc_local_lb)) {
        vport->disable_uc_lb = CTX(disable_uc_local_lb);
    }
    if (SELECTED(disable_mc_local_lb)) {
        vport->disable_mc_lb = CTX(disable_mc_local_lb);
    }
    if (SELECTED(mtu)) {
        vport->mtu = CTX(mtu);
        changed |= CX_ON_MTU;
    }
    if (SELECTED(promisc)) {
        vport->promisc_uc = CTX(promisc_uc);
        vport->promisc_mc = CTX(promisc_mc);
        vport->promisc_all = CTX(promisc_all);
        changed |= CX_ON_PROMISC;
    }
    return changed;
}

/* What the PF's driver sets, of its own vport or of a VF's. */
static void cx_vport_set_admin(ConnectXVport *vport, const uint8_t *select,
                               const uint8_t *ctx)
{
    if (SELECTED(permanent_address)) {
        memcpy(vport->permanent_mac,
               (uint8_t *)CX_ADDR(nic_vport_context, ctx, permanent_address)
               + 2, 6);
    }
    if (SELECTED(node_guid)) {
        vport->node_guid = CX_GET64(nic_vport_context, ctx, node_guid);
    }
    if (SELECTED(port_guid)) {
        vport->port_guid = CX_GET64(nic_vport_context, ctx, port_guid);
    }
    if (SELECTED(change_event)) {
        vport->armed = CTX(arm_change_event);
        vport->event_mask = CTX(event_on_uc_address_change) * CX_ON_UC |
                            CTX(event_on_mc_address_change) * CX_ON_MC |
                            CTX(event_on_vlan_change) * CX_ON_VLAN |
                            CTX(event_on_promisc_change) * CX_ON_PROMISC |
                            CTX(event_on_mtu) * CX_ON_MTU;
    }
}

static ConnectXStatus cx_op_modify_nic_vport_context(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);
    const uint8_t *ctx = CX_ADDR(modify_nic_vport_context_in, cmd->in,
                                 nic_vport_context);
    const uint8_t *select = CX_ADDR(modify_nic_vport_context_in, cmd->in,
                                    field_select);
    ConnectXStatus status;
    uint8_t changed;

    if (!fn) {
        return CX_BAD_PARAM;
    }
    if (SELECTED(addresses_list)) {
        status = cx_vport_set_list(cmd, fn->vport, ctx);
        if (status != CX_OK) {
            return status;
        }
    }
    changed = cx_vport_set_own(fn->vport, select, ctx);
    if (SELECTED(addresses_list)) {
        changed |= 1 << CTX(allowed_list_type);
    }
    if (!cmd->fn->is_vf) {
        cx_vport_set_admin(fn->vport, select, ctx);
    }
    cx_vport_changed(fn, changed);
    return CX_OK;
}
#undef SELECTED
#undef CTX

static ConnectXStatus cx_op_query_vport_state(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);

    if (!fn) {
        return CX_BAD_PARAM;
    }
    CX_SET(query_vport_state_out, cmd->out, admin_state,
           fn->vport->admin_state);
    CX_SET(query_vport_state_out, cmd->out, state, cx_vport_up(fn));
    return CX_OK;
}

static ConnectXStatus cx_op_modify_vport_state(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);
    uint8_t admin = CX_GET(modify_vport_state_in, cmd->in, admin_state);
    bool was_up;

    if (!fn || admin > CX_ADMIN_AUTO || cmd->fn->is_vf) {
        return CX_BAD_PARAM;
    }
    was_up = cx_vport_up(fn);
    fn->vport->admin_state = admin;
    if (was_up != cx_vport_up(fn)) {
        cx_vport_link_event(fn);
    }
    return CX_OK;
}

static ConnectXStatus cx_op_query_esw_vport_context(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);

    if (!fn) {
        return CX_BAD_PARAM;
    }
    memcpy(CX_ADDR(query_esw_vport_context_out, cmd->out, esw_vport_context),
           fn->vport->esw_context, sizeof(fn->vport->esw_context));
    return CX_OK;
}

/* Service tags are not offered by a capability. */
static bool cx_esw_context_known(const uint8_t *ctx)
{
    return !CX_GET(esw_vport_context, ctx, vport_svlan_strip) &&
           !CX_GET(esw_vport_context, ctx, vport_svlan_insert);
}

static ConnectXStatus cx_op_modify_esw_vport_context(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);
    const uint8_t *from = CX_ADDR(modify_esw_vport_context_in, cmd->in,
                                  esw_vport_context);
    const uint8_t *select = CX_ADDR(modify_esw_vport_context_in, cmd->in,
                                    field_select);

    if (!fn || !cx_esw_context_known(from)) {
        return CX_BAD_PARAM;
    }
#define TAKE(f) CX_SET(esw_vport_context, fn->vport->esw_context, f, \
                       CX_GET(esw_vport_context, from, f))
    if (CX_GET(esw_vport_context_fields_select, select, vport_cvlan_strip)) {
        TAKE(vport_cvlan_strip);
    }
    if (CX_GET(esw_vport_context_fields_select, select, vport_cvlan_insert)) {
        TAKE(vport_cvlan_insert);
        TAKE(cvlan_id);
        TAKE(cvlan_pcp);
        TAKE(cvlan_cfi);
    }
#undef TAKE
    return CX_OK;
}

static void cx_vport_reply_counter(uint8_t *counter, const ConnectXTally v)
{
    CX_SET64(traffic_counter, counter, packets, v[CX_PACKETS]);
    CX_SET64(traffic_counter, counter, octets, v[CX_BYTES]);
}

static ConnectXStatus cx_op_query_vport_counter(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);
    bool clear = CX_GET(query_vport_counter_in, cmd->in, clear);

    /* They are no user context's own. */
    if (!fn || (clear && cx_uid_is_user(cx_uid(cmd->in)))) {
        return CX_BAD_PARAM;
    }
#define COUNTER(f, v) \
    cx_vport_reply_counter(CX_ADDR(query_vport_counter_out, cmd->out, f), v)
    COUNTER(received_ib_unicast, fn->vport->rx[CX_RDMA_UNICAST]);
    COUNTER(received_ib_multicast, fn->vport->rx[CX_RDMA_MULTICAST]);
    COUNTER(transmitted_ib_unicast, fn->vport->tx[CX_RDMA_UNICAST]);
    COUNTER(transmitted_ib_multicast, fn->vport->tx[CX_RDMA_MULTICAST]);
    COUNTER(received_eth_unicast, fn->vport->rx[CX_UNICAST]);
    COUNTER(received_eth_multicast, fn->vport->rx[CX_MULTICAST]);
    COUNTER(received_eth_broadcast, fn->vport->rx[CX_BROADCAST]);
    COUNTER(transmitted_eth_unicast, fn->vport->tx[CX_UNICAST]);
    COUNTER(transmitted_eth_multicast, fn->vport->tx[CX_MULTICAST]);
    COUNTER(transmitted_eth_broadcast, fn->vport->tx[CX_BROADCAST]);
#undef COUNTER
    if (clear) {
        memset(fn->vport->rx, 0, sizeof(fn->vport->rx));
        memset(fn->vport->tx, 0, sizeof(fn->vport->tx));
    }
    return CX_OK;
}

/* All zero: nothing of what it counts can happen here. */
static ConnectXStatus cx_op_query_vnic_env(ConnectXCmd *cmd)
{
    return cx_cmd_target(cmd) ? CX_OK : CX_BAD_PARAM;
}

/*
 * The table of addresses that the PF wants from the wire. The vport's own list
 * says the same, so only the index is checked.
 */
static ConnectXStatus cx_op_l2_table_entry(ConnectXCmd *cmd)
{
    return CX_GET(set_l2_table_entry_in, cmd->in, table_index) >>
           CX_LOG_L2_TABLE ? CX_BAD_INDEX : CX_OK;
}

/* VPORT_STATE of the function, of the switch's end, of the uplink: all one */
#define CX_VPORT_STATE_MODS (CX_OP_MOD(0) | CX_OP_MOD(1) | CX_OP_MOD(2))

static const ConnectXOp cx_vport_ops[] = {
    CX_ROW(QUERY_NIC_VPORT_CONTEXT, query_nic_vport_context, CX_OP_USER),
    CX_ROW(MODIFY_NIC_VPORT_CONTEXT, modify_nic_vport_context, 0),
    CX_ROW(QUERY_VPORT_STATE, query_vport_state,
           CX_OP_USER | CX_VPORT_STATE_MODS),
    CX_ROW(MODIFY_VPORT_STATE, modify_vport_state, CX_VPORT_STATE_MODS),
    CX_ROW(QUERY_ESW_VPORT_CONTEXT, query_esw_vport_context,
           CX_OP_USER | CX_OP_PF_ONLY),
    CX_ROW(MODIFY_ESW_VPORT_CONTEXT, modify_esw_vport_context, CX_OP_PF_ONLY),
    CX_ROW(QUERY_VPORT_COUNTER, query_vport_counter, CX_OP_USER),
    CX_ROW(QUERY_VNIC_ENV, query_vnic_env, CX_OP_USER),
    { MLX5_CMD_OP_SET_L2_TABLE_ENTRY, CX_OP_PF_ONLY, "SET_L2_TABLE_ENTRY",
      cx_op_l2_table_entry, CX_SZ(set_l2_table_entry_in),
      CX_SZ(set_l2_table_entry_out) },
    { MLX5_CMD_OP_DELETE_L2_TABLE_ENTRY, CX_OP_PF_ONLY,
      "DELETE_L2_TABLE_ENTRY", cx_op_l2_table_entry,
      CX_SZ(delete_l2_table_entry_in), CX_SZ(delete_l2_table_entry_out) },
};

void cx_ops_vport_register(void)
{
    cx_cmd_add_ops(cx_vport_ops, ARRAY_SIZE(cx_vport_ops));
}
