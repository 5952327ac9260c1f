/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a function wants of its port, and of the vport behind it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "vport.h"

#define REG_PAOS            0x5006
#define PORT_UP             1
#define PORT_DOWN           2
#define LIST_UC             0
#define LIST_MC             1
#define LIST_ENTRY_BYTES    8           /* the address in the last six */

void hca_must_set_port(Hca *hca, bool up)
{
    uint8_t in[CX_OFF(access_register_in, register_data) + CX_SZ(paos_reg)];
    uint8_t out[sizeof(in)];
    uint8_t *reg = in + CX_OFF(access_register_in, register_data);

    memset(in, 0, sizeof(in));
    hca_header(in, OP(ACCESS_REG), 0);
    CX_SET(access_register_in, in, register_id, REG_PAOS);
    CX_SET(paos_reg, reg, local_port, 1);
    CX_SET(paos_reg, reg, admin_status, up ? PORT_UP : PORT_DOWN);
    CX_SET(paos_reg, reg, ase, 1);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

static void set_list(Hca *hca, unsigned type,
                     const uint8_t (*macs)[HCA_MAC_BYTES], unsigned n)
{
    uint8_t in[CX_SZ(modify_nic_vport_context_in) +
               HCA_MACS_MAX * LIST_ENTRY_BYTES] = {};
    uint8_t out[CX_SZ(modify_nic_vport_context_out)];
    uint8_t *ctx = CX_ADDR(modify_nic_vport_context_in, in,
                           nic_vport_context);
    uint8_t *list = ctx + CX_OFF(nic_vport_context, current_uc_mac_address);

    assert_in_range(n, 1, HCA_MACS_MAX);
    hca_header(in, OP(MODIFY_NIC_VPORT_CONTEXT), 0);
    CX_SET(modify_nic_vport_context_in, in, field_select.addresses_list, 1);
    CX_SET(nic_vport_context, ctx, allowed_list_type, type);
    CX_SET(nic_vport_context, ctx, allowed_list_size, n);
    for (unsigned i = 0; i < n; i++) {
        memcpy(list + i * LIST_ENTRY_BYTES + 2, macs[i], HCA_MAC_BYTES);
    }
    assert_int_equal(hca_exec(hca, in, CX_SZ(modify_nic_vport_context_in) +
                              n * LIST_ENTRY_BYTES, out, sizeof(out)),
                     HCA_OK);
}

void hca_must_set_macs(Hca *hca, const uint8_t (*macs)[HCA_MAC_BYTES],
                       unsigned n)
{
    set_list(hca, LIST_UC, macs, n);
}

void hca_must_set_groups(Hca *hca, const uint8_t (*macs)[HCA_MAC_BYTES],
                         unsigned n)
{
    set_list(hca, LIST_MC, macs, n);
}

unsigned hca_macs(Hca *pf, unsigned vport)
{
    uint8_t in[CX_SZ(query_nic_vport_context_in)] = {};
    uint8_t out[CX_SZ(query_nic_vport_context_out) +
                HCA_MACS_MAX * LIST_ENTRY_BYTES];
    uint8_t *ctx = CX_ADDR(query_nic_vport_context_out, out,
                           nic_vport_context);

    hca_header(in, OP(QUERY_NIC_VPORT_CONTEXT), 0);
    CX_SET(query_nic_vport_context_in, in, other_vport, 1);
    CX_SET(query_nic_vport_context_in, in, vport_number, vport);
    CX_SET(query_nic_vport_context_in, in, allowed_list_type, LIST_UC);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, sizeof(out)), HCA_OK);
    return CX_GET(nic_vport_context, ctx, allowed_list_size);
}

void hca_must_watch_macs(Hca *pf, unsigned vport)
{
    uint8_t in[CX_SZ(modify_nic_vport_context_in)] = {};
    uint8_t out[CX_SZ(modify_nic_vport_context_out)];
    uint8_t *ctx = CX_ADDR(modify_nic_vport_context_in, in,
                           nic_vport_context);

    hca_header(in, OP(MODIFY_NIC_VPORT_CONTEXT), 0);
    CX_SET(modify_nic_vport_context_in, in, other_vport, 1);
    CX_SET(modify_nic_vport_context_in, in, vport_number, vport);
    CX_SET(modify_nic_vport_context_in, in, field_select.change_event, 1);
    CX_SET(nic_vport_context, ctx, arm_change_event, 1);
    CX_SET(nic_vport_context, ctx, event_on_uc_address_change, 1);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

void hca_must_enable_roce(Hca *hca, bool on)
{
    uint8_t in[CX_SZ(modify_nic_vport_context_in)] = {};
    uint8_t out[CX_SZ(modify_nic_vport_context_out)];
    uint8_t *ctx = CX_ADDR(modify_nic_vport_context_in, in,
                           nic_vport_context);

    hca_header(in, OP(MODIFY_NIC_VPORT_CONTEXT), 0);
    CX_SET(modify_nic_vport_context_in, in, field_select.roce_en, 1);
    CX_SET(nic_vport_context, ctx, roce_en, on);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

int hca_query_traffic(Hca *hca, unsigned vport, bool clear,
                      uint8_t out[HCA_TRAFFIC_BYTES])
{
    uint8_t in[CX_SZ(query_vport_counter_in)] = {};

    hca_header(in, OP(QUERY_VPORT_COUNTER), 0);
    CX_SET(query_vport_counter_in, in, other_vport, !!vport);
    CX_SET(query_vport_counter_in, in, vport_number, vport);
    CX_SET(query_vport_counter_in, in, clear, clear);
    return hca_exec(hca, in, sizeof(in), out, HCA_TRAFFIC_BYTES);
}

uint64_t hca_frames_sent(Hca *hca, unsigned vport)
{
    uint8_t out[HCA_TRAFFIC_BYTES];

    assert_int_equal(hca_query_traffic(hca, vport, false, out), HCA_OK);
    return CX_GET64(query_vport_counter_out, out,
                    transmitted_eth_unicast.packets);
}
