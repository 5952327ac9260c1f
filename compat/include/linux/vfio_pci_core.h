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

/* Since 6.19; before, the ioctl function answers VFIO_DEVICE_GET_REGION_INFO */
#ifdef HAVE_VFIO_GET_REGION_INFO_CAPS
#define VFIO_PCI_CORE_OPS_REGION_INFO .get_region_info_caps = vfio_pci_ioctl_get_region_info,
#else
#define VFIO_PCI_CORE_OPS_REGION_INFO
#endif

#endif /* COMPAT_LINUX_VFIO_PCI_CORE_H */
