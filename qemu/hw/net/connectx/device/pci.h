/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what PF and VF are on the bus
 */
#ifndef HW_NET_CONNECTX_PCI_H
#define HW_NET_CONNECTX_PCI_H

#include "hw/pci/pci_device.h"
#include "base/types.h"

/* BAR0, MSI-X, PCI Express with FLR, ARI */
bool cx_pci_realize(PCIDevice *pci, ConnectXFunction *fn, uint64_t bar_size,
                    Error **errp);
/* Ends the function, too. */
void cx_pci_unrealize(PCIDevice *pci, ConnectXFunction *fn);
/* To be called for each write to config space */
void cx_pci_write_config(PCIDevice *pci, ConnectXFunction *fn, uint32_t addr,
                         uint32_t val, int len);

#endif /* HW_NET_CONNECTX_PCI_H */
