/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device opened by its own file (/dev/vfio/devices/vfioN) and bound to an iommufd, where
 * VFIO_IOMMUFD is set: the other way to what device.c does. In struct vfio_dev the iommufd
 * is then in the place of the container, and there is no group.
 */
#ifndef SELFTEST_VFIO_IOMMUFD_H
#define SELFTEST_VFIO_IOMMUFD_H

#include "vfio_mig.h"

/* Is that how devices are to be opened? */
bool vfio_iommufd_wanted(void);

/* Fills @dev's files and address space. Returns 0 or a negative errno; the caller closes. */
int __vfio_iommufd_open(struct vfio_dev *dev);
int __vfio_iommufd_map(const struct vfio_dev *dev, void *vaddr, __u64 iova, __u64 size);

#endif /* SELFTEST_VFIO_IOMMUFD_H */
