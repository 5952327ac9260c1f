/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client of migration protocol v1, whose region QEMU up to 7.2 uses: it makes the accesses
 * that QEMU makes, in that order. As in vfio_mig.h, __x() returns 0 or a negative errno.
 */
#ifndef SELFTEST_VFIO_V1_H
#define SELFTEST_VFIO_V1_H

#include "vfio_mig.h"

#define V1_STOP		VFIO_DEVICE_STATE_V1_STOP
#define V1_RUNNING	VFIO_DEVICE_STATE_V1_RUNNING
#define V1_STOP_COPY	VFIO_DEVICE_STATE_V1_SAVING
#define V1_PRE_COPY	(VFIO_DEVICE_STATE_V1_SAVING | VFIO_DEVICE_STATE_V1_RUNNING)
#define V1_RESUMING	VFIO_DEVICE_STATE_V1_RESUMING
#define V1_ERROR	(VFIO_DEVICE_STATE_V1_SAVING | VFIO_DEVICE_STATE_V1_RESUMING)

#define V1_REGISTER(name)	offsetof(struct vfio_device_migration_info, name)

struct v1_region {
	const struct vfio_dev *dev;
	/* Of the region, in the device's file */
	__u64 base;
	__u64 bytes;
	/* The part that can be mapped, in the region, and where it is */
	__u64 window_offset;
	__u64 window_bytes;
	unsigned char *window;
};

/* Finds the region and maps its window. Returns NULL, or the reason for a skip. */
const char *open_v1(struct v1_region *v1, const struct vfio_dev *dev);
/* Harmless on one that is not open */
void v1_close(struct v1_region *v1);

/* One access, as it is */
int __v1_read(const struct v1_region *v1, __u64 offset, void *value, size_t bytes);
int __v1_write(const struct v1_region *v1, __u64 offset, const void *value, size_t bytes);

int __v1_state(const struct v1_region *v1, __u32 *state);
__u32 v1_state(const struct v1_region *v1);
int __v1_set_state(const struct v1_region *v1, __u32 state);
void v1_set_state(const struct v1_region *v1, __u32 state);
int __v1_pending(const struct v1_region *v1, __u64 *bytes);
/* data_offset, data_size, and what is in the window. @got: how much that was. */
int __v1_fetch(const struct v1_region *v1, struct vfio_image *image, __u64 *got);

/* Rounds until nothing is pending, or nothing comes: the end once the device is stopped */
int __v1_drain(const struct v1_region *v1, struct vfio_image *image);
/* From any state, over STOP_COPY to @after */
int __v1_save(const struct v1_region *v1, struct vfio_image *image, __u32 after);
/* The stream, by windows, in RESUMING */
int __v1_feed(const struct v1_region *v1, const void *data, size_t bytes);
/* From any state, over RESUMING to @after */
int __v1_load(const struct v1_region *v1, const struct vfio_image *image, __u32 after);

#endif /* SELFTEST_VFIO_V1_H */
