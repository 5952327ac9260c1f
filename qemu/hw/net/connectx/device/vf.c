/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a virtual function
 *
 * QEMU makes the VFs of a PF when the PF is realized, before the guest enables
 * any, and resets a VF when the guest enables it and at each FLR.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/pci/pci.h"
#include "hw/pci/pcie_sriov.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "device/device.h"
#include "device/pci.h"
#include "fn/fn.h"
#include "fn/life.h"

static void cx_vf_write_config(PCIDevice *pci, uint32_t addr, uint32_t val,
                               int len)
{
    cx_pci_write_config(pci, &CONNECTX_VF(pci)->fn, addr, val, len);
}

static void cx_vf_realize(PCIDevice *pci, Error **errp)
{
    ConnectXVFState *s = CONNECTX_VF(pci);
    ConnectXPFState *pf = CONNECTX_PF(pcie_sriov_get_pf(pci));
    uint16_t index = pcie_sriov_vf_number(pci);

    if (!cx_pci_realize(pci, &s->fn, CX_VF_BAR_SIZE, errp)) {
        return;
    }
    pci->config_write = cx_vf_write_config;
    cx_fn_init(&s->fn, pci, &pf->dev, index + 1);
    pf->dev.vf[index] = &s->fn;
}

static void cx_vf_exit(PCIDevice *pci)
{
    ConnectXVFState *s = CONNECTX_VF(pci);

    s->fn.dev->vf[s->fn.number - 1] = NULL;
    cx_pci_unrealize(pci, &s->fn);
}

static void cx_vf_reset_hold(Object *obj, ResetType type)
{
    cx_fn_reset(&CONNECTX_VF(obj)->fn);
}

static void cx_get_guest_errors(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    ConnectXFunction *fn = &CONNECTX_VF(obj)->fn;
    uint64_t count = fn->guest_errors ? fn->guest_errors->count[fn->number] : 0;

    visit_type_uint64(v, name, &count, errp);
}

static const VMStateDescription cx_vf_vmstate = {
    .name = TYPE_CONNECTX_VF,
    .unmigratable = 1,
};

static void cx_vf_class_init(ObjectClass *class, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(class);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);
    ResettableClass *rc = RESETTABLE_CLASS(class);

    pc->realize = cx_vf_realize;
    pc->exit = cx_vf_exit;
    pc->vendor_id = CX_VENDOR_ID;
    pc->device_id = CX_VF_DEVICE_ID;
    pc->subsystem_vendor_id = CX_VENDOR_ID;
    pc->subsystem_id = CX_VF_DEVICE_ID;
    pc->class_id = PCI_CLASS_NETWORK_ETHERNET;
    rc->phases.hold = cx_vf_reset_hold;
    dc->desc = "ConnectX virtual function (model)";
    dc->vmsd = &cx_vf_vmstate;
    dc->user_creatable = false;
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
    object_class_property_add(class, "x-guest-errors", "uint64",
                              cx_get_guest_errors, NULL, NULL, NULL);
    object_class_property_set_description(class, "x-guest-errors",
        "What drivers of this VF have done wrong, since the start");
}

static const InterfaceInfo cx_vf_interfaces[] = {
    { INTERFACE_PCIE_DEVICE },
    { }
};

static const TypeInfo cx_vf_type = {
    .name = TYPE_CONNECTX_VF,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(ConnectXVFState),
    .class_init = cx_vf_class_init,
    .interfaces = (InterfaceInfo *)cx_vf_interfaces,
};

void cx_vf_register(void)
{
    type_register_static(&cx_vf_type);
}
