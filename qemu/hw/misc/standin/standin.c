/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-ins: PCI Express, BARs and memory of the functions made from scratch
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/pci/pci.h"
#include "hw/pci/pcie.h"
#include "qapi/error.h"
#include "standin.h"

#define STANDIN_MEMORY_ALIGN    (64 * KiB)

void standin_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, int len)
{
    pci_default_write_config(pci, addr, val, len);
    pcie_cap_flr_write_config(pci, addr, val, len);
}

bool standin_init(PCIDevice *pci, uint8_t offset, Error **errp)
{
    if (pcie_endpoint_cap_init(pci, offset) < 0) {
        error_setg(errp, "%s: no room for the PCI Express capability",
                   object_get_typename(OBJECT(pci)));
        return false;
    }
    pcie_cap_flr_init(pci);
    pci->config_write = standin_write_config;
    return true;
}

void standin_exit(PCIDevice *pci)
{
    pcie_cap_exit(pci);
}

bool standin_add_bar(PCIDevice *pci, int bar, uint8_t type, MemoryRegion *mr,
                     uint64_t size, Error **errp)
{
    g_autofree char *name = g_strdup_printf("%s-bar%d",
                                            object_get_typename(OBJECT(pci)),
                                            bar);

    if (size < 4 * KiB || !is_power_of_2(size)) {
        error_setg(errp, "%s: BAR %d must have a power of two of bytes, "
                   "4096 or more", object_get_typename(OBJECT(pci)), bar);
        return false;
    }
    if (!memory_region_init_ram(mr, OBJECT(pci), name, size, errp)) {
        return false;
    }
    pci_register_bar(pci, bar, PCI_BASE_ADDRESS_SPACE_MEMORY | type, mr);
    return true;
}

bool standin_map_memory(PCIDevice *pci, MemoryRegion *mr, const char *name,
                        uint64_t addr, uint64_t size, Error **errp)
{
    MemoryRegionSection there;

    if (!size || !QEMU_IS_ALIGNED(addr | size, STANDIN_MEMORY_ALIGN) ||
        addr + size < addr) {
        error_setg(errp, "%s: address and size must be whole 64 KiB", name);
        return false;
    }
    there = memory_region_find(get_system_memory(), addr, size);
    if (there.mr) {
        error_setg(errp, "%s: %s is at 0x%" HWADDR_PRIx " already", name,
                   memory_region_name(there.mr),
                   there.offset_within_address_space);
        memory_region_unref(there.mr);
        return false;
    }
    if (!memory_region_init_ram(mr, OBJECT(pci), name, size, errp)) {
        return false;
    }
    memory_region_add_subregion(get_system_memory(), addr, mr);
    return true;
}

void standin_unmap_memory(MemoryRegion *mr)
{
    if (memory_region_is_mapped(mr)) {
        memory_region_del_subregion(get_system_memory(), mr);
    }
}
