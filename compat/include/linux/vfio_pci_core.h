/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMPAT_LINUX_VFIO_PCI_CORE_H
#define COMPAT_LINUX_VFIO_PCI_CORE_H

#include_next <linux/vfio_pci_core.h>

/* The members of struct vfio_device_ops for a PCI device that not every kernel has, since 6.2 */
#ifdef HAVE_VFIO_IOMMUFD
#define VFIO_PCI_CORE_OPS_IOMMUFD				\
	.bind_iommufd = vfio_iommufd_physical_bind,		\
	.unbind_iommufd = vfio_iommufd_physical_unbind,		\
	.attach_ioas = vfio_iommufd_physical_attach_ioas,	\
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
#else
#define VFIO_PCI_CORE_OPS_IOMMUFD
#endif

/* Since 6.15 */
#ifdef HAVE_VFIO_IOMMUFD_PASID
#define VFIO_PCI_CORE_OPS_PASID					\
	.pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas,	\
	.pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,
#else
#define VFIO_PCI_CORE_OPS_PASID
#endif

/* Since 6.18 */
#ifdef HAVE_VFIO_MATCH_TOKEN_UUID
#define VFIO_PCI_CORE_OPS_TOKEN .match_token_uuid = vfio_pci_core_match_token_uuid,
#else
#define VFIO_PCI_CORE_OPS_TOKEN
#endif

/* Since 6.19; before, VFIO_DEVICE_GET_REGION_INFO comes to the ioctl function */
#ifdef HAVE_VFIO_GET_REGION_INFO_CAPS
#define VFIO_DEVICE_OPS_SINCE_6_19(...) __VA_ARGS__
#else
#define VFIO_DEVICE_OPS_SINCE_6_19(...)
static inline int vfio_pci_ioctl_get_region_info(struct vfio_device *vdev,
						 struct vfio_region_info *info,
						 struct vfio_info_cap *caps)
{
	return -ENOTTY;
}
#endif

/*
 * The options that vfio-pci has are members of the device since 7.2. Before, they are the core's,
 * for all devices, and stay as vfio_pci_core_set_params() was told last.
 */
#ifdef HAVE_VFIO_PCI_CORE_DEVICE_OPTIONS
static inline void vfio_pci_core_set_params(bool nointxmask, bool disable_vga,
					    bool disable_idle_d3)
{
}

static inline void vfio_pci_core_device_set_params(struct vfio_pci_core_device *core,
						   bool nointxmask, bool disable_vga,
						   bool disable_idle_d3)
{
	core->nointxmask = nointxmask;
	core->disable_vga = disable_vga;
	core->disable_idle_d3 = disable_idle_d3;
}
#else
static inline void vfio_pci_core_device_set_params(struct vfio_pci_core_device *core,
						   bool nointxmask, bool disable_vga,
						   bool disable_idle_d3)
{
}
#endif

/*
 * In a vfio_pci_core_device's pci_config_map, which has a byte for each byte of config space:
 * in no capability, accessed as the device has it; and: lives in vconfig alone. The kernel has
 * these numbers in the private drivers/vfio/pci/vfio_pci_priv.h, the same in 6.1, 6.12 and 7.3.
 */
#define PCI_CAP_ID_INVALID	0xff
#define PCI_CAP_ID_INVALID_VIRT	0xfe

#endif /* COMPAT_LINUX_VFIO_PCI_CORE_H */
