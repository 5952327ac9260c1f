/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in for the integrated GPU of an Intel processor (HD Graphics 530)
 *
 * For drivers that hand a GPU's OpRegion on: the fw_cfg file etc/igd-opregion
 * carries it, SeaBIOS copies it to reserved memory and writes where to ASLS.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/range.h"
#include "igd_opregion.h"
#include "standin.h"

#define TYPE_IGD_STANDIN        "igd-standin"
OBJECT_DECLARE_SIMPLE_TYPE(IgdStandin, IGD_STANDIN)

/* Skylake desktop, GT2: in i915's list of ids */
#define IGD_DEVICE_ID           0x1912
#define IGD_SUBSYSTEM_ID        0x2212

#define IGD_EXP_CAP             0x70
#define IGD_MSI_CAP             0xac
#define IGD_ASLS                0xfc

#define IGD_FW_CFG_FILE         "etc/igd-opregion"

struct IgdStandin {
    PCIDevice parent_obj;

    MemoryRegion gttmm;
    MemoryRegion aperture;
    MemoryRegion io;
    uint64_t aperture_size;

    bool opregion;
    char *opregion_version;
    IgdOpRegion spec;
};

static uint64_t igd_io_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void igd_io_write(void *opaque, hwaddr addr, uint64_t val,
                         unsigned size)
{
    qemu_log_mask(LOG_UNIMP, "igd-standin: write of 0x%" PRIx64 " to port %"
                  HWADDR_PRIu "\n", val, addr);
}

static const MemoryRegionOps igd_io_ops = {
    .read = igd_io_read,
    .write = igd_io_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/*
 * An absolute RVDA is known once ASLS is. Only an OpRegion in RAM is touched,
 * told by its signature: the address is the guest's to choose.
 */
static void igd_place_vbt(IgdStandin *s)
{
    uint32_t asls = pci_get_long(PCI_DEVICE(s)->config + IGD_ASLS);
    MemoryRegionSection there;
    uint8_t *ram;

    if (!s->opregion || !igd_opregion_vbt_is_extended(&s->spec) ||
        !igd_opregion_rvda_is_address(&s->spec)) {
        return;
    }
    there = memory_region_find(get_system_memory(), asls, IGD_OPREGION_BYTES);
    if (!there.mr) {
        return;
    }
    if (memory_region_is_ram(there.mr) && !memory_region_is_rom(there.mr) &&
        !there.readonly && int128_get64(there.size) == IGD_OPREGION_BYTES &&
        there.offset_within_address_space == asls) {
        ram = (uint8_t *)memory_region_get_ram_ptr(there.mr) +
              there.offset_within_region;
        if (!memcmp(ram, IGD_OPREGION_SIGNATURE,
                    sizeof(IGD_OPREGION_SIGNATURE) - 1)) {
            stq_le_p(ram + IGD_OPREGION_RVDA,
                     (uint64_t)asls + s->spec.vbt_offset);
            memory_region_set_dirty(there.mr, there.offset_within_region +
                                    IGD_OPREGION_RVDA, sizeof(uint64_t));
        }
    }
    memory_region_unref(there.mr);
}

static void igd_write_config(PCIDevice *pci, uint32_t addr, uint32_t val,
                             int len)
{
    standin_write_config(pci, addr, val, len);
    if (ranges_overlap(addr, len, IGD_ASLS, sizeof(uint32_t))) {
        igd_place_vbt(IGD_STANDIN(pci));
    }
}

static bool igd_add_opregion(IgdStandin *s, Error **errp)
{
    static bool placed;
    FWCfgState *fw_cfg = fw_cfg_find();
    uint8_t *blob;
    size_t bytes;

    if (!s->opregion) {
        return true;
    }
    if (!fw_cfg) {
        error_setg(errp, "igd-standin: this machine has no fw_cfg, so "
                   "opregion must be off");
        return false;
    }
    /* fw_cfg ends QEMU over a second file of the same name. */
    if (placed) {
        error_setg(errp, "igd-standin: only one can have an OpRegion, give "
                   "the others opregion=off");
        return false;
    }
    if (!igd_opregion_parse_version(s->opregion_version, &s->spec.version)) {
        error_setg(errp, "igd-standin: opregion-version is not like '2.0'");
        return false;
    }
    blob = igd_opregion_build(&s->spec, &bytes, errp);
    if (!blob) {
        error_prepend(errp, "igd-standin: ");
        return false;
    }
    /* The file is fw_cfg's from here on, for as long as QEMU runs. */
    fw_cfg_add_file(fw_cfg, IGD_FW_CFG_FILE, blob, bytes);
    placed = true;
    return true;
}

static bool igd_add_bars(IgdStandin *s, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(s);

    if (!standin_add_bar(pci, 0, PCI_BASE_ADDRESS_MEM_TYPE_64, &s->gttmm,
                         16 * MiB, errp) ||
        !standin_add_bar(pci, 2, PCI_BASE_ADDRESS_MEM_TYPE_64 |
                                 PCI_BASE_ADDRESS_MEM_PREFETCH, &s->aperture,
                         s->aperture_size, errp)) {
        return false;
    }
    memory_region_init_io(&s->io, OBJECT(s), &igd_io_ops, s,
                          TYPE_IGD_STANDIN "-bar4", 64);
    pci_register_bar(pci, 4, PCI_BASE_ADDRESS_SPACE_IO, &s->io);
    return true;
}

static void igd_realize(PCIDevice *pci, Error **errp)
{
    IgdStandin *s = IGD_STANDIN(pci);

    pci_config_set_interrupt_pin(pci->config, 1);
    pci_set_long(pci->wmask + IGD_ASLS, 0xffffffff);
    if (!igd_add_bars(s, errp) || !standin_init(pci, IGD_EXP_CAP, errp)) {
        return;
    }
    pci->config_write = igd_write_config;
    if (msi_init(pci, IGD_MSI_CAP, 1, false, false, errp)) {
        standin_exit(pci);
        return;
    }
    if (!igd_add_opregion(s, errp)) {
        msi_uninit(pci);
        standin_exit(pci);
    }
}

static void igd_exit(PCIDevice *pci)
{
    msi_uninit(pci);
    standin_exit(pci);
}

static const Property igd_properties[] = {
    DEFINE_PROP_SIZE("aperture-size", IgdStandin, aperture_size, 256 * MiB),
    DEFINE_PROP_BOOL("opregion", IgdStandin, opregion, true),
    DEFINE_PROP_STRING("opregion-version", IgdStandin, opregion_version),
    DEFINE_PROP_UINT32("vbt-bytes", IgdStandin, spec.vbt_bytes, 4 * KiB),
    DEFINE_PROP_UINT32("vbt-offset", IgdStandin, spec.vbt_offset,
                       IGD_OPREGION_BYTES),
};

static const VMStateDescription igd_vmstate = {
    .name = TYPE_IGD_STANDIN,
    .unmigratable = 1,
};

static void igd_instance_init(Object *obj)
{
    IGD_STANDIN(obj)->opregion_version = g_strdup("2.1");
}

static void igd_class_init(ObjectClass *class, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(class);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);

    pc->realize = igd_realize;
    pc->exit = igd_exit;
    pc->vendor_id = PCI_VENDOR_ID_INTEL;
    pc->device_id = IGD_DEVICE_ID;
    pc->subsystem_vendor_id = PCI_VENDOR_ID_INTEL;
    pc->subsystem_id = IGD_SUBSYSTEM_ID;
    pc->revision = 6;
    pc->class_id = PCI_CLASS_DISPLAY_VGA;
    dc->desc = "Intel HD Graphics 530 (stand-in)";
    dc->vmsd = &igd_vmstate;
    /* Firmware places the OpRegion once. */
    dc->hotpluggable = false;
    device_class_set_props(dc, igd_properties);
    set_bit(DEVICE_CATEGORY_DISPLAY, dc->categories);
}

static const InterfaceInfo igd_interfaces[] = {
    { INTERFACE_PCIE_DEVICE },
    { }
};

static const TypeInfo igd_type = {
    .name = TYPE_IGD_STANDIN,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(IgdStandin),
    .instance_init = igd_instance_init,
    .class_init = igd_class_init,
    .interfaces = (InterfaceInfo *)igd_interfaces,
};

static void igd_register(void)
{
    type_register_static(&igd_type);
}

type_init(igd_register)
