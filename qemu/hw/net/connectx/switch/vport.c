/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: vports
 *
 * Each function has one: what the function's driver and the PF's driver told
 * the switch about it, and what it counted.
 */
#include "qemu/osdep.h"
#include "net/eth.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "queue/eq.h"
#include "switch/vport.h"
#include "trace.h"

/* PORT_CHANGE event */
#define CX_PORT_DOWN        1
#define CX_PORT_ACTIVE      4
#define CX_PORT_NUMBER_AT   8       /* in bits 7:4 of that data byte */

/* Bytes of an Ethernet frame beyond the IP MTU: header, VLAN tag, FCS */
#define CX_HW_MTU_OVERHEAD  22
#define CX_HW_MTU_DEFAULT   (1500 + CX_HW_MTU_OVERHEAD)

/* What a driver made of its vport goes with it. */
static void cx_vport_clear(ConnectXVport *vport)
{
    vport->uc.n = 0;
    vport->mc.n = 0;
    vport->vlan.n = 0;
    vport->promisc_uc = false;
    vport->promisc_mc = false;
    vport->promisc_all = false;
    vport->mtu = CX_HW_MTU_DEFAULT;
    vport->port_up = true;
    vport->roce_en = false;
    vport->disable_uc_lb = false;
    vport->disable_mc_lb = false;
}

static void cx_vport_init(ConnectXFunction *fn)
{
    ConnectXVport *vport = g_new0(ConnectXVport, 1);

    fn->vport = vport;
    vport->number = fn->number;
    vport->admin_state = CX_ADMIN_AUTO;
    if (!fn->is_vf) {
        memcpy(vport->permanent_mac, fn->dev->nic_conf.macaddr.a, 6);
    }
    /* EUI-64 of the PF's address, the function number in its last bytes */
    memcpy(&vport->node_guid, fn->dev->nic_conf.macaddr.a, 6);
    vport->node_guid = be64_to_cpu(vport->node_guid) | fn->number;
    vport->port_guid = vport->node_guid;
    cx_vport_clear(vport);
}

bool cx_vport_up(const ConnectXFunction *fn)
{
    ConnectXDevice *dev = fn->dev;
    bool cable = !dev->nic || !qemu_get_queue(dev->nic)->link_down;

    return cable && fn->vport->port_up &&
           fn->vport->admin_state != CX_ADMIN_DOWN;
}

bool cx_vport_open(const ConnectXFunction *fn)
{
    return fn->state == CX_FN_OPERATIONAL && cx_vport_up(fn) &&
           cx_fn_may_dma(fn);
}

static unsigned cx_vport_cast(ConnectXTrafficKind kind, const uint8_t *mac)
{
    bool multicast = is_multicast_ether_addr(mac);

    if (kind == CX_TRAFFIC_RDMA) {
        return multicast ? CX_RDMA_MULTICAST : CX_RDMA_UNICAST;
    }
    return is_broadcast_ether_addr(mac) ? CX_BROADCAST :
           multicast ? CX_MULTICAST : CX_UNICAST;
}

void cx_vport_count(ConnectXTraffic traffic, ConnectXTrafficKind kind,
                    const uint8_t *data, uint32_t len)
{
    unsigned cast = cx_vport_cast(kind, data);

    traffic[cast][CX_PACKETS]++;
    traffic[cast][CX_BYTES] += len;
}

void cx_vport_link_event(ConnectXFunction *fn)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };
    bool up = cx_vport_up(fn);

    trace_connectx_link(fn->number, up);
    data[CX_PORT_NUMBER_AT] = 1 << 4;
    cx_eq_post(fn, CX_EV_PORT_CHANGE, up ? CX_PORT_ACTIVE : CX_PORT_DOWN,
               data);
}

/* One event, then the driver has to arm again. */
void cx_vport_changed(ConnectXFunction *fn, uint8_t what)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    fn->vport->unseen |= what;
    if (!fn->vport->armed || !(fn->vport->event_mask & fn->vport->unseen) ||
        fn->dev->resetting) {
        return;
    }
    fn->vport->armed = false;
    fn->vport->unseen = 0;
    stw_be_p(data + 2, fn->vport->number);
    cx_eq_post(fn->dev->pf, CX_EV_NIC_VPORT_CHANGE, 0, data);
}

void cx_vport_seen(ConnectXFunction *fn, uint8_t what)
{
    fn->vport->unseen &= ~what;
}

static void cx_vport_disarm_all(ConnectXDevice *dev)
{
    for (unsigned i = 0; i <= dev->nr_vfs; i++) {
        ConnectXFunction *fn = cx_dev_find_function(dev, i);

        if (fn) {
            fn->vport->armed = false;
        }
    }
}

/* What cx_vport_clear() will change */
static uint8_t cx_vport_holds(const ConnectXVport *vport)
{
    bool promisc = vport->promisc_uc || vport->promisc_mc ||
                   vport->promisc_all;

    return (vport->uc.n ? CX_ON_UC : 0) | (vport->mc.n ? CX_ON_MC : 0) |
           (vport->vlan.n ? CX_ON_VLAN : 0) | (promisc ? CX_ON_PROMISC : 0) |
           (vport->mtu != CX_HW_MTU_DEFAULT ? CX_ON_MTU : 0);
}

/*
 * Of a VF that loses its lists the PF's driver has to know: its database would
 * go on to send their frames to it. A PF's driver that goes has armed nothing.
 */
static void cx_vport_teardown(ConnectXFunction *fn)
{
    uint8_t changed = cx_vport_holds(fn->vport);

    cx_vport_clear(fn->vport);
    if (fn->is_vf) {
        cx_vport_changed(fn, changed);
    } else {
        cx_vport_disarm_all(fn->dev);
    }
}

static void cx_vport_uninit(ConnectXFunction *fn)
{
    g_clear_pointer(&fn->vport, g_free);
}

/* Whoever watches the vport finds the lists of another one in it. */
static void cx_vport_loaded(ConnectXFunction *fn)
{
    cx_vport_changed(fn, fn->vport->event_mask);
}

static const ConnectXParticipant cx_vport_part = {
    .name = "vport",
    .init = cx_vport_init,
    .uninit = cx_vport_uninit,
    .teardown = cx_vport_teardown,
    .loaded = cx_vport_loaded,
};

void cx_vport_register(void)
{
    cx_fn_register(&cx_vport_part);
}
