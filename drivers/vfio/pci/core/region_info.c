// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space learns of regions: VFIO_DEVICE_GET_REGION_INFO
 *
 * It is the core's answer, but for one BAR: that with the MSI-X table of a device that can
 * migrate and does not log dirty pages. There the core says that the table can be mapped
 * (VFIO_REGION_INFO_CAP_MSIX_MAPPABLE). QEMU then maps the whole BAR and lays its own table
 * over it, and the piece behind the table, which need not begin at a page, gets an IOMMU
 * mapping. Without dirty logging by the device, QEMU asks type1 for the dirty bitmap of each
 * such mapping; type1 answers EINVAL for one that is not of whole pages, and the migration
 * fails in its setup. Without the capability QEMU maps whole pages around the table.
 *
 * With pages of more than 4 KiB, which is what devices lay their tables out for, the page of the
 * table may hold doorbells as well, and a guest that has to leave for each of them is too slow
 * to be of use, migrated or not. The answer is the core's there.
 */
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>
#include <linux/vfio_pci_variant.h>

#include "region_info.h"

/* Fills @info, but for argsz, if it is about a BAR whose answer is the library's */
static bool vpv_msix_bar_info(struct vfio_pci_variant *variant, struct vfio_region_info *info)
{
	struct vfio_pci_core_device *core = &variant->core;
	u32 bar = core->msix_bar;

	if (PAGE_SHIFT > 12 || !core->vdev.mig_ops || core->vdev.log_ops)
		return false;
	if (!core->pdev->msix_cap || info->index != bar || bar >= PCI_STD_NUM_BARS ||
	    !core->bar_mmap_supported[bar])
		return false;

	info->offset = VFIO_PCI_INDEX_TO_OFFSET(bar);
	info->size = pci_resource_len(core->pdev, bar);
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		      VFIO_REGION_INFO_FLAG_MMAP;
	return true;
}

/* Asked by kernels that have this member of struct vfio_device_ops */
int vpv_get_region_info_caps(struct vfio_device *vdev, struct vfio_region_info *info,
			     struct vfio_info_cap *caps)
{
	struct vfio_pci_variant *variant = container_of(vdev, struct vfio_pci_variant, core.vdev);

	if (vpv_msix_bar_info(variant, info))
		return 0;
	return vfio_pci_ioctl_get_region_info(vdev, info, caps);
}

/* Asked by the other kernels. Returns 0, an errno, or 1 for a region that is the core's. */
static long vpv_ioctl_get_region_info(struct vfio_pci_variant *variant,
				      struct vfio_region_info __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	if (!vpv_msix_bar_info(variant, &info))
		return 1;

	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

long vpv_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct vfio_pci_variant *variant = container_of(vdev, struct vfio_pci_variant, core.vdev);
	long ret;

	if (cmd == VFIO_DEVICE_GET_REGION_INFO) {
		ret = vpv_ioctl_get_region_info(variant, (void __user *)arg);
		if (ret <= 0)
			return ret;
	}
	return vfio_pci_core_ioctl(vdev, cmd, arg);
}
