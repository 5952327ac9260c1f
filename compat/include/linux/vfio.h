/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMPAT_LINUX_VFIO_H
#define COMPAT_LINUX_VFIO_H

#include_next <linux/vfio.h>

/* Of 6.2: pre-copy. 6.1 hands any state number to the driver, so the states work there too. */
#ifndef VFIO_MIGRATION_PRE_COPY
#define VFIO_MIGRATION_PRE_COPY		4
#define VFIO_DEVICE_STATE_PRE_COPY	6
#define VFIO_DEVICE_STATE_PRE_COPY_P2P	7
#define VFIO_DEVICE_STATE_NR		8
#endif

/* Of 6.2 as well. The file that it is for is the driver's, on any kernel. */
#ifndef VFIO_MIG_GET_PRECOPY_INFO
struct vfio_precopy_info {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 initial_bytes;
	__aligned_u64 dirty_bytes;
};

#define VFIO_MIG_GET_PRECOPY_INFO	_IO(VFIO_TYPE, VFIO_BASE + 21)
#endif

/*
 * Known to 7.3: its flags, and the feature that switches them on, MIG_PRECOPY_INFOv2 there. Older
 * kernels hand that to the driver.
 */
#ifndef VFIO_PRECOPY_INFO_REINIT
#define VFIO_PRECOPY_INFO_REINIT	1
#endif
#define VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFO_V2 12

/* Of 6.2: the size of what stop-copy will send. 6.1 hands unknown features to the driver. */
#ifndef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length;
};

#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9
#endif

#ifdef __KERNEL__

/* Has the user switched flags of struct vfio_precopy_info on, as far as the kernel notes it? */
static inline bool vfio_device_has_precopy_info_v2(const struct vfio_device *vdev)
{
#ifdef HAVE_VFIO_PRECOPY_INFO_V2
	return vdev->precopy_info_v2;
#else
	return false;
#endif
}

/* Is the device opened by way of iommufd? Only kernels with iommufd have more than a stub. */
static inline bool vfio_device_has_iommufd(struct vfio_device *vdev)
{
#ifdef HAVE_VFIO_IOMMUFD_ICTX
	return vfio_iommufd_device_ictx(vdev);
#else
	return false;
#endif
}

/* Members of struct vfio_migration_ops that 6.1 lacks */
#ifdef HAVE_VFIO_MIG_GET_DATA_SIZE
#define VFIO_MIGRATION_OPS_SINCE_6_2(...) __VA_ARGS__
#else
#define VFIO_MIGRATION_OPS_SINCE_6_2(...)
#endif

#endif /* __KERNEL__ */

#endif /* COMPAT_LINUX_VFIO_H */
