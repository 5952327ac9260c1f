/* SPDX-License-Identifier: GPL-2.0-only */
/* What user space learns of regions: VFIO_DEVICE_GET_REGION_INFO */
#ifndef VFIO_PCI_VARIANT_REGION_INFO_H
#define VFIO_PCI_VARIANT_REGION_INFO_H

#include <linux/vfio.h>

int vpv_get_region_info_caps(struct vfio_device *vdev, struct vfio_region_info *info,
			     struct vfio_info_cap *caps);
long vpv_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg);

#endif /* VFIO_PCI_VARIANT_REGION_INFO_H */
