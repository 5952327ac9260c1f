/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: flow tables and entries, as the driver writes them
 */
#ifndef HW_NET_CONNECTX_FTE_H
#define HW_NET_CONNECTX_FTE_H

#include "obj/obj.h"

/* Types of flow tables */
enum {
    CX_TABLE_NIC_RX     = 0,
    CX_TABLE_EGRESS_ACL = 2,
    CX_TABLE_INGRESS_ACL = 3,
    CX_TABLE_FDB        = 4,
    CX_TABLE_RDMA_RX    = 7,
};

/* dest_format_struct.destination_type */
enum {
    CX_DEST_VPORT       = 0,
    CX_DEST_TABLE       = 1,
    CX_DEST_TIR         = 2,
    CX_DEST_UPLINK      = 0x8,
};

/* flow_context.action */
enum {
    CX_FLOW_ALLOW       = 1 << 0,
    CX_FLOW_DROP        = 1 << 1,
    CX_FLOW_FORWARD     = 1 << 2,
};

/* flow_table_context.table_miss_action */
enum {
    CX_MISS_DEFAULT     = 0,
    CX_MISS_FORWARD     = 1,
    CX_MISS_DOMAIN      = 2,            /* on to the function's other tables */
};

/* Number of an entry's object, and what it is made of */
static inline uint64_t cx_fte_id(uint32_t table, uint32_t index)
{
    return (uint64_t)table << 32 | index;
}

static inline uint32_t cx_fte_table(const ConnectXObj *fte)
{
    return fte->id >> 32;
}

static inline uint32_t cx_fte_index(const ConnectXObj *fte)
{
    return fte->id;
}

#endif /* HW_NET_CONNECTX_FTE_H */
