/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the wire
 *
 * What is at the other end may be another emulated card, which interrupts as it
 * receives: its message can hit any register, this device's included. So a
 * frame leaves from a bottom half, where nobody holds an object. No more of
 * them wait for it than one go of the senders makes.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "net/net.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/irq.h"
#include "switch/uplink.h"
#include "switch/vport.h"

struct ConnectXUplink {
    QEMUBH *bh;
    GQueue frames;              /* of GBytes */
};

static void cx_uplink_bh(void *opaque)
{
    ConnectXFunction *pf = opaque;
    ConnectXDevice *dev = pf->dev;
    PCIDevice *pci = pf->pci;

    cx_pci_hold(pci);
    /* A frame may cause the device to be unplugged. */
    while (dev->uplink && !g_queue_is_empty(&dev->uplink->frames)) {
        g_autoptr(GBytes) frame = g_queue_pop_head(&dev->uplink->frames);
        gsize len;
        const uint8_t *data = g_bytes_get_data(frame, &len);

        qemu_send_packet(qemu_get_queue(dev->nic), data, len);
    }
    cx_pci_let_go(pci);
}

void cx_uplink_send(ConnectXDevice *dev, const uint8_t *frame, uint32_t len)
{
    cx_vport_count(dev->port_tx, CX_TRAFFIC_ETH, frame, len);
    if (dev->nic && qemu_get_queue(dev->nic)->peer) {
        g_queue_push_tail(&dev->uplink->frames, g_bytes_new(frame, len));
        qemu_bh_schedule(dev->uplink->bh);
    }
}

static void cx_uplink_init(ConnectXFunction *fn)
{
    ConnectXUplink *uplink;

    if (!fn->is_vf) {
        uplink = g_new0(ConnectXUplink, 1);
        uplink->bh = qemu_bh_new_guarded(cx_uplink_bh, fn,
                                     &DEVICE(fn->pci)->mem_reentrancy_guard);
        g_queue_init(&uplink->frames);
        fn->dev->uplink = uplink;
    }
}

static void cx_uplink_uninit(ConnectXFunction *fn)
{
    if (!fn->is_vf) {
        qemu_bh_delete(fn->dev->uplink->bh);
        g_queue_clear_full(&fn->dev->uplink->frames,
                           (GDestroyNotify)g_bytes_unref);
        g_clear_pointer(&fn->dev->uplink, g_free);
    }
}

static const ConnectXParticipant cx_uplink_part = {
    .name = "uplink",
    .init = cx_uplink_init,
    .uninit = cx_uplink_uninit,
};

void cx_uplink_register(void)
{
    cx_fn_register(&cx_uplink_part);
}
