/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the switch between PF, VFs and the wire
 *
 * Forwards by MAC address: what a vport's driver put into its lists, and its
 * permanent address.
 */
#include "qemu/osdep.h"
#include "net/eth.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "host/dma.h"
#include "packet/fields.h"
#include "switch/frame.h"
#include "switch/switch.h"
#include "switch/uplink.h"
#include "switch/vport.h"

void cx_frame_init(ConnectXFrame *frame, ConnectXFunction *src,
                   const uint8_t *data, uint32_t len)
{
    uint8_t *misc = CX_ADDR(fte_match_param, frame->packet, misc_parameters);

    *frame = (ConnectXFrame) { .data = data, .len = len, .src = src };
    cx_fields_of(data, len, frame->packet);
    CX_SET(fte_match_set_misc, misc, source_port,
           src ? src->vport->number : CX_VPORT_UPLINK);
}

enum {                      /* index of the vport's counters */
    CX_CAST_UNI,
    CX_CAST_MULTI,
    CX_CAST_BROAD,
};

static unsigned cx_cast(const uint8_t *mac)
{
    return is_broadcast_ether_addr(mac) ? CX_CAST_BROAD :
           is_multicast_ether_addr(mac) ? CX_CAST_MULTI : CX_CAST_UNI;
}

static void cx_count(uint64_t counter[2], uint32_t bytes)
{
    counter[0]++;
    counter[1] += bytes;
}

static bool cx_list_has(const ConnectXMacList *list, const uint8_t *mac)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (!memcmp(list->mac[i], mac, ETH_ALEN)) {
            return true;
        }
    }
    return false;
}

/* Is mac the vport's own? Its lists say so, not its promiscuous modes. */
static bool cx_vport_owns(const ConnectXVport *vport, const uint8_t *mac)
{
    return !memcmp(vport->permanent_mac, mac, ETH_ALEN) ||
           cx_list_has(&vport->uc, mac);
}

static bool cx_vport_takes(const ConnectXFunction *fn, const uint8_t *mac)
{
    const ConnectXVport *vport = fn->vport;

    if (vport->promisc_all) {
        return true;
    }
    switch (cx_cast(mac)) {
    case CX_CAST_UNI:
        return vport->promisc_uc || cx_vport_owns(vport, mac);
    case CX_CAST_MULTI:
        return vport->promisc_mc || cx_list_has(&vport->mc, mac);
    default:
        return true;
    }
}

static bool cx_vport_open(const ConnectXFunction *fn)
{
    return fn && fn->state == CX_FN_OPERATIONAL && cx_vport_up(fn) &&
           cx_fn_may_dma(fn);
}

unsigned cx_switch_forward(ConnectXDevice *dev, ConnectXFunction *src,
                           const uint8_t *data, uint32_t len)
{
    unsigned cast = cx_cast(data), copies = 0;
    ConnectXFrame frame;
    bool owned = false;

    if (src) {
        if (!cx_vport_open(src)) {
            return 0;
        }
        cx_count(src->vport->tx[cast], len);
    }
    cx_frame_init(&frame, src, data, len);
    for (unsigned i = 0; i <= dev->nr_vfs; i++) {
        ConnectXFunction *fn = cx_dev_find_function(dev, i);

        if (!cx_vport_open(fn) || !cx_vport_takes(fn, data)) {
            continue;
        }
        owned |= cast == CX_CAST_UNI && cx_vport_owns(fn->vport, data);
        if (fn != src) {
            cx_count(fn->vport->rx[cast], len);
        }
        copies += fn->vport->receive(fn, &frame);
    }
    if (src && !owned) {
        cx_uplink_send(dev, data, len);
        copies++;
    }
    return copies;
}
