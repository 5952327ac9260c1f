/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-ins: types whose parent is a device that QEMU has
 *
 * A type whose parent is unknown ends QEMU when its class is initialized, and
 * which devices a QEMU has depends on its target and build. Our constructors
 * run before QEMU's own, so whether a parent is there can only be told after
 * all others: a function that is added while the list is walked comes last.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_device.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "standin.h"

static GSList *standin_subclasses;

static const TypeInfo *standin_find_subclass(const char *name)
{
    for (GSList *at = standin_subclasses; at; at = at->next) {
        const TypeInfo *info = at->data;

        if (!strcmp(info->name, name)) {
            return info;
        }
    }
    return NULL;
}

static void standin_orphan_realize(PCIDevice *pci, Error **errp)
{
    const char *name = object_get_typename(OBJECT(pci));

    error_setg(errp, "%s: this QEMU has no '%s' to make it of", name,
               standin_find_subclass(name)->parent);
}

static void standin_orphan_class_init(ObjectClass *class, void *data)
{
    PCI_DEVICE_CLASS(class)->realize = standin_orphan_realize;
}

static const InterfaceInfo standin_orphan_interfaces[] = {
    { INTERFACE_PCIE_DEVICE },
    { }
};

static void standin_register_orphan(const TypeInfo *info)
{
    const TypeInfo orphan = {
        .name = info->name,
        .parent = TYPE_PCI_DEVICE,
        .class_init = standin_orphan_class_init,
        .interfaces = (InterfaceInfo *)standin_orphan_interfaces,
    };

    type_register_static(&orphan);
}

static void standin_register_all(void)
{
    for (GSList *at = standin_subclasses; at; at = at->next) {
        const TypeInfo *info = at->data;

        if (object_class_by_name(info->parent)) {
            type_register_static(info);
        } else {
            standin_register_orphan(info);
        }
    }
}

void standin_register_subclass(const TypeInfo *info)
{
    if (!standin_subclasses) {
        register_module_init(standin_register_all, MODULE_INIT_QOM);
    }
    standin_subclasses = g_slist_append(standin_subclasses, (void *)info);
}
