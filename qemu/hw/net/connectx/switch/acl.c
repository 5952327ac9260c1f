/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what the PF has set up for a vport
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "packet/vlan.h"
#include "switch/acl.h"
#include "switch/vport.h"
#include "switch/walk.h"

enum {                      /* esw_vport_context.vport_cvlan_insert */
    CX_INSERT_NEVER     = 0,
    CX_INSERT_IF_NONE   = 1,
    CX_INSERT_ALWAYS    = 3,
};

bool cx_acl_allows(ConnectXDevice *dev, const ConnectXVport *vport,
                   unsigned direction, const ConnectXFrame *frame)
{
    /* Entries of an ACL allow or drop; nothing is forwarded by one. */
    ConnectXWalk walk = { .fn = dev->pf, .packet = frame->packet };

    return !vport->acl[direction] ||
           cx_walk(&walk, vport->acl[direction]) != CX_WALK_DROPPED;
}

bool cx_acl_inserts(const ConnectXVport *vport, const ConnectXFrame *frame,
                    uint16_t *tci)
{
    const uint8_t *ctx = vport->esw_context;
    unsigned insert = CX_GET(esw_vport_context, ctx, vport_cvlan_insert);
    uint16_t old;

    if (insert == CX_INSERT_NEVER ||
        (insert != CX_INSERT_ALWAYS &&
         cx_vlan_get(frame->data, frame->len, &old))) {
        return false;
    }
    *tci = CX_GET(esw_vport_context, ctx, cvlan_pcp) << 13 |
           CX_GET(esw_vport_context, ctx, cvlan_cfi) << 12 |
           CX_GET(esw_vport_context, ctx, cvlan_id);
    return true;
}

bool cx_acl_strips(const ConnectXVport *vport)
{
    return CX_GET(esw_vport_context, vport->esw_context, vport_cvlan_strip);
}
