/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the physical function
 *
 * The PF owns the device: port, properties and, by SR-IOV, its VFs, which QEMU
 * makes when the PF is realized and enables when the guest sets VF Enable.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/pci/pcie_sriov.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "net/net.h"
#include "cmd/fault.h"
#include "device/device.h"
#include "device/pci.h"
#include "fn/device.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "packet/packet.h"
#include "switch/switch.h"
#include "switch/vport.h"

#define CX_SRIOV_CAP    0x180

#define CX_HW_MTU       1522

static void cx_pf_write_config(PCIDevice *pci, uint32_t addr, uint32_t val,
                               int len)
{
    ConnectXPFState *s = CONNECTX_PF(pci);

    cx_pci_write_config(pci, &s->fn, addr, val, len);
    cx_vsc_write(&s->dev, pci, addr, val, len);
}

static ssize_t cx_nic_receive(NetClientState *nc, const uint8_t *buf,
                              size_t size)
{
    ConnectXPFState *s = qemu_get_nic_opaque(nc);
    uint8_t padded[CX_FRAME_MIN] = { 0 };

    if (size < CX_ETH_HEADER || size > CX_FRAME_MAX) {
        return size;
    }
    if (size < CX_FRAME_MIN) {
        memcpy(padded, buf, size);
        buf = padded;
    }
    cx_switch_from_wire(&s->dev, buf, MAX(size, CX_FRAME_MIN));
    return size;
}

static void cx_nic_link_changed(NetClientState *nc)
{
    ConnectXPFState *s = qemu_get_nic_opaque(nc);

    for (unsigned i = 0; i <= s->dev.nr_vfs; i++) {
        ConnectXFunction *fn = cx_dev_find_function(&s->dev, i);

        if (fn && fn->state == CX_FN_OPERATIONAL) {
            cx_vport_link_event(fn);
        }
    }
}

static NetClientInfo cx_nic_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .receive = cx_nic_receive,
    .link_status_changed = cx_nic_link_changed,
};

static bool cx_pf_init_sriov(ConnectXPFState *s, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(s);

    if (!s->vfs) {
        return true;
    }
    s->dev.nr_vfs = s->vfs;
    if (!pcie_sriov_pf_init(pci, CX_SRIOV_CAP, TYPE_CONNECTX_VF,
                            CX_VF_DEVICE_ID, s->vfs, s->vfs, 1, 1, errp)) {
        return false;
    }
    pcie_sriov_pf_init_vf_bar(pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY |
                                      PCI_BASE_ADDRESS_MEM_TYPE_64 |
                                      PCI_BASE_ADDRESS_MEM_PREFETCH,
                              CX_VF_BAR_SIZE);
    return true;
}

static bool cx_pf_check_logs(const char *what, uint8_t low, uint8_t min,
                             uint8_t max, uint8_t high, Error **errp)
{
    if (min < low || min > max || max > high) {
        error_setg(errp, "connectx-pf: %s from %u to %u: must be within %u and "
                   "%u", what, min, max, low, high);
        return false;
    }
    return true;
}

/* Pages and bytes that the log of a tracker can count */
static bool cx_pf_check_track(const ConnectXTrackKnobs *track, Error **errp)
{
    return cx_pf_check_logs("track-log-space", CX_PAGE_SHIFT,
                            track->space_min, track->space_max, 62, errp) &&
           cx_pf_check_logs("track-log-page", CX_PAGE_SHIFT,
                            track->page_min, track->page_max, 30, errp) &&
           cx_pf_check_logs("track-log-msg", 4, track->message_min,
                            track->message_max, 20, errp);
}

static void cx_pf_realize(PCIDevice *pci, Error **errp)
{
    ConnectXPFState *s = CONNECTX_PF(pci);

    if (s->vfs > CX_VFS_MAX) {
        error_setg(errp, "connectx-pf: vfs must be at most %u", CX_VFS_MAX);
        return;
    }
    if (!cx_pf_check_track(&s->dev.track, errp)) {
        return;
    }
    if (!cx_pci_realize(pci, &s->fn, CX_PF_BAR_SIZE, errp)) {
        return;
    }
    if (cx_vsc_init(pci, errp) < 0) {
        cx_pci_unrealize(pci, &s->fn);
        return;
    }
    pci_set_word(pci->config + PCI_DEVICE_ID, s->dev.identity->device_id);
    pci_set_word(pci->config + PCI_SUBSYSTEM_ID, s->dev.identity->device_id);
    pci->config_write = cx_pf_write_config;
    pci->config_read = cx_vsc_read;
    qemu_macaddr_default_if_unset(&s->dev.nic_conf.macaddr);
    s->dev.pf = &s->fn;
    cx_guest_errors_init(&s->dev.guest_errors, s->vfs + 1);
    s->dev.port_mtu = CX_HW_MTU;
    cx_fn_init(&s->fn, pci, &s->dev, 0);
    if (!cx_pf_init_sriov(s, errp)) {
        cx_pci_unrealize(pci, &s->fn);
        return;
    }
    s->dev.nic = qemu_new_nic(&cx_nic_info, &s->dev.nic_conf,
                              object_get_typename(OBJECT(pci)), pci->qdev.id,
                              &pci->qdev.mem_reentrancy_guard, s);
    qemu_format_nic_info_str(qemu_get_queue(s->dev.nic),
                             s->dev.nic_conf.macaddr.a);
}

static void cx_pf_exit(PCIDevice *pci)
{
    ConnectXPFState *s = CONNECTX_PF(pci);

    pcie_sriov_pf_exit(pci);
    g_clear_pointer(&s->dev.nic, qemu_del_nic);
    cx_pci_unrealize(pci, &s->fn);
}

/* A reset of the PF takes the whole device with it. */
static void cx_pf_reset_hold(Object *obj, ResetType type)
{
    ConnectXPFState *s = CONNECTX_PF(obj);

    cx_dev_reset(&s->dev, false);
    cx_vsc_reset(&s->dev, PCI_DEVICE(obj));
}

static const Property cx_pf_properties[] = {
    DEFINE_NIC_PROPERTIES(ConnectXPFState, dev.nic_conf),
    DEFINE_PROP_UINT16("vfs", ConnectXPFState, vfs, 8),
    DEFINE_PROP_UINT32("fw-pages", ConnectXPFState, dev.fw_pages, 0),
    DEFINE_PROP_UINT32("x-vhca-seed", ConnectXPFState, dev.vhca_seed, 0),
    DEFINE_PROP_UINT32("x-boot-ms", ConnectXPFState, dev.boot_ms, 20),
    DEFINE_PROP_BOOL("page-tracking", ConnectXPFState, dev.track.on, false),
    DEFINE_PROP_UINT8("track-ranges", ConnectXPFState, dev.track.ranges, 4),
    DEFINE_PROP_UINT8("track-log-space-min", ConnectXPFState,
                      dev.track.space_min, 12),
    DEFINE_PROP_UINT8("track-log-space-max", ConnectXPFState,
                      dev.track.space_max, 52),
    DEFINE_PROP_UINT8("track-log-page-min", ConnectXPFState,
                      dev.track.page_min, 12),
    DEFINE_PROP_UINT8("track-log-page-max", ConnectXPFState,
                      dev.track.page_max, 30),
    DEFINE_PROP_UINT8("track-log-msg-min", ConnectXPFState,
                      dev.track.message_min, 5),
    DEFINE_PROP_UINT8("track-log-msg-max", ConnectXPFState,
                      dev.track.message_max, 20),
    DEFINE_PROP_UINT32("track-kib", ConnectXPFState, dev.track.kib_max,
                       64 * KiB),
    DEFINE_PROP_BOOL("migratable", ConnectXPFState, dev.migratable, true),
    DEFINE_PROP_BOOL("eswitch", ConnectXPFState, dev.eswitch, false),
    DEFINE_PROP_BOOL("rdma", ConnectXPFState, dev.rdma, false),
    DEFINE_PROP_BOOL("mkey-cache", ConnectXPFState, dev.mkey_cache, false),
};

static char *cx_pf_get_identity(Object *obj, Error **errp)
{
    return g_strdup(CONNECTX_PF(obj)->dev.identity->name);
}

/* The guest has seen it when the device is realized. */
static void cx_pf_set_identity(Object *obj, const char *value, Error **errp)
{
    const ConnectXIdentity *identity = cx_identity_find(value);

    if (!identity) {
        error_setg(errp, "'%s' is no card that can be shown", value);
        return;
    }
    if (DEVICE(obj)->realized) {
        error_setg(errp, "identity cannot change any more");
        return;
    }
    CONNECTX_PF(obj)->dev.identity = identity;
}

static void cx_pf_instance_init(Object *obj)
{
    ConnectXDevice *dev = &CONNECTX_PF(obj)->dev;

    dev->identity = cx_identity_default();
    dev->faults = cx_cmd_faults_new();
    dev->vhca.migration = true;
    dev->vhca.multi_load = true;
    dev->vhca.tracking = true;
}

static void cx_pf_instance_finalize(Object *obj)
{
    ConnectXDevice *dev = &CONNECTX_PF(obj)->dev;

    cx_guest_errors_uninit(&dev->guest_errors);
    cx_cmd_faults_free(dev->faults);
}

static const VMStateDescription cx_pf_vmstate = {
    .name = TYPE_CONNECTX_PF,
    .unmigratable = 1,
};

static void cx_pf_class_init(ObjectClass *class, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(class);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);
    ResettableClass *rc = RESETTABLE_CLASS(class);

    if (!cx_layout_check(object_class_get_parent(class))) {
        exit(EXIT_FAILURE);
    }
    pc->realize = cx_pf_realize;
    pc->exit = cx_pf_exit;
    pc->vendor_id = CX_VENDOR_ID;
    pc->device_id = cx_identity_default()->device_id;
    pc->subsystem_vendor_id = CX_VENDOR_ID;
    pc->subsystem_id = cx_identity_default()->device_id;
    pc->class_id = PCI_CLASS_NETWORK_ETHERNET;
    rc->phases.hold = cx_pf_reset_hold;
    dc->desc = "ConnectX physical function (model)";
    dc->vmsd = &cx_pf_vmstate;
    device_class_set_props(dc, cx_pf_properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
    object_class_property_add_str(class, "identity", cx_pf_get_identity,
                                  cx_pf_set_identity);
    object_class_property_set_description(class, "identity",
        "Card to show: connectx-6-dx, connectx-7 or bluefield-3");
    cx_pf_add_run_properties(class);
}

static const InterfaceInfo cx_pf_interfaces[] = {
    { INTERFACE_PCIE_DEVICE },
    { }
};

static const TypeInfo cx_pf_type = {
    .name = TYPE_CONNECTX_PF,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(ConnectXPFState),
    .instance_init = cx_pf_instance_init,
    .instance_finalize = cx_pf_instance_finalize,
    .class_init = cx_pf_class_init,
    .interfaces = (InterfaceInfo *)cx_pf_interfaces,
};

void cx_pf_register(void)
{
    type_register_static(&cx_pf_type);
}
