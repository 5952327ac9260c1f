// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE, which all else of a device is asked and told by.
 */
#include <sys/ioctl.h>

#include "vfio_mig.h"

int __vfio_feature(int device_fd, __u32 flags, void *data, size_t size)
{
	struct vfio_device_feature *feature;
	size_t argsz = sizeof(*feature) + size;
	int ret = 0;

	feature = calloc(1, argsz);
	if (!feature)
		return -ENOMEM;
	feature->argsz = argsz;
	feature->flags = flags;
	if (size)
		memcpy(feature->data, data, size);
	if (ioctl(device_fd, VFIO_DEVICE_FEATURE, feature))
		ret = -errno;
	if (size)
		memcpy(data, feature->data, size);
	free(feature);
	return ret;
}

int __vfio_mig_flags(int device_fd, __u64 *flags)
{
	struct vfio_device_feature_migration mig = {};
	int ret;

	ret = __vfio_feature(device_fd,
			     VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_MIGRATION, &mig, sizeof(mig));
	*flags = mig.flags;
	return ret;
}
