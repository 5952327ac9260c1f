/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the way of a packet through flow tables
 *
 * Tables lead to tables of a higher level only, so there are no circles; but
 * entries have many destinations, so there may be very many ways. How many
 * groups a packet is looked for in is therefore limited.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "host/sched.h"
#include "obj/obj.h"
#include "switch/fte.h"
#include "switch/walk.h"

/* Groups that are looked in for what a frame costs anyway */
#define CX_WALK_LOOKUPS_FREE    16
/* How many bytes can be copied while one of the others is */
#define CX_WALK_LOOKUP_BYTES    128

static ConnectXWalkEnd cx_walk_table(ConnectXWalk *walk, uint32_t table);

static void cx_walk_forward(ConnectXWalk *walk, const ConnectXObj *fte)
{
    const uint8_t *dest = fte->in + CX_SZ(set_fte_in);
    uint32_t n = CX_GET(set_fte_in, fte->in,
                        flow_context.destination_list_size);

    for (; n && walk->lookups; n--, dest += CX_SZ(dest_format_struct)) {
        uint8_t type = CX_GET(dest_format_struct, dest, destination_type);
        uint32_t id = CX_GET(dest_format_struct, dest, destination_id);

        if (type == CX_DEST_TABLE) {
            cx_walk_table(walk, id);
        } else if (walk->forward) {
            walk->forward(walk, type, id);
        }
    }
}

static ConnectXWalkEnd cx_walk_entry(ConnectXWalk *walk,
                                     const ConnectXObj *fte)
{
    uint32_t action = CX_GET(set_fte_in, fte->in, flow_context.action);
    uint32_t tag = CX_GET(set_fte_in, fte->in, flow_context.flow_tag);

    if (tag) {
        walk->tag = tag;
    }
    if (action & CX_FLOW_DROP) {
        return CX_WALK_DROPPED;
    }
    if (!(action & CX_FLOW_FORWARD)) {
        return action & CX_FLOW_ALLOW ? CX_WALK_ALLOWED : CX_WALK_DROPPED;
    }
    cx_walk_forward(walk, fte);
    return CX_WALK_FORWARDED;
}

/* Where a packet goes that no entry of the table matches; 0: nowhere. */
static uint32_t cx_walk_miss(ConnectXWalk *walk, uint32_t table)
{
    const ConnectXObj *obj = cx_obj_find(walk->fn, CX_OBJ_FLOW_TABLE, table);
    const uint8_t *ctx;

    if (!obj) {
        return 0;
    }
    ctx = CX_ADDR(create_flow_table_in, obj->in, flow_table_context);
    walk->missed = CX_GET(flow_table_context, ctx, table_miss_action);
    return walk->missed == CX_MISS_FORWARD ?
           CX_GET(flow_table_context, ctx, table_miss_id) : 0;
}

static ConnectXWalkEnd cx_walk_table(ConnectXWalk *walk, uint32_t table)
{
    while (table && walk->lookups) {
        const ConnectXObj *fte = cx_match_find(walk->fn, table, walk->packet,
                                               &walk->lookups);

        if (fte) {
            return cx_walk_entry(walk, fte);
        }
        table = cx_walk_miss(walk, table);
    }
    return CX_WALK_MISSED;
}

static void cx_walk_charge(const ConnectXWalk *walk)
{
    unsigned lookups = CX_WALK_LOOKUPS_MAX - walk->lookups;

    if (lookups > CX_WALK_LOOKUPS_FREE) {
        cx_sched_charge((lookups - CX_WALK_LOOKUPS_FREE) *
                        CX_WALK_LOOKUP_BYTES);
    }
}

ConnectXWalkEnd cx_walk(ConnectXWalk *walk, uint32_t table)
{
    ConnectXWalkEnd end;

    walk->lookups = CX_WALK_LOOKUPS_MAX;
    walk->tag = 0;
    walk->missed = CX_MISS_DEFAULT;
    end = cx_walk_table(walk, table);
    cx_walk_charge(walk);
    if (!walk->lookups) {
        cx_guest_error(walk->fn, "a packet at flow table 0x%x is looked for "
                       "in too many groups", table);
        return CX_WALK_DROPPED;
    }
    return end;
}
