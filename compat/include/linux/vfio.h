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

/* Of 6.2: the size of what stop-copy will send. 6.1 hands unknown features to the driver. */
#ifndef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length;
};

#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9
#endif

#ifdef __KERNEL__

/* Members of struct vfio_migration_ops that 6.1 lacks */
#ifdef HAVE_VFIO_MIG_GET_DATA_SIZE
#define VFIO_MIGRATION_OPS_SINCE_6_2(...) __VA_ARGS__
#else
#define VFIO_MIGRATION_OPS_SINCE_6_2(...)
#endif

#endif /* __KERNEL__ */

#endif /* COMPAT_LINUX_VFIO_H */
