// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVIDIA V100 GPUs and their NVLink2 bridges on POWER9 hosts, as a variant of vfio-pci
 *
 * There the RAM of a GPU is part of the host's physical address space: a CPU reaches it
 * through the links, cached and coherent, and a user gets it as a region of the GPU. Each link
 * is a function of the NPU of its own; its region is the register with which a guest shoots
 * down translations that the GPU has cached (ATSD). What config space cannot tell the device
 * tree tells; see firmware.c.
 *
 * The regions are what user space had from Linux 5.0 to 5.12. What they do not give is address
 * translation for the GPU inside of a guest (ATS): for that the NPU must be told the guest's
 * LPID, by the OPAL call NPU_MAP_LPAR, which the kernel exports to no module. Nor does the
 * kernel since 5.13 set up the NPU's side of DMA.
 *
 * This was never run on a POWER9 host with such a GPU.
 *
 * Documentation/driver-api/vfio-pci-nvlink2.rst has the whole of it.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio_pci_variant.h>

#include "firmware.h"
#include "tce.h"

/* The same for GPU RAM and for a register */
#define NVLINK2_REGION_FLAGS	(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE | \
				 VFIO_REGION_INFO_FLAG_MMAP)

/* All but @variant is settled when the device is bound */
struct nvlink2_device {
	struct vfio_pci_variant variant;
	/* The device tree tells enough for a region */
	bool has_region;
	struct vfio_pci_variant_memory memory;
	u64 ssa_tgt;
	/* Of an NPU's function only */
	u32 link_speed;
};

static struct nvlink2_device *to_nvlink2(struct vfio_pci_variant *variant)
{
	return container_of(variant, struct nvlink2_device, variant);
}

static bool is_gpu(struct nvlink2_device *nvlink2)
{
	return nvlink2->variant.core.pdev->vendor == PCI_VENDOR_ID_NVIDIA;
}

/* Can there be a region of this memory? */
static int nvlink2_check_memory(struct nvlink2_device *nvlink2, const char *property,
				struct nvlink2_complaint *complaint)
{
	int ret = vfio_pci_variant_check_memory(&nvlink2->memory);

	if (!ret)
		return 0;

	complaint->property = property;
	complaint->problem = ret == -EBUSY ? "memory that the kernel uses" :
					     "memory that this machine cannot have";
	return ret;
}

static int nvlink2_init_gpu(struct nvlink2_device *nvlink2, struct nvlink2_complaint *complaint)
{
	struct pci_dev *pdev = nvlink2->variant.core.pdev;
	struct nvlink2_gpu gpu;
	int ret;

	ret = nvlink2_read_gpu(pdev, &gpu, complaint);
	if (ret)
		return ret;

	nvlink2->ssa_tgt = gpu.ssa_tgt;
	nvlink2->memory = (struct vfio_pci_variant_memory){
		.phys = gpu.ram,
		.bytes = gpu.ram_bytes,
		.cache = VFIO_PCI_VARIANT_CACHED,
		.flags = NVLINK2_REGION_FLAGS,
		.mapping_ops = nvlink2_tce_ops(),
	};
	ret = nvlink2_check_memory(nvlink2, "reg", complaint);
	if (ret)
		return ret;

	pci_info(pdev, "GPU RAM: %llu KiB at %#llx, SSA target %#llx\n", gpu.ram_bytes >> 10,
		 gpu.ram, gpu.ssa_tgt);
	return 0;
}

static int nvlink2_init_npu(struct nvlink2_device *nvlink2, struct nvlink2_complaint *complaint)
{
	struct pci_dev *pdev = nvlink2->variant.core.pdev;
	struct nvlink2_npu npu;
	int ret;

	ret = nvlink2_read_npu(pdev, &npu, complaint);
	if (ret)
		return ret;

	nvlink2->ssa_tgt = npu.ssa_tgt;
	nvlink2->link_speed = npu.link_speed;
	if (npu.atsd) {
		nvlink2->memory = (struct vfio_pci_variant_memory){
			.phys = npu.atsd,
			.bytes = NVLINK2_ATSD_BYTES,
			.cache = VFIO_PCI_VARIANT_REGISTERS,
			.flags = NVLINK2_REGION_FLAGS,
		};
	}
	ret = nvlink2_check_memory(nvlink2, "ibm,mmio-atsd", complaint);
	if (ret)
		return ret;

	if (npu.atsd)
		pci_info(pdev, "link %u: ATSD register at %#llx%s, speed %u, SSA target %#llx\n",
			 npu.link_index, npu.atsd, npu.atsd_shared ? " (shared)" : "",
			 npu.link_speed, npu.ssa_tgt);
	else
		pci_info(pdev, "link %u: no ATSD register, ibm,mmio-atsd is missing; speed %u, SSA target %#llx\n",
			 npu.link_index, npu.link_speed, npu.ssa_tgt);
	return 0;
}

/* Whatever the device tree lacks, the device can be assigned as a plain PCI device */
static int nvlink2_init(struct vfio_pci_variant *variant)
{
	struct nvlink2_device *nvlink2 = to_nvlink2(variant);
	struct nvlink2_complaint complaint = {};
	int ret;

	ret = is_gpu(nvlink2) ? nvlink2_init_gpu(nvlink2, &complaint) :
				nvlink2_init_npu(nvlink2, &complaint);
	nvlink2->has_region = !ret;
	if (ret)
		pci_info(variant->core.pdev, "no %s, plain vfio: device tree property %s: %s\n",
			 is_gpu(nvlink2) ? "GPU RAM" : "ATSD register",
			 complaint.property, complaint.problem);
	return 0;
}

static int nvlink2_add_ssatgt(struct nvlink2_device *nvlink2,
			      struct vfio_pci_variant_region *region)
{
	const struct vfio_region_info_cap_nvlink2_ssatgt cap = {
		.header.id = VFIO_REGION_INFO_CAP_NVLINK2_SSATGT,
		.header.version = 1,
		.tgt = nvlink2->ssa_tgt,
	};

	return vfio_pci_variant_add_capability(region, &cap.header, sizeof(cap));
}

static int nvlink2_add_lnkspd(struct nvlink2_device *nvlink2,
			      struct vfio_pci_variant_region *region)
{
	const struct vfio_region_info_cap_nvlink2_lnkspd cap = {
		.header.id = VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD,
		.header.version = 1,
		.link_speed = nvlink2->link_speed,
	};

	return vfio_pci_variant_add_capability(region, &cap.header, sizeof(cap));
}

static int nvlink2_open(struct vfio_pci_variant *variant)
{
	struct nvlink2_device *nvlink2 = to_nvlink2(variant);
	u32 type = VFIO_REGION_TYPE_PCI_VENDOR_TYPE | variant->core.pdev->vendor;
	u32 subtype = is_gpu(nvlink2) ? VFIO_REGION_SUBTYPE_NVIDIA_NVLINK2_RAM :
					VFIO_REGION_SUBTYPE_IBM_NVLINK2_ATSD;
	struct vfio_pci_variant_region *region;
	int ret;

	if (!nvlink2->has_region)
		return 0;

	region = vfio_pci_variant_add_memory(variant, type, subtype, &nvlink2->memory);
	if (IS_ERR(region))
		return PTR_ERR(region);

	ret = nvlink2_add_ssatgt(nvlink2, region);
	if (ret || is_gpu(nvlink2))
		return ret;
	return nvlink2_add_lnkspd(nvlink2, region);
}

static const struct vfio_pci_variant_ops nvlink2_ops = {
	.device_size = sizeof(struct nvlink2_device),
	.init = nvlink2_init,
	.open = nvlink2_open,
};

/*
 * The boards with NVLink connectors (SXM2), by their names in pci.ids; the PCIe boards with the
 * same chip (1db4, 1db6) have no link to the CPU and need nothing but vfio-pci.
 */
static const struct pci_device_id nvlink2_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x1db0) }, /* GV100 SXM2 16GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x1db1) }, /* V100 SXM2 16GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x1db5) }, /* V100 SXM2 32GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x1df5) }, /* V100 SXM2 16GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_IBM, 0x04ea) },    /* POWER9 NPU */
	{}
};
MODULE_DEVICE_TABLE(pci, nvlink2_ids);

static struct vfio_pci_variant_driver nvlink2_driver = {
	.pci_driver = {
		.name = KBUILD_MODNAME,
		.id_table = nvlink2_ids,
	},
	.ops = &nvlink2_ops,
};

/* By hand rather than by module_vfio_pci_variant(), for what tce.c needs */
static int __init nvlink2_module_init(void)
{
	int ret;

	ret = nvlink2_tce_init();
	if (ret)
		return ret;

	ret = vfio_pci_variant_register_driver(&nvlink2_driver);
	if (ret)
		nvlink2_tce_exit();
	return ret;
}
module_init(nvlink2_module_init);

static void __exit nvlink2_module_exit(void)
{
	vfio_pci_variant_unregister_driver(&nvlink2_driver);
	nvlink2_tce_exit();
}
module_exit(nvlink2_module_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("NVLink2 of V100 GPUs on POWER9 as a variant of vfio-pci");
