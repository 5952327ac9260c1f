/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMPAT_LINUX_IOVA_BITMAP_H
#define COMPAT_LINUX_IOVA_BITMAP_H

#include_next <linux/iova_bitmap.h>

#include <linux/kconfig.h>
#include <linux/version.h>

/*
 * Can the vfio core reach a user's bitmap of dirty pages? It always could until the code
 * for it moved to iommufd, in 6.7. Without iommufd a report has ended with -EOPNOTSUPP since,
 * before any driver is asked.
 */
#define vfio_has_iova_bitmap() \
	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0) || IS_ENABLED(CONFIG_IOMMUFD_DRIVER))

#endif /* COMPAT_LINUX_IOVA_BITMAP_H */
