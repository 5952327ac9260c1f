// SPDX-License-Identifier: GPL-2.0-only
/*
 * A variant of vfio-pci for integrated Intel GPUs
 *
 * A guest's driver needs more of the host than the GPU itself has: the OpRegion, to which a
 * register of the GPU points, and ids from the host bridge and the LPC bridge. They are device
 * regions, as stock vfio-pci has them (VFIO_REGION_SUBTYPE_INTEL_IGD_* in linux/vfio.h). A GPU
 * for which firmware left no sound OpRegion is assigned without any of them.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_variant.h>

#include <drm/intel/pciids.h>

#include "opregion.h"

/* The "ASL storage" register: where the OpRegion is. It does nothing but hold its value. */
#define IGD_ASLS		0xfc

#define IGD_REGION_TYPE		(VFIO_REGION_TYPE_PCI_VENDOR_TYPE | PCI_VENDOR_ID_INTEL)

struct igd_device {
	struct vfio_pci_variant variant;
	bool has_opregion;
};

static struct igd_device *to_igd(struct vfio_pci_variant *variant)
{
	return container_of(variant, struct igd_device, variant);
}

/* What a user is shown: an OpRegion, and an extended VBT if there is one */
struct igd_table {
	struct igd_opregion opregion;
	size_t bytes;
	u8 data[];
};

/* Reads what the header at @table->data says; -ENODEV with a message for one that is not sound */
static int igd_read_header(struct pci_dev *pdev, u32 asls, struct igd_table *table)
{
	const char *wrong;
	int ret;

	ret = vfio_pci_variant_read_memory(asls, table->data, IGD_OPREGION_BYTES);
	if (ret == -ENOMEM)
		return ret;

	wrong = ret ? "it is in no memory of firmware's" :
		igd_opregion_parse(table->data, asls, &table->opregion);
	if (wrong) {
		pci_warn(pdev, "OpRegion at %#x is refused: %s\n", asls, wrong);
		return -ENODEV;
	}
	return 0;
}

static int igd_read_extended_vbt(struct pci_dev *pdev, struct igd_table *table)
{
	const struct igd_opregion *opregion = &table->opregion;
	int ret;

	if (!opregion->vbt_bytes)
		return 0;

	ret = vfio_pci_variant_read_memory(opregion->vbt_phys, table->data + IGD_OPREGION_BYTES,
					   opregion->vbt_bytes);
	if (ret && ret != -ENOMEM) {
		pci_warn(pdev, "OpRegion is refused: its extended VBT at %#llx is in no memory of firmware's\n",
			 opregion->vbt_phys);
		return -ENODEV;
	}
	return ret;
}

/*
 * Copies the OpRegion to which the device points, as a user is to see it. Returns it, to be
 * freed with kvfree(), or an ERR_PTR: -ENODEV for a device without a sound one.
 */
static struct igd_table *igd_read_table(struct pci_dev *pdev)
{
	struct igd_table *table;
	u32 asls = 0;
	int ret;

	ret = pci_read_config_dword(pdev, IGD_ASLS, &asls);
	if (ret || !asls || asls == U32_MAX)
		return ERR_PTR(-ENODEV);

	table = kvzalloc(struct_size(table, data, IGD_OPREGION_BYTES + IGD_VBT_MAX_BYTES),
			 GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);

	ret = igd_read_header(pdev, asls, table);
	if (!ret)
		ret = igd_read_extended_vbt(pdev, table);
	if (ret) {
		kvfree(table);
		return ERR_PTR(ret);
	}

	table->bytes = IGD_OPREGION_BYTES + table->opregion.vbt_bytes;
	igd_opregion_present(table->data, &table->opregion);
	return table;
}

static int igd_init(struct vfio_pci_variant *variant)
{
	struct pci_dev *pdev = variant->core.pdev;
	struct igd_table *table;

	table = igd_read_table(pdev);
	if (table == ERR_PTR(-ENODEV)) {
		pci_info(pdev, "no OpRegion: assigned as by vfio-pci\n");
		return 0;
	}
	if (IS_ERR(table))
		return PTR_ERR(table);

	pci_info(pdev, "OpRegion %u.%u, extended VBT: %u bytes\n", table->opregion.version >> 8,
		 table->opregion.version & 0xff, table->opregion.vbt_bytes);
	to_igd(variant)->has_opregion = true;
	kvfree(table);
	return 0;
}

static int igd_add_opregion(struct vfio_pci_variant *variant)
{
	struct vfio_pci_variant_region *region;
	struct igd_table *table;

	table = igd_read_table(variant->core.pdev);
	if (IS_ERR(table))
		return PTR_ERR(table);

	region = vfio_pci_variant_add_table(variant, IGD_REGION_TYPE,
					    VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, table->data,
					    table->bytes);
	kvfree(table);
	return PTR_ERR_OR_ZERO(region);
}

/* Adds the config space of an Intel bridge of class @class, if there is one in that slot */
static int igd_add_bridge(struct vfio_pci_variant *variant, unsigned int devfn, u32 class,
			  u32 subtype)
{
	struct pci_dev *pdev = variant->core.pdev;
	struct vfio_pci_variant_region *region;
	struct pci_dev *bridge;

	bridge = pci_get_domain_bus_and_slot(pci_domain_nr(pdev->bus), 0, devfn);
	if (!bridge || bridge->vendor != PCI_VENDOR_ID_INTEL || bridge->class >> 8 != class) {
		pci_info(pdev, "no Intel bridge of class %04x at 00:%02x.%u, so no region for it\n",
			 class, PCI_SLOT(devfn), PCI_FUNC(devfn));
		pci_dev_put(bridge);
		return 0;
	}

	region = vfio_pci_variant_add_neighbour(variant, IGD_REGION_TYPE, subtype, bridge);
	pci_dev_put(bridge);
	return PTR_ERR_OR_ZERO(region);
}

/*
 * ASLS can be written, and keeps its value over a reset. A user must not choose where the
 * OpRegion is for the next one, so it lives in the shadow, OpRegion or not.
 */
static int igd_virtualize_asls(struct vfio_pci_variant *variant)
{
	__le32 le;
	u32 asls;
	int ret;

	ret = pci_read_config_dword(variant->core.pdev, IGD_ASLS, &asls);
	if (ret)
		return pcibios_err_to_errno(ret);

	le = cpu_to_le32(asls);
	return vfio_pci_variant_virtualize_config(variant, IGD_ASLS, &le, sizeof(le));
}

static int igd_open(struct vfio_pci_variant *variant)
{
	int ret;

	ret = igd_virtualize_asls(variant);
	if (ret || !to_igd(variant)->has_opregion)
		return ret;

	/* It was sound when the device was bound; if it is no more, it has said why */
	ret = igd_add_opregion(variant);
	if (ret)
		return ret == -ENODEV ? 0 : ret;

	ret = igd_add_bridge(variant, PCI_DEVFN(0, 0), PCI_CLASS_BRIDGE_HOST,
			     VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG);
	if (ret)
		return ret;

	return igd_add_bridge(variant, PCI_DEVFN(0x1f, 0), PCI_CLASS_BRIDGE_ISA,
			      VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG);
}

static const struct vfio_pci_variant_ops igd_ops = {
	.device_size = sizeof(struct igd_device),
	.init = igd_init,
	.open = igd_open,
};

/*
 * Firmware can make the GPU a display controller that is not VGA compatible, hence the base
 * class.
 */
#define IGD_DEVICE(id) {								\
	PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_INTEL, id),			\
	.class = PCI_BASE_CLASS_DISPLAY << 16, .class_mask = 0xff0000,			\
}

/*
 * The integrated GPUs that the kernel has ids of, from the first with an OpRegion (i915) on.
 * Discrete ones (DG1, DG2, ATS-M, PVC, BMG, CRI) have none.
 */
static const struct pci_device_id igd_ids[] = {
	INTEL_I915G_IDS(IGD_DEVICE),
	INTEL_I915GM_IDS(IGD_DEVICE),
	INTEL_I945G_IDS(IGD_DEVICE),
	INTEL_I945GM_IDS(IGD_DEVICE),
	INTEL_I965G_IDS(IGD_DEVICE),
	INTEL_G33_IDS(IGD_DEVICE),
	INTEL_I965GM_IDS(IGD_DEVICE),
	INTEL_GM45_IDS(IGD_DEVICE),
	INTEL_G45_IDS(IGD_DEVICE),
	INTEL_PNV_IDS(IGD_DEVICE),
	INTEL_ILK_IDS(IGD_DEVICE),
	INTEL_SNB_IDS(IGD_DEVICE),
	INTEL_IVB_IDS(IGD_DEVICE),
	INTEL_HSW_IDS(IGD_DEVICE),
	INTEL_VLV_IDS(IGD_DEVICE),
	INTEL_BDW_IDS(IGD_DEVICE),
	INTEL_CHV_IDS(IGD_DEVICE),
	INTEL_SKL_IDS(IGD_DEVICE),
	INTEL_BXT_IDS(IGD_DEVICE),
	INTEL_GLK_IDS(IGD_DEVICE),
	INTEL_KBL_IDS(IGD_DEVICE),
	INTEL_CFL_IDS(IGD_DEVICE),
	INTEL_WHL_IDS(IGD_DEVICE),
	INTEL_CML_IDS(IGD_DEVICE),
	INTEL_CNL_IDS(IGD_DEVICE),
	INTEL_ICL_IDS(IGD_DEVICE),
	INTEL_EHL_IDS(IGD_DEVICE),
	INTEL_JSL_IDS(IGD_DEVICE),
	INTEL_TGL_IDS(IGD_DEVICE),
	INTEL_RKL_IDS(IGD_DEVICE),
	INTEL_ADLS_IDS(IGD_DEVICE),
	INTEL_ADLP_IDS(IGD_DEVICE),
	INTEL_ADLN_IDS(IGD_DEVICE),
	INTEL_RPLS_IDS(IGD_DEVICE),
	INTEL_RPLU_IDS(IGD_DEVICE),
	INTEL_RPLP_IDS(IGD_DEVICE),
	INTEL_MTL_IDS(IGD_DEVICE),
	INTEL_ARL_IDS(IGD_DEVICE),
	INTEL_LNL_IDS(IGD_DEVICE),
	INTEL_PTL_IDS(IGD_DEVICE),
	INTEL_WCL_IDS(IGD_DEVICE),
	INTEL_NVLS_IDS(IGD_DEVICE),
	INTEL_NVLP_IDS(IGD_DEVICE),
	{}
};
MODULE_DEVICE_TABLE(pci, igd_ids);

module_vfio_pci_variant(igd_ids, igd_ops);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Variant of vfio-pci for integrated Intel GPUs");
