/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: functions, and the device that they belong to
 *
 * The handle that every layer is given first. A field is either for all, or a
 * pointer to what one module keeps of the function: that is the module's own,
 * and what it consists of is seen by nobody who has not included its header, in
 * most cases by nobody but itself.
 */
#ifndef HW_NET_CONNECTX_FUNCTION_H
#define HW_NET_CONNECTX_FUNCTION_H

#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "qemu/queue.h"
#include "base/guest_error.h"
#include "base/identity.h"
#include "base/knobs.h"
#include "base/limits.h"
#include "base/traffic.h"
#include "base/types.h"

typedef enum ConnectXFnState {
    CX_FN_RESET,                        /* no ENABLE_HCA */
    CX_FN_ENABLED,
    CX_FN_OPERATIONAL,                  /* after INIT_HCA */
} ConnectXFnState;

enum {
    CX_SUSP_INITIATOR = 1 << 0,         /* no DMA, events, command starts */
    CX_SUSP_RESPONDER = 1 << 1,         /* register writes latched only */
};

struct ConnectXFunction {
    PCIDevice *pci;
    ConnectXDevice *dev;
    bool is_vf;
    uint16_t number;                    /* function_id and vport: 0 PF, n VF */
    uint16_t vhca_id;                   /* see fn/vhca_id.h */
    uint32_t nvectors;
    MemoryRegion bar;
    ConnectXGuestErrors *guest_errors;  /* the device's */

    /* State that an image has as it is */
    ConnectXFnState state;
    uint16_t issi;
    uint8_t nic_interface;              /* CX_NIC_* */
    uint64_t cmdq_addr;                 /* 0: none written yet */
    uint32_t cmdq_addr_h;               /* written, not yet latched */
    uint8_t sw_owner_id[16];
    /* internal_timer is the virtual clock plus this: it never runs back. */
    int64_t timer_offset_ns;
    uint32_t flow_root[16];             /* by table type; 0: none */
    uint32_t pending;                   /* slots rung and not started */
    uint32_t inflight;                  /* slots started and not completed */

    /* State that no image has */
    uint8_t suspended;                  /* CX_SUSP_* */
    uint8_t shut;                       /* CX_SHUT_*, by host/dma.c */
    bool cmds_held;                     /* an image of it is being written */
    uint64_t dma_errors;
    /* Not reset by FLR: the PF's ENABLE_HCA(function_id) came for this VF. */
    bool host_enabled;

    /*
     * What modules keep, from the top layer down. Of a function that is but
     * staged there are caps, latch, objs, pages and vport alone.
     */
    ConnectXUar *uar;                   /* device/uar.c */
    ConnectXCmdQueue *cmdq;             /* cmd/cmd.c */
    ConnectXVhca *vhca;                 /* vhca/vhca.c */
    ConnectXTracks *tracks;             /* vhca/track.c, of a PF */
    ConnectXRdma *rdma;                 /* rdma/clock.c */
    ConnectXVport *vport;               /* switch/vport.c */
    ConnectXFlows *flows;               /* switch/match.c */
    ConnectXModeration *moderation;     /* queue/moderate.c */
    ConnectXEqs *eqs;                   /* queue/eq.c */
    ConnectXObjStore *objs;             /* obj/obj.c */
    ConnectXCaps *caps;                 /* fn/caps.c */
    ConnectXHealth *health;             /* fn/health.c */
    GArray *latch;                      /* fn/latch.c */
    ConnectXPages *pages;               /* fn/pages.c */
    ConnectXHostPages *host_pages;      /* fn/pages.c */
    ConnectXIrq *irq;                   /* host/irq.c */
    QLIST_HEAD(, ConnectXDirty) dirty;  /* host/dirty.c: logs that follow it */
};

struct ConnectXDevice {
    ConnectXFunction *pf;
    ConnectXFunction *vf[CX_VFS_MAX];   /* index: function number - 1 */
    uint16_t nr_vfs;
    NICState *nic;
    NICConf nic_conf;
    uint32_t sw_reset_owner;            /* semaphore of the VSC gateway */
    bool resetting;                     /* as a whole: nobody is told of it */
    /* The port: up whenever there is a cable, as with keep_eth_link_up */
    uint16_t port_mtu;                  /* of the hardware: IP MTU + 22 */
    ConnectXTraffic port_rx, port_tx;   /* of the wire */
    ConnectXUplink *uplink;             /* switch/uplink.c */
    ConnectXSched *sched;               /* host/sched.c */
    ConnectXGuestErrors guest_errors;
    /* Properties */
    const ConnectXIdentity *identity;
    uint32_t fw_pages;
    uint32_t vhca_seed;                 /* goes on with each id */
    uint32_t boot_ms;                   /* how long the firmware starts */
    uint64_t image_pad, delta_pad;
    bool migratable;
    ConnectXVhcaKnobs vhca;
    ConnectXTrackKnobs track;
    bool eswitch;
    bool rdma;                          /* it has queue pairs, and RoCE */
    bool mkey_cache;                    /* keys change their size by UMR */
    /* Faults and what else tests set at run time too (qom-set) */
    ConnectXCmdFaults *faults;          /* cmd/fault.c */
    uint32_t save_next;                 /* junk in a reserved field of SAVE */
    uint32_t rdma_loses, rdma_chance;   /* one of so many packets is lost */
    uint32_t fatal_function;            /* whose x-fatal is */
    uint32_t fatal_no_request;
};

#endif /* HW_NET_CONNECTX_FUNCTION_H */
