/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: forwarding by address, without any flow table
 */
#include "qemu/osdep.h"
#include "net/eth.h"
#include "fn/fn.h"
#include "switch/bridge.h"
#include "switch/egress.h"
#include "switch/uplink.h"
#include "switch/vport.h"

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
static bool cx_bridge_owns(const ConnectXVport *vport, const uint8_t *mac)
{
    return !memcmp(vport->permanent_mac, mac, ETH_ALEN) ||
           cx_list_has(&vport->uc, mac);
}

static bool cx_bridge_takes(const ConnectXVport *vport, const uint8_t *mac)
{
    if (vport->promisc_all || is_broadcast_ether_addr(mac)) {
        return true;
    }
    return is_multicast_ether_addr(mac) ?
           vport->promisc_mc || cx_list_has(&vport->mc, mac) :
           vport->promisc_uc || cx_bridge_owns(vport, mac);
}

unsigned cx_bridge_forward(ConnectXDevice *dev, const ConnectXFrame *frame)
{
    bool unicast = !is_multicast_ether_addr(frame->data), owned = false;
    unsigned copies = 0;

    for (unsigned i = 0; i <= dev->nr_vfs; i++) {
        ConnectXFunction *fn = cx_dev_find_function(dev, i);

        if (fn && cx_vport_open(fn) &&
            cx_bridge_takes(fn->vport, frame->data)) {
            owned |= unicast && cx_bridge_owns(fn->vport, frame->data);
            copies += cx_egress(fn, frame);
        }
    }
    if (frame->src && !owned) {
        cx_uplink_send(dev, frame->data, frame->len);
        copies++;
    }
    return copies;
}
