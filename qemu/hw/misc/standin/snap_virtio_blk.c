/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in for the virtio block device that a BlueField DPU shows its host
 * (SNAP)
 *
 * QEMU's own modern virtio-blk-pci, 1af4:1042, with subsystem vendor 15b3. A
 * modern device keeps the subsystem ids of its class, a transitional one
 * would not.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_device.h"
#include "qemu/module.h"
#include "standin.h"

#define TYPE_SNAP_VIRTIO_BLK    "snap-virtio-blk"
#define SNAP_VIRTIO_BLK_PARENT  "virtio-blk-pci-non-transitional"

#define SNAP_VENDOR_ID          0x15b3
#define SNAP_VIRTIO_BLK_SUBSYS  0x1042

static void snap_virtio_blk_class_init(ObjectClass *class, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(class);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);

    pc->subsystem_vendor_id = SNAP_VENDOR_ID;
    pc->subsystem_id = SNAP_VIRTIO_BLK_SUBSYS;
    dc->desc = "virtio block device of a DPU (stand-in)";
}

static const TypeInfo snap_virtio_blk_type = {
    .name = TYPE_SNAP_VIRTIO_BLK,
    .parent = SNAP_VIRTIO_BLK_PARENT,
    .class_init = snap_virtio_blk_class_init,
};

static void snap_virtio_blk_register(void)
{
    standin_register_subclass(&snap_virtio_blk_type);
}

type_init(snap_virtio_blk_register)
