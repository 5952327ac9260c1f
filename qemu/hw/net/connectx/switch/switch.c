/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the switch between PF, VFs and the wire
 *
 * What comes from a vport passes its ingress ACL and gets the tag that the PF
 * has for it; then the forwarding database of the PF's driver says where it
 * goes, or, as long as there is none, addresses do.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "packet/fields.h"
#include "packet/packet.h"
#include "packet/parse.h"
#include "packet/vlan.h"
#include "switch/acl.h"
#include "switch/bridge.h"
#include "switch/fdb.h"
#include "switch/frame.h"
#include "switch/switch.h"
#include "switch/vport.h"

static void cx_frame_init(ConnectXFrame *frame, ConnectXFunction *src,
                          uint32_t queue, const uint8_t *data, uint32_t len)
{
    uint8_t *misc = CX_ADDR(fte_match_param, frame->packet, misc_parameters);

    *frame = (ConnectXFrame) { .data = data, .len = len, .src = src };
    cx_fields_of(data, len, frame->packet);
    CX_SET(fte_match_set_misc, misc, source_sqn, queue);
    CX_SET(fte_match_set_misc, misc, source_port,
           src ? src->vport->number : CX_VPORT_UPLINK);
}

static unsigned cx_switch_pass(ConnectXDevice *dev, const ConnectXFrame *frame)
{
    return cx_fdb_there(dev) ? cx_fdb_forward(dev, frame) :
                               cx_bridge_forward(dev, frame);
}

static unsigned cx_switch_tagged(ConnectXFunction *src, uint32_t queue,
                                 uint16_t tci, const uint8_t *data,
                                 uint32_t len)
{
    uint8_t tagged[CX_FRAME_MAX + CX_VLAN_TAG_BYTES];
    ConnectXFrame frame;

    len = cx_vlan_push(tagged, data, len, CX_ETH_VLAN, tci);
    cx_frame_init(&frame, src, queue, tagged, len);
    return cx_switch_pass(src->dev, &frame);
}

unsigned cx_switch_forward(ConnectXFunction *src, ConnectXTrafficKind kind,
                           uint32_t queue, const uint8_t *data, uint32_t len)
{
    ConnectXDevice *dev = src->dev;
    ConnectXFrame frame;
    uint16_t tci;

    if (!cx_vport_open(src)) {
        return 0;
    }
    cx_frame_init(&frame, src, queue, data, len);
    if (!cx_acl_allows(dev, src->vport, CX_ACL_INGRESS, &frame)) {
        return 0;
    }
    cx_vport_count(src->vport->tx, kind, data, len);
    if (len <= CX_FRAME_MAX && cx_acl_inserts(src->vport, &frame, &tci)) {
        return cx_switch_tagged(src, queue, tci, data, len);
    }
    return cx_switch_pass(dev, &frame);
}

void cx_switch_from_wire(ConnectXDevice *dev, const uint8_t *data, uint32_t len)
{
    ConnectXFrame frame;

    cx_vport_count(dev->port_rx, CX_TRAFFIC_ETH, data, len);
    cx_frame_init(&frame, NULL, 0, data, len);
    cx_switch_pass(dev, &frame);
}

unsigned cx_switch_loop(ConnectXFunction *fn, uint32_t qpn,
                        const uint8_t *data, uint32_t len)
{
    ConnectXFrame frame;

    if (!cx_vport_open(fn)) {
        return 0;
    }
    cx_vport_count(fn->vport->tx, CX_TRAFFIC_RDMA, data, len);
    cx_frame_init(&frame, fn, qpn, data, len);
    return fn->vport->receive(fn, &frame);
}
