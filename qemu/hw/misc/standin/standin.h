/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-ins: what the functions that take a real device's place share
 *
 * A stand-in looks to the host's drivers like the device whose ids it has:
 * configuration space, capabilities, BARs, memory. It does none of the
 * device's work.
 */
#ifndef HW_MISC_STANDIN_H
#define HW_MISC_STANDIN_H

#include "exec/memory.h"
#include "hw/pci/pci_device.h"
#include "qom/object.h"

/*
 * PCI Express capability with FLR at @offset, and configuration writes that
 * follow it. standin_exit() undoes it and may be a class's exit function.
 */
bool standin_init(PCIDevice *pci, uint8_t offset, Error **errp);
void standin_write_config(PCIDevice *pci, uint32_t addr, uint32_t val,
                          int len);
void standin_exit(PCIDevice *pci);

/*
 * A memory BAR of kind @type (PCI_BASE_ADDRESS_*) that keeps what is written,
 * across resets as well. Host memory is taken as it is written.
 */
bool standin_add_bar(PCIDevice *pci, int bar, uint8_t type, MemoryRegion *mr,
                     uint64_t size, Error **errp);

/*
 * Memory of the device at the physical address @addr, where firmware would
 * have placed it: all of it must be free. @addr and @size are whole 64 KiB,
 * the largest page of a host that has such devices.
 */
bool standin_map_memory(PCIDevice *pci, MemoryRegion *mr, const char *name,
                        uint64_t addr, uint64_t size, Error **errp);
void standin_unmap_memory(MemoryRegion *mr);

/*
 * Registers @info, whose parent is a type of QEMU's own, when QEMU has
 * registered all of those. In a QEMU without the parent the type exists and
 * says so when a device of it is created. @info lives as long as QEMU.
 */
void standin_register_subclass(const TypeInfo *info);

#endif /* HW_MISC_STANDIN_H */
