/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in for the NVLink bridge of a POWER9 processor (NPU2): one link
 *
 * The real function is made by firmware (skiboot), whose layout this is: no
 * PCI device in hardware either. Its ATSD registers, with which a hypervisor
 * flushes a GPU's translations, lie at a physical address of the host bridge.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "hw/pci/pci.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "standin.h"

#define TYPE_NPU_STANDIN        "npu-standin"
OBJECT_DECLARE_SIMPLE_TYPE(NpuStandin, NPU_STANDIN)

#define NPU_DEVICE_ID           0x04ea
#define NPU_PROG_IF             0x01

#define NPU_EXP_CAP             0x40

/* Vendor-specific capability: length, version, PHY procedures, link index */
#define NPU_VENDOR_CAP          0x80
#define NPU_VENDOR_CAP_LEN      0x10
#define NPU_VENDOR_CAP_VERSION  0x01
#define NPU_VENDOR_LEN          0x02
#define NPU_VENDOR_VERSION      0x03
#define NPU_VENDOR_LINK         0x0c

#define NPU_ATSD_BYTES          (64 * KiB)

struct NpuStandin {
    PCIDevice parent_obj;

    MemoryRegion ntl;
    MemoryRegion genid;
    MemoryRegion atsd;
    uint64_t atsd_addr;
    uint8_t link_index;
};

static bool npu_add_vendor_cap(NpuStandin *s, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(s);
    uint8_t *cap = pci->config + NPU_VENDOR_CAP;

    if (pci_add_capability(pci, PCI_CAP_ID_VNDR, NPU_VENDOR_CAP,
                           NPU_VENDOR_CAP_LEN, errp) < 0) {
        return false;
    }
    cap[NPU_VENDOR_LEN] = NPU_VENDOR_CAP_LEN;
    cap[NPU_VENDOR_VERSION] = NPU_VENDOR_CAP_VERSION;
    cap[NPU_VENDOR_LINK] = s->link_index;
    return true;
}

static bool npu_add_memory(NpuStandin *s, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(s);

    if (!standin_add_bar(pci, 0, PCI_BASE_ADDRESS_MEM_TYPE_64, &s->ntl,
                         128 * KiB, errp) ||
        !standin_add_bar(pci, 2, PCI_BASE_ADDRESS_MEM_TYPE_64, &s->genid,
                         64 * KiB, errp)) {
        return false;
    }
    return !s->atsd_addr ||
           standin_map_memory(pci, &s->atsd, TYPE_NPU_STANDIN "-atsd",
                              s->atsd_addr, NPU_ATSD_BYTES, errp);
}

static void npu_realize(PCIDevice *pci, Error **errp)
{
    NpuStandin *s = NPU_STANDIN(pci);

    pci_config_set_interrupt_pin(pci->config, 1);
    pci_config_set_prog_interface(pci->config, NPU_PROG_IF);
    /* QEMU has ids of its own where a class has none; this one has zeros. */
    pci_set_long(pci->config + PCI_SUBSYSTEM_VENDOR_ID, 0);
    if (!standin_init(pci, NPU_EXP_CAP, errp)) {
        return;
    }
    if (!npu_add_vendor_cap(s, errp) || !npu_add_memory(s, errp)) {
        standin_exit(pci);
    }
}

static void npu_exit(PCIDevice *pci)
{
    standin_unmap_memory(&NPU_STANDIN(pci)->atsd);
    standin_exit(pci);
}

static const Property npu_properties[] = {
    DEFINE_PROP_UINT64("atsd-addr", NpuStandin, atsd_addr, 0),
    DEFINE_PROP_UINT8("link-index", NpuStandin, link_index, 0),
};

static const VMStateDescription npu_vmstate = {
    .name = TYPE_NPU_STANDIN,
    .unmigratable = 1,
};

static void npu_class_init(ObjectClass *class, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(class);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);

    pc->realize = npu_realize;
    pc->exit = npu_exit;
    pc->vendor_id = PCI_VENDOR_ID_IBM;
    pc->device_id = NPU_DEVICE_ID;
    pc->revision = 1;
    pc->class_id = PCI_CLASS_BRIDGE_OTHER;
    dc->desc = "POWER9 NVLink bridge (stand-in)";
    dc->vmsd = &npu_vmstate;
    device_class_set_props(dc, npu_properties);
    set_bit(DEVICE_CATEGORY_BRIDGE, dc->categories);
}

static const InterfaceInfo npu_interfaces[] = {
    { INTERFACE_PCIE_DEVICE },
    { }
};

static const TypeInfo npu_type = {
    .name = TYPE_NPU_STANDIN,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(NpuStandin),
    .class_init = npu_class_init,
    .interfaces = (InterfaceInfo *)npu_interfaces,
};

static void npu_register(void)
{
    type_register_static(&npu_type);
}

type_init(npu_register)
