/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a frame that leaves the switch by a vport
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "packet/fields.h"
#include "packet/packet.h"
#include "packet/vlan.h"
#include "switch/acl.h"
#include "switch/egress.h"
#include "switch/vport.h"

/* Without its tag a frame matches other entries of the function's tables. */
static unsigned cx_egress_stripped(ConnectXFunction *fn,
                                   const ConnectXFrame *frame)
{
    uint8_t data[CX_FRAME_MAX + CX_VLAN_TAG_BYTES];
    ConnectXFrame stripped = *frame;

    stripped.data = data;
    stripped.len = cx_vlan_pop(data, frame->data, frame->len);
    cx_fields_of(data, stripped.len, stripped.packet);
    return fn->vport->receive(fn, &stripped);
}

unsigned cx_egress(ConnectXFunction *fn, const ConnectXFrame *frame)
{
    uint16_t tci;

    if (!cx_acl_allows(fn->dev, fn->vport, CX_ACL_EGRESS, frame)) {
        return 0;
    }
    if (cx_acl_strips(fn->vport) &&
        frame->len <= CX_FRAME_MAX + CX_VLAN_TAG_BYTES &&
        cx_vlan_get(frame->data, frame->len, &tci)) {
        return cx_egress_stripped(fn, frame);
    }
    return fn->vport->receive(fn, frame);
}
