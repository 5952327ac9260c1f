/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: SEND and LSO work requests
 *
 * Control segment, Ethernet segment with inlined headers, then data segments
 * that point to memory through keys or carry the bytes themselves.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "packet/packet.h"
#include "packet/parse.h"
#include "packet/vlan.h"
#include "port/port.h"
#include "queue/sq.h"
#include "queue/ring.h"
#include "queue/wq.h"
#include "switch/switch.h"

/* Ethernet segment, offsets in the work request */
enum {
    CX_ETH_CS_FLAGS     = 16 + 4,
    CX_ETH_MSS          = 16 + 6,
    CX_ETH_INLINE_SIZE  = 16 + 12,
    CX_ETH_INLINE       = 16 + 14,
    CX_ETH_INLINE_FIRST = 2,            /* bytes that fit the segment itself */
    /* A tag to insert, instead of inlined headers */
    CX_ETH_VLAN_TYPE    = CX_ETH_INLINE_SIZE,
    CX_ETH_VLAN_TCI     = CX_ETH_INLINE,
    CX_ETH_END          = 32,
};

#define CX_CS_L3            0x40
#define CX_CS_L4            0x80
/* Of the tag's type */
#define CX_INSERT_VLAN      0x8000
#define CX_INSERT_SVLAN     0x0001

/* Data segment: byte count, key, address; or the bytes after the count */
#define CX_DSEG_SIZE        16
#define CX_DSEG_INLINE      (1u << 31)
#define CX_DSEG_INLINE_MASK 0x3ff

#define CX_WQE_LSO          0x0e
#define CX_LSO_MAX          (1u << CX_LOG_LSO_MAX)

typedef struct ConnectXGather {
    ConnectXFunction *fn;
    uint8_t wqe[CX_WQE_MAX];
    uint32_t wqe_len;
    GByteArray *data;
    uint32_t max;
    ConnectXKeyUser by;
    ConnectXBudget *budget;
} ConnectXGather;

static ConnectXSyndrome cx_tx_copy(ConnectXGather *g, uint32_t at, uint32_t len)
{
    if (at + len > g->wqe_len || g->data->len + len > g->max) {
        return CX_SYN_LOCAL_QP_OP;
    }
    g_byte_array_append(g->data, g->wqe + at, len);
    return CX_SYN_NONE;
}

static ConnectXSyndrome cx_tx_segment(ConnectXGather *g, uint32_t *at)
{
    uint32_t count = ldl_be_p(g->wqe + *at);
    uint32_t old = g->data->len;

    if (count & CX_DSEG_INLINE) {
        uint32_t from = *at + 4;

        count &= CX_DSEG_INLINE_MASK;
        *at += ROUND_UP(4 + count, CX_DSEG_SIZE);
        return cx_tx_copy(g, from, count);
    }
    if (count > g->max - old) {
        return CX_SYN_LOCAL_LENGTH;
    }
    g_byte_array_set_size(g->data, old + count);
    *at += CX_DSEG_SIZE;
    return cx_mkey_gather(g->fn, g->by, ldl_be_p(g->wqe + *at - 12),
                          ldq_be_p(g->wqe + *at - 8), g->data->data + old,
                          count) ? CX_SYN_NONE : CX_SYN_LOCAL_PROT;
}

static ConnectXSyndrome cx_tx_gather(ConnectXGather *g, uint32_t inlined)
{
    uint32_t behind = inlined > CX_ETH_INLINE_FIRST ?
                      inlined - CX_ETH_INLINE_FIRST : 0;
    uint32_t at = CX_ETH_END + ROUND_UP(behind, CX_DSEG_SIZE);
    ConnectXSyndrome syndrome = cx_tx_copy(g, CX_ETH_INLINE, inlined);

    while (syndrome == CX_SYN_NONE && at + CX_DSEG_SIZE <= g->wqe_len) {
        syndrome = cx_tx_segment(g, &at);
    }
    return syndrome;
}

static bool cx_tx_emit(void *opaque, const uint8_t *frame, uint32_t len)
{
    ConnectXGather *g = opaque;
    unsigned copies = cx_switch_forward(g->fn, CX_TRAFFIC_ETH, g->by.number,
                                        frame, len);

    cx_budget_spend(g->budget, MAX(copies, 1), MAX(copies, 1) * len);
    return !cx_budget_spent(g->budget);
}

/* Goes on where the budget of the last time ended; the data is read again. */
static ConnectXSyndrome cx_tx_segment_out(ConnectXGather *g, ConnectXObj *sq,
                                          uint32_t inlined)
{
    uint32_t next = sq->run.count[CX_SQ_SENT];
    bool good = cx_packet_segment(g->data->data, g->data->len, inlined,
                                  lduw_be_p(g->wqe + CX_ETH_MSS), &next,
                                  cx_tx_emit, g);

    cx_obj_run(g->fn, sq)->count[CX_SQ_SENT] = next;
    return good ? CX_SYN_NONE : CX_SYN_LOCAL_QP_OP;
}

/* Only a request without inlined headers has room for a tag. */
static bool cx_tx_has_tag(const ConnectXGather *g)
{
    return lduw_be_p(g->wqe + CX_ETH_VLAN_TYPE) & CX_INSERT_VLAN;
}

static void cx_tx_insert_tag(ConnectXGather *g)
{
    uint16_t what = lduw_be_p(g->wqe + CX_ETH_VLAN_TYPE);
    uint32_t len = g->data->len;

    g_byte_array_set_size(g->data, len + CX_VLAN_TAG_BYTES);
    cx_vlan_push(g->data->data, g->data->data, len,
                 what & CX_INSERT_SVLAN ? CX_ETH_QINQ : CX_ETH_VLAN,
                 lduw_be_p(g->wqe + CX_ETH_VLAN_TCI));
}

static ConnectXSyndrome cx_tx_out(ConnectXGather *g, ConnectXObj *sq,
                                  uint8_t opcode, uint32_t inlined)
{
    uint8_t flags = g->wqe[CX_ETH_CS_FLAGS];

    if (g->data->len < CX_ETH_HEADER) {
        return CX_SYN_LOCAL_QP_OP;
    }
    if (opcode == CX_WQE_LSO) {
        return cx_tx_segment_out(g, sq, inlined);
    }
    if (cx_tx_has_tag(g)) {
        cx_tx_insert_tag(g);
    }
    cx_obj_run(g->fn, sq)->count[CX_SQ_SENT] = 0;
    cx_packet_checksum(g->data->data, g->data->len,
                       (flags & CX_CS_L3 ? CX_CSUM_L3 : 0) |
                       (flags & CX_CS_L4 ? CX_CSUM_L4 : 0));
    cx_tx_emit(g, g->data->data, g->data->len);
    return CX_SYN_NONE;
}

/* See ConnectXSqSend */
static ConnectXSyndrome cx_tx_send(ConnectXFunction *fn, ConnectXObj *sq,
                                   const ConnectXRing *ring, uint32_t blocks,
                                   ConnectXBudget *budget)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    ConnectXGather g = {
        .fn = fn, .data = data, .budget = budget,
        .by = {
            .pd = CX_GET(create_sq_in, sq->in, ctx.wq.pd), .number = sq->id,
        },
    };
    ConnectXSyndrome syndrome;
    uint32_t inlined;
    uint8_t opcode;

    for (uint32_t i = 0; i < blocks; i++) {
        if (!cx_ring_read(fn, ring, sq->run.pi + i, 0,
                          g.wqe + i * CX_WQEBB_SIZE, CX_WQEBB_SIZE)) {
            return CX_SYN_LOCAL_QP_OP;
        }
    }
    opcode = g.wqe[3];
    g.wqe_len = (g.wqe[7] & 0x3f) * 16;
    g.max = opcode == CX_WQE_LSO ? CX_LSO_MAX + CX_WQE_MAX : CX_FRAME_MAX;
    inlined = cx_tx_has_tag(&g) ? 0 : lduw_be_p(g.wqe + CX_ETH_INLINE_SIZE);
    if (g.wqe_len < CX_ETH_END) {
        return CX_SYN_LOCAL_QP_OP;
    }
    syndrome = cx_tx_gather(&g, inlined);
    return syndrome == CX_SYN_NONE ? cx_tx_out(&g, sq, opcode, inlined) :
                                     syndrome;
}

void cx_tx_register(void)
{
    cx_sq_set_sender(cx_tx_send);
}
