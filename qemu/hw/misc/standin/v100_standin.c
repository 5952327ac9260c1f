/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in for an NVIDIA V100 (SXM2, 16 GB) as a POWER9 host sees it
 *
 * On such a host the GPU's memory is no BAR: it is reached over NVLink, at a
 * physical address that firmware chose and wrote in the device tree.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "standin.h"

#define TYPE_V100_STANDIN       "v100-standin"
OBJECT_DECLARE_SIMPLE_TYPE(V100Standin, V100_STANDIN)

#define V100_VENDOR_ID          0x10de
#define V100_DEVICE_ID          0x1db1
#define V100_SUBSYSTEM_ID       0x1212
#define V100_CLASS              0x0302

#define V100_MSI_CAP            0x68
#define V100_EXP_CAP            0x78

struct V100Standin {
    PCIDevice parent_obj;

    MemoryRegion regs;
    MemoryRegion window;
    MemoryRegion ram;
    uint64_t bar1_size;
    uint64_t ram_addr;
    uint64_t ram_size;
};

static bool v100_add_memory(V100Standin *s, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(s);

    if (!standin_add_bar(pci, 0, 0, &s->regs, 16 * MiB, errp) ||
        !standin_add_bar(pci, 1, PCI_BASE_ADDRESS_MEM_TYPE_64 |
                                 PCI_BASE_ADDRESS_MEM_PREFETCH, &s->window,
                         s->bar1_size, errp)) {
        return false;
    }
    return !s->ram_addr ||
           standin_map_memory(pci, &s->ram, TYPE_V100_STANDIN "-ram",
                              s->ram_addr, s->ram_size, errp);
}

static void v100_realize(PCIDevice *pci, Error **errp)
{
    V100Standin *s = V100_STANDIN(pci);

    pci_config_set_interrupt_pin(pci->config, 1);
    if (!standin_init(pci, V100_EXP_CAP, errp)) {
        return;
    }
    if (msi_init(pci, V100_MSI_CAP, 1, true, false, errp)) {
        standin_exit(pci);
        return;
    }
    if (!v100_add_memory(s, errp)) {
        msi_uninit(pci);
        standin_exit(pci);
    }
}

static void v100_exit(PCIDevice *pci)
{
    standin_unmap_memory(&V100_STANDIN(pci)->ram);
    msi_uninit(pci);
    standin_exit(pci);
}

static const Property v100_properties[] = {
    DEFINE_PROP_SIZE("bar1-size", V100Standin, bar1_size, 64 * MiB),
    DEFINE_PROP_UINT64("ram-addr", V100Standin, ram_addr, 0),
    DEFINE_PROP_SIZE("ram-size", V100Standin, ram_size, 16 * MiB),
};

static const VMStateDescription v100_vmstate = {
    .name = TYPE_V100_STANDIN,
    .unmigratable = 1,
};

static void v100_class_init(ObjectClass *class, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(class);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);

    pc->realize = v100_realize;
    pc->exit = v100_exit;
    pc->vendor_id = V100_VENDOR_ID;
    pc->device_id = V100_DEVICE_ID;
    pc->subsystem_vendor_id = V100_VENDOR_ID;
    pc->subsystem_id = V100_SUBSYSTEM_ID;
    pc->revision = 0xa1;
    pc->class_id = V100_CLASS;
    dc->desc = "NVIDIA V100 GPU (stand-in)";
    dc->vmsd = &v100_vmstate;
    device_class_set_props(dc, v100_properties);
    set_bit(DEVICE_CATEGORY_DISPLAY, dc->categories);
}

static const InterfaceInfo v100_interfaces[] = {
    { INTERFACE_PCIE_DEVICE },
    { }
};

static const TypeInfo v100_type = {
    .name = TYPE_V100_STANDIN,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(V100Standin),
    .class_init = v100_class_init,
    .interfaces = (InterfaceInfo *)v100_interfaces,
};

static void v100_register(void)
{
    type_register_static(&v100_type);
}

type_init(v100_register)
