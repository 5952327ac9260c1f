/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: functions, and the device that they belong to
 */
#ifndef HW_NET_CONNECTX_FN_H
#define HW_NET_CONNECTX_FN_H

#include "qemu/queue.h"
#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "base/guest_error.h"
#include "base/identity.h"
#include "base/knobs.h"
#include "base/limits.h"
#include "base/types.h"
#include "fn/pages.h"

typedef enum ConnectXFnState {          /* C.1 of a function's life */
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

    /* Function state: saved. */
    ConnectXFnState state;
    uint16_t issi;
    uint8_t nic_interface;              /* CX_NIC_* */
    uint64_t cmdq_addr;                 /* 0: none written yet */
    uint32_t cmdq_addr_h;               /* written, not yet latched */
    uint8_t sw_owner_id[16];
    /* internal_timer is the virtual clock plus this: it never runs back. */
    int64_t timer_offset_ns;
    uint32_t flow_root[16];             /* by table type; 0: none */
    ConnectXCaps *caps;                 /* owned by fn/caps.c */
    ConnectXObjStore *objs;             /* owned by obj/obj.c */
    ConnectXPages pages;
    ConnectXVport *vport;               /* see there what is saved of it */

    /* Command machine. Saved: pending. */
    uint32_t pending;                   /* slots rung and not started */
    uint32_t inflight;                  /* slots started and not completed */
    ConnectXCmdQueue *cmdq;             /* owned by cmd/cmd.c */
    ConnectXEqs *eqs;                   /* owned by queue/eq.c */

    /* Migration */
    uint8_t suspended;                  /* CX_SUSP_* */
    bool cmds_held;                     /* an image of it is being written */
    ConnectXVhca *vhca;                 /* NULL for what is but staged */

    GArray *latch;                      /* see fn/latch.h. Saved */
    ConnectXUar *uar;                   /* owned by device/uar.c */
    ConnectXIrq *irq;            /* owned by host/irq.c */
    uint8_t shut;                       /* CX_SHUT_*, by host/dma.c */
    uint64_t dma_errors;
    ConnectXGuestErrors *guest_errors;  /* the device's */
    ConnectXHealth *health;             /* owned by fn/health.c */
    /* Not reset by FLR: the PF's ENABLE_HCA(function_id) came for this VF. */
    bool host_enabled;
    /* Pages given by the PF on this VF's behalf (PF's addresses, not saved) */
    GArray *host_pages;
    int32_t host_pages_wanted;
    /* It was disabled before the PF had answered: an answer may come late. */
    bool host_pages_late;
};

struct ConnectXDevice {
    ConnectXFunction *pf;
    ConnectXFunction *vf[CX_VFS_MAX];   /* index: function number - 1 */
    uint16_t nr_vfs;
    NICState *nic;
    NICConf nic_conf;
    struct ConnectXSched *sched;        /* owned by host/sched.c */
    struct ConnectXUplink *uplink;      /* owned by switch/uplink.c */
    uint32_t sw_reset_owner;            /* semaphore of the VSC gateway */
    /* The port: up whenever there is a cable, as with keep_eth_link_up */
    uint16_t port_mtu;                  /* of the hardware: IP MTU + 22 */
    /* Properties */
    const ConnectXIdentity *identity;
    uint32_t fw_pages;
    uint32_t vhca_seed;                 /* goes on with each id */
    uint32_t boot_ms;                   /* how long the firmware starts */
    uint64_t image_pad, delta_pad;
    bool migratable;
    ConnectXVhcaKnobs vhca;
    bool eswitch;
    /* Faults and what else tests set at run time too (qom-set) */
    ConnectXCmdFaults *faults;
    uint32_t save_next;                 /* junk in a reserved field of SAVE */
    ConnectXGuestErrors guest_errors;
    uint32_t fatal_function;            /* whose x-fatal is */
    uint32_t fatal_no_request;
};

/* NULL when there is none. */
ConnectXFunction *cx_dev_find_function(ConnectXDevice *dev, uint16_t number);
/* Finds those only that are enabled: a VF by the PF, the PF by its driver. */
ConnectXFunction *cx_dev_find_vhca(ConnectXDevice *dev, uint16_t vhca_id);

#endif /* HW_NET_CONNECTX_FN_H */
