/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what the PF and VF types share
 */
#ifndef HW_NET_CONNECTX_DEVICE_H
#define HW_NET_CONNECTX_DEVICE_H

#include "qom/object.h"
#include "fn/fn.h"

#define TYPE_CONNECTX_PF "connectx-pf"
#define TYPE_CONNECTX_VF "connectx-vf"

OBJECT_DECLARE_SIMPLE_TYPE(ConnectXPFState, CONNECTX_PF)
OBJECT_DECLARE_SIMPLE_TYPE(ConnectXVFState, CONNECTX_VF)

struct ConnectXPFState {
    PCIDevice parent_obj;
    ConnectXFunction fn;
    ConnectXDevice dev;
    uint16_t vfs;
};

struct ConnectXVFState {
    PCIDevice parent_obj;
    ConnectXFunction fn;
};

/* Vendor-specific capability of the PF (device/vsc.c) */
int cx_vsc_init(PCIDevice *pci, Error **errp);
void cx_vsc_reset(ConnectXDevice *dev, PCIDevice *pci);
uint32_t cx_vsc_read(PCIDevice *pci, uint32_t addr, int len);
void cx_vsc_write(ConnectXDevice *dev, PCIDevice *pci, uint32_t addr,
                  uint32_t val, int len);

/* "FUNCTION:START:BYTES:COUNT:SEED": writes at random in a range */
void cx_burst(ConnectXDevice *dev, const char *text, Error **errp);

/* What is set and read while the device runs (device/run_props.c) */
void cx_pf_add_run_properties(ObjectClass *class);

void cx_pf_register(void);
void cx_vf_register(void);

/* Does QEMU's memory layout agree with the headers this was built from? */
bool cx_layout_check(ObjectClass *pci_device_class);

#endif /* HW_NET_CONNECTX_DEVICE_H */
