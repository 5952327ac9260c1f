// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of migration protocol v1.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "v1.h"

#define INFO_BYTES	512

/* More rounds than any stream takes that comes to an end */
#define MAX_ROUNDS	100000

/* An answer to VFIO_DEVICE_GET_REGION_INFO, with the capabilities behind it */
union region_info {
	struct vfio_region_info head;
	char bytes[INFO_BYTES];
};

static const void *capability(const union region_info *info, __u16 id)
{
	const struct vfio_info_cap_header *cap;
	__u32 at;

	if (!(info->head.flags & VFIO_REGION_INFO_FLAG_CAPS))
		return NULL;
	for (at = info->head.cap_offset; at; at = cap->next) {
		cap = (const void *)(info->bytes + at);
		if (cap->id == id)
			return cap;
	}
	return NULL;
}

static bool find_region(const struct vfio_dev *dev, union region_info *info)
{
	struct vfio_device_info device = { .argsz = sizeof(device) };
	const struct vfio_region_info_cap_type *type;
	__u32 index;

	VFIO_ASSERT(!ioctl(dev->fd, VFIO_DEVICE_GET_INFO, &device), "info of %s", dev->bdf);
	for (index = VFIO_PCI_NUM_REGIONS; index < device.num_regions; index++) {
		*info = (union region_info) {
			.head = { .argsz = sizeof(*info), .index = index },
		};
		VFIO_ASSERT(!ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, info),
			    "region %u of %s", index, dev->bdf);
		type = capability(info, VFIO_REGION_INFO_CAP_TYPE);
		if (type && type->type == VFIO_REGION_TYPE_MIGRATION_DEPRECATED &&
		    type->subtype == VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED)
			return true;
	}
	return false;
}

const char *open_v1(struct v1_region *v1, const struct vfio_dev *dev)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	static char reason[128];
	union region_info info;

	*v1 = (struct v1_region) { .window = MAP_FAILED };
	if (!find_region(dev, &info)) {
		snprintf(reason, sizeof(reason), "%s has no migration region", dev->bdf);
		return reason;
	}

	sparse = capability(&info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	VFIO_ASSERT(info.head.flags & VFIO_REGION_INFO_FLAG_MMAP && sparse &&
		    sparse->nr_areas == 1, "no part of the region of %s can be mapped", dev->bdf);
	v1->dev = dev;
	v1->base = info.head.offset;
	v1->bytes = info.head.size;
	v1->window_offset = sparse->areas[0].offset;
	v1->window_bytes = sparse->areas[0].size;
	v1->window = mmap(NULL, v1->window_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
			  v1->base + v1->window_offset);
	VFIO_ASSERT(v1->window != MAP_FAILED, "mmap of the window: %s", strerror(errno));
	return NULL;
}

void v1_close(struct v1_region *v1)
{
	if (v1->window && v1->window != MAP_FAILED)
		munmap(v1->window, v1->window_bytes);
	*v1 = (struct v1_region) {};
}

int __v1_read(const struct v1_region *v1, __u64 offset, void *value, size_t bytes)
{
	ssize_t ret = pread(v1->dev->fd, value, bytes, v1->base + offset);

	if (ret < 0)
		return -errno;
	return ret == (ssize_t)bytes ? 0 : -EMSGSIZE;
}

int __v1_write(const struct v1_region *v1, __u64 offset, const void *value, size_t bytes)
{
	ssize_t ret = pwrite(v1->dev->fd, value, bytes, v1->base + offset);

	if (ret < 0)
		return -errno;
	return ret == (ssize_t)bytes ? 0 : -EMSGSIZE;
}

int __v1_state(const struct v1_region *v1, __u32 *state)
{
	return __v1_read(v1, V1_REGISTER(device_state), state, sizeof(*state));
}

__u32 v1_state(const struct v1_region *v1)
{
	__u32 state;
	int ret = __v1_state(v1, &state);

	VFIO_ASSERT(!ret, "device_state of %s: %s", v1->dev->bdf, strerror(-ret));
	return state;
}

int __v1_set_state(const struct v1_region *v1, __u32 state)
{
	return __v1_write(v1, V1_REGISTER(device_state), &state, sizeof(state));
}

void v1_set_state(const struct v1_region *v1, __u32 state)
{
	int ret = __v1_set_state(v1, state);

	VFIO_ASSERT(!ret, "device_state of %s = %u: %s", v1->dev->bdf, state, strerror(-ret));
}

int __v1_pending(const struct v1_region *v1, __u64 *bytes)
{
	return __v1_read(v1, V1_REGISTER(pending_bytes), bytes, sizeof(*bytes));
}

int __v1_fetch(const struct v1_region *v1, struct vfio_image *image, __u64 *got)
{
	__u64 offset, bytes;
	int ret;

	ret = __v1_read(v1, V1_REGISTER(data_offset), &offset, sizeof(offset));
	if (!ret)
		ret = __v1_read(v1, V1_REGISTER(data_size), &bytes, sizeof(bytes));
	if (ret)
		return ret;

	VFIO_ASSERT(offset >= v1->window_offset && bytes <= v1->window_bytes &&
		    offset - v1->window_offset <= v1->window_bytes - bytes,
		    "%llu bytes at %llu are not in the window", bytes, offset);
	vfio_image_append(image, v1->window + (offset - v1->window_offset), bytes);
	*got = bytes;
	return 0;
}

int __v1_drain(const struct v1_region *v1, struct vfio_image *image)
{
	__u64 pending, got;
	int round, ret;

	for (round = 0; round < MAX_ROUNDS; round++) {
		ret = __v1_pending(v1, &pending);
		if (ret || !pending)
			return ret;
		ret = __v1_fetch(v1, image, &got);
		if (ret || !got)
			return ret;
	}
	return -EFBIG;
}

int __v1_save(const struct v1_region *v1, struct vfio_image *image, __u32 after)
{
	int ret;

	ret = __v1_set_state(v1, V1_STOP_COPY);
	/* QEMU sets the state when the guest stops and when it completes the migration */
	if (!ret)
		ret = __v1_set_state(v1, V1_STOP_COPY);
	if (!ret)
		ret = __v1_drain(v1, image);
	return ret ?: __v1_set_state(v1, after);
}

int __v1_feed(const struct v1_region *v1, const void *data, size_t bytes)
{
	__u64 offset, part;
	size_t done;
	int ret;

	for (done = 0; done < bytes; done += part) {
		ret = __v1_read(v1, V1_REGISTER(data_offset), &offset, sizeof(offset));
		if (ret)
			return ret;
		part = v1->bytes - offset;
		if (part > bytes - done)
			part = bytes - done;
		memcpy(v1->window + (offset - v1->window_offset), data + done, part);
		ret = __v1_write(v1, V1_REGISTER(data_size), &part, sizeof(part));
		if (ret)
			return ret;
	}
	return 0;
}

int __v1_load(const struct v1_region *v1, const struct vfio_image *image, __u32 after)
{
	int ret;

	ret = __v1_set_state(v1, V1_RESUMING);
	if (!ret)
		ret = __v1_feed(v1, image->data, image->size);
	return ret ?: __v1_set_state(v1, after);
}
