/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: vports
 */
#ifndef HW_NET_CONNECTX_VPORT_H
#define HW_NET_CONNECTX_VPORT_H

#include "base/limits.h"
#include "base/traffic.h"
#include "base/types.h"
#include "switch/acl.h"
#include "switch/frame.h"

#define CX_VPORT_UPLINK     0xffff      /* its number, where vports have one */
#define CX_MAC_LIST_MAX     (1 << CX_LOG_MAC_LIST)

typedef struct ConnectXMacList {
    uint32_t n;
    uint8_t mac[CX_MAC_LIST_MAX][6];
} ConnectXMacList;

enum {                      /* nic_vport_context.event_on_*, as one mask */
    CX_ON_UC        = 1 << 0,
    CX_ON_MC        = 1 << 1,
    CX_ON_VLAN      = 1 << 2,
    CX_ON_PROMISC   = 1 << 3,
    CX_ON_MTU       = 1 << 4,
};

enum {                      /* vport admin_state */
    CX_ADMIN_DOWN,
    CX_ADMIN_UP,
    CX_ADMIN_AUTO,
};

/*
 * A frame for the owner of a vport, fn being the function that has it. Returns
 * how many copies of it were made.
 */
typedef unsigned (*ConnectXReceive)(ConnectXFunction *fn,
                                    const ConnectXFrame *frame);

struct ConnectXVport {
    uint16_t number;                    /* 0 PF, n VF n */
    /* Set by the PF's administrator; survive a reset of the function. */
    uint8_t permanent_mac[6];
    uint64_t node_guid;
    uint64_t port_guid;
    uint8_t admin_state;                /* CX_ADMIN_* */
    uint8_t esw_context[0x100];         /* esw_vport_context */
    uint32_t acl[CX_ACLS];              /* tables of the PF's; 0: none */
    /* Belong to the function's own driver: saved in an image. */
    ConnectXMacList uc, mc, vlan;       /* vlan: id in the first two bytes */
    bool promisc_uc, promisc_mc, promisc_all;
    uint16_t mtu;
    bool port_up;                       /* by PAOS; each function's own view */
    bool roce_en;
    bool disable_uc_lb, disable_mc_lb;
    /* Change events that the PF armed, and for which changes. */
    bool armed;
    uint8_t event_mask;                 /* CX_ON_* */
    uint8_t unseen;                     /* changed since it was told, or read */
    /* Who takes what the switch has for it: the layer above registers. */
    ConnectXReceive receive;
    ConnectXTraffic rx, tx;
};

void cx_vport_register(void);
/*
 * Tells the PF's driver, if it armed the vport for one of these changes, or for
 * one that it has not seen: it reads first and arms then, and what changes
 * between the two would never be told.
 */
void cx_vport_changed(ConnectXFunction *fn, uint8_t what);
/* The PF's driver reads this of the vport. */
void cx_vport_seen(ConnectXFunction *fn, uint8_t what);
bool cx_vport_up(const ConnectXFunction *fn);
/* Can it send and receive now? */
bool cx_vport_open(const ConnectXFunction *fn);
/*
 * Counts a frame: of what is above, or of the port's, to which all is Ethernet.
 * Whoever takes what the switch has for a vport knows what it is.
 */
void cx_vport_count(ConnectXTraffic traffic, ConnectXTrafficKind kind,
                    const uint8_t *data, uint32_t len);
/* The state of fn's link changed: tell its driver. */
void cx_vport_link_event(ConnectXFunction *fn);

#endif /* HW_NET_CONNECTX_VPORT_H */
