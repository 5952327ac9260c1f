/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flow tables, groups and entries as a test wants them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "flows.h"

#define FTE_MODIFY      1           /* op_mod */
#define FTE_SET_ALL     7           /* modify_enable_mask */
#define TABLE_SET_MISS  1           /* modify_field_select */

#define LOG_TABLE       8
#define LEVEL           10

int flow_create_table(Hca *hca, unsigned type, unsigned vport, uint32_t *id)
{
    uint8_t in[CX_SZ(create_flow_table_in)] = {};
    uint8_t out[CX_SZ(create_flow_table_out)] = {};
    uint8_t *ctx = CX_ADDR(create_flow_table_in, in, flow_table_context);
    int status;

    hca_header(in, OP(CREATE_FLOW_TABLE), 0);
    CX_SET(create_flow_table_in, in, other_vport, vport != 0);
    CX_SET(create_flow_table_in, in, vport_number, vport);
    CX_SET(create_flow_table_in, in, table_type, type);
    CX_SET(flow_table_context, ctx, level, LEVEL);
    CX_SET(flow_table_context, ctx, log_size, LOG_TABLE);
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    *id = CX_GET(create_flow_table_out, out, table_id);
    return status;
}

uint32_t flow_must_create_table(Hca *hca, unsigned type, unsigned vport)
{
    uint32_t id;

    assert_int_equal(flow_create_table(hca, type, vport, &id), HCA_OK);
    return id;
}

void flow_must_destroy_table(Hca *hca, unsigned type, uint32_t id)
{
    uint8_t in[CX_SZ(destroy_flow_table_in)] = {};
    uint8_t out[CX_SZ(destroy_flow_table_out)];

    hca_header(in, OP(DESTROY_FLOW_TABLE), 0);
    CX_SET(destroy_flow_table_in, in, table_type, type);
    CX_SET(destroy_flow_table_in, in, table_id, id);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

void flow_must_destroy_group(Hca *hca, uint32_t table, uint32_t id)
{
    uint8_t in[CX_SZ(destroy_flow_group_in)] = {};
    uint8_t out[CX_SZ(destroy_flow_group_out)];

    hca_header(in, OP(DESTROY_FLOW_GROUP), 0);
    CX_SET(destroy_flow_group_in, in, table_id, table);
    CX_SET(destroy_flow_group_in, in, group_id, id);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

void flow_must_set_root(Hca *hca, unsigned type, uint32_t id)
{
    uint8_t in[CX_SZ(set_flow_table_root_in)] = {};
    uint8_t out[CX_SZ(set_flow_table_root_out)];

    hca_header(in, OP(SET_FLOW_TABLE_ROOT), 0);
    CX_SET(set_flow_table_root_in, in, table_type, type);
    CX_SET(set_flow_table_root_in, in, table_id, id);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

int flow_create_group(Hca *hca, const FlowGroup *group, uint32_t *id)
{
    uint8_t in[CX_SZ(create_flow_group_in)] = {};
    uint8_t out[CX_SZ(create_flow_group_out)] = {};
    int status;

    hca_header(in, OP(CREATE_FLOW_GROUP), 0);
    CX_SET(create_flow_group_in, in, table_id, group->table);
    CX_SET(create_flow_group_in, in, start_flow_index, group->first);
    CX_SET(create_flow_group_in, in, end_flow_index, group->last);
    CX_SET(create_flow_group_in, in, match_criteria_enable, group->enable);
    memcpy(CX_ADDR(create_flow_group_in, in, match_criteria), group->criteria,
           sizeof(group->criteria));
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    *id = CX_GET(create_flow_group_out, out, group_id);
    return status;
}

uint32_t flow_must_create_group(Hca *hca, const FlowGroup *group)
{
    uint32_t id;

    assert_int_equal(flow_create_group(hca, group, &id), HCA_OK);
    return id;
}

int flow_set(Hca *hca, const FlowEntry *entry, bool modify)
{
    uint8_t in[CX_SZ(set_fte_in) + FLOW_DEST_MAX * CX_SZ(dest_format_struct)];
    uint8_t out[CX_SZ(set_fte_out)];
    uint8_t *ctx = CX_ADDR(set_fte_in, in, flow_context);
    uint8_t *dest = ctx + CX_OFF(flow_context, destination);

    memset(in, 0, sizeof(in));
    hca_header(in, OP(SET_FLOW_TABLE_ENTRY), modify ? FTE_MODIFY : 0);
    CX_SET(set_fte_in, in, modify_enable_mask, modify ? FTE_SET_ALL : 0);
    CX_SET(set_fte_in, in, table_id, entry->table);
    CX_SET(set_fte_in, in, flow_index, entry->index);
    CX_SET(flow_context, ctx, group_id, entry->group);
    CX_SET(flow_context, ctx, action, entry->action);
    CX_SET(flow_context, ctx, flow_tag, entry->tag);
    CX_SET(flow_context, ctx, destination_list_size, entry->dests);
    memcpy(CX_ADDR(flow_context, ctx, match_value), entry->value,
           sizeof(entry->value));
    for (unsigned i = 0; i < entry->dests; i++) {
        CX_SET(dest_format_struct, dest, destination_type,
               entry->dest[i].type);
        CX_SET(dest_format_struct, dest, destination_id, entry->dest[i].id);
        dest += CX_SZ(dest_format_struct);
    }
    return hca_exec(hca, in, dest - in, out, sizeof(out));
}

void flow_must_set(Hca *hca, const FlowEntry *entry)
{
    assert_int_equal(flow_set(hca, entry, false), HCA_OK);
}

void flow_must_delete(Hca *hca, uint32_t table, uint32_t index)
{
    uint8_t in[CX_SZ(delete_fte_in)] = {}, out[CX_SZ(delete_fte_out)];

    hca_header(in, OP(DELETE_FLOW_TABLE_ENTRY), 0);
    CX_SET(delete_fte_in, in, table_id, table);
    CX_SET(delete_fte_in, in, flow_index, index);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

int flow_set_miss(Hca *hca, uint32_t table, unsigned action, uint32_t next)
{
    uint8_t in[CX_SZ(modify_flow_table_in)] = {};
    uint8_t out[CX_SZ(modify_flow_table_out)];
    uint8_t *ctx = CX_ADDR(modify_flow_table_in, in, flow_table_context);

    hca_header(in, OP(MODIFY_FLOW_TABLE), 0);
    CX_SET(modify_flow_table_in, in, table_id, table);
    CX_SET(modify_flow_table_in, in, modify_field_select, TABLE_SET_MISS);
    CX_SET(flow_table_context, ctx, table_miss_action, action);
    CX_SET(flow_table_context, ctx, table_miss_id, next);
    return hca_exec(hca, in, sizeof(in), out, sizeof(out));
}

void flow_must_set_miss(Hca *hca, uint32_t table, uint32_t next)
{
    assert_int_equal(flow_set_miss(hca, table, FLOW_MISS_FORWARD, next),
                     HCA_OK);
}

void flow_set_dmac(uint8_t *param, const uint8_t mac[6])
{
    FLOW_OUTER_SET(param, dmac_47_16, ldl_be_p(mac));
    FLOW_OUTER_SET(param, dmac_15_0, lduw_be_p(mac + 4));
}
