/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in for the NVMe controller that a BlueField DPU shows its host (SNAP)
 *
 * QEMU's own NVMe controller under other ids: 15b3:6001, subsystem vendor
 * 15b3. It works as that one does.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "standin.h"

#define TYPE_SNAP_NVME          "snap-nvme"
#define SNAP_NVME_PARENT        "nvme"

#define SNAP_VENDOR_ID          0x15b3
#define SNAP_NVME_DEVICE_ID     0x6001

/* The parent writes its own ids while it is realized. */
static void snap_nvme_realize(PCIDevice *pci, Error **errp)
{
    ERRP_GUARD();
    ObjectClass *parent = object_class_by_name(SNAP_NVME_PARENT);

    PCI_DEVICE_CLASS(parent)->realize(pci, errp);
    if (*errp) {
        return;
    }
    pci_config_set_vendor_id(pci->config, SNAP_VENDOR_ID);
    pci_config_set_device_id(pci->config, SNAP_NVME_DEVICE_ID);
}

static void snap_nvme_class_init(ObjectClass *class, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(class);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);

    pc->realize = snap_nvme_realize;
    pc->subsystem_vendor_id = SNAP_VENDOR_ID;
    pc->subsystem_id = SNAP_NVME_DEVICE_ID;
    dc->desc = "NVMe controller of a DPU (stand-in)";
}

static const TypeInfo snap_nvme_type = {
    .name = TYPE_SNAP_NVME,
    .parent = SNAP_NVME_PARENT,
    .class_init = snap_nvme_class_init,
};

static void snap_nvme_register(void)
{
    standin_register_subclass(&snap_nvme_type);
}

type_init(snap_nvme_register)
