/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: is the running QEMU laid out as our headers say?
 *
 * The structures that the model embeds or reaches into are the binary's own.
 * A witness of its layout can be had at run time: the property table of class
 * pci-device gives the offsets of several fields. The last of them lies behind
 * all that matters, MemoryRegions (whose size depends on 128-bit integers)
 * and the SR-IOV part included.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-core.h"
#include "hw/qdev-properties.h"
#include "qom/object.h"
#include "device/device.h"

static const struct {
    const char *property;
    size_t offset;
} cx_layout_fields[] = {
    { "addr", offsetof(PCIDevice, devfn) },
    { "romfile", offsetof(PCIDevice, romfile) },
    { "romsize", offsetof(PCIDevice, romsize) },
    { "rombar", offsetof(PCIDevice, rom_bar) },
    { "multifunction", offsetof(PCIDevice, cap_present) },
    { "failover_pair_id", offsetof(PCIDevice, failover_pair_id) },
    { "acpi-index", offsetof(PCIDevice, acpi_index) },
    { "x-max-bounce-buffer-size",
      offsetof(PCIDevice, max_bounce_buffer_size) },
};

static const Property *cx_layout_find(const DeviceClass *dc, const char *name)
{
    for (size_t i = 0; i < dc->props_count_; i++) {
        if (!strcmp(dc->props_[i].name, name)) {
            return &dc->props_[i];
        }
    }
    return NULL;
}

bool cx_layout_check(ObjectClass *pci_device_class)
{
    const DeviceClass *dc = DEVICE_CLASS(pci_device_class);
    bool good = true;

    for (size_t i = 0; i < ARRAY_SIZE(cx_layout_fields); i++) {
        const char *name = cx_layout_fields[i].property;
        const Property *prop = cx_layout_find(dc, name);

        if (!prop || prop->offset != cx_layout_fields[i].offset) {
            error_report("connectx: field behind pci-device.%s is at %td in "
                         "this QEMU, at %zu in the headers of the build", name,
                         prop ? prop->offset : -1, cx_layout_fields[i].offset);
            good = false;
        }
    }
    if (!good) {
        error_report("connectx: the plug-in was built for another QEMU");
    }
    return good;
}
