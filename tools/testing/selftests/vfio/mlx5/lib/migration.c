// SPDX-License-Identifier: GPL-2.0-only
/*
 * The v2 migration protocol: device states and data files.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vfio_mig.h"

/* A stream longer than this is taken for one that never ends. */
#define MAX_IMAGE_BYTES	0x100000000ULL

#define DEFAULT_PIECE	0x100000UL

int __vfio_mig_get_state(const struct vfio_dev *dev, __u32 *state)
{
	struct vfio_device_feature_mig_state mig = { .data_fd = -2 };
	int ret;

	ret = __vfio_feature(dev->fd,
			     VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			     &mig, sizeof(mig));
	*state = mig.device_state;
	if (!ret && mig.data_fd != -1)
		return -EPROTO;
	return ret;
}

__u32 vfio_mig_state(const struct vfio_dev *dev)
{
	__u32 state;
	int ret = __vfio_mig_get_state(dev, &state);

	VFIO_ASSERT(!ret, "get state of %s: %s", dev->bdf, strerror(-ret));
	return state;
}

int __vfio_mig_set_state(const struct vfio_dev *dev, __u32 state, int *data_fd)
{
	struct vfio_device_feature_mig_state mig = {
		.device_state = state, .data_fd = -2,
	};
	int ret;

	ret = __vfio_feature(dev->fd,
			     VFIO_DEVICE_FEATURE_SET |
			     VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			     &mig, sizeof(mig));
	*data_fd = mig.data_fd;
	return ret;
}

int vfio_mig_set_state(const struct vfio_dev *dev, __u32 state)
{
	int data_fd, ret;

	ret = __vfio_mig_set_state(dev, state, &data_fd);
	VFIO_ASSERT(!ret, "%s -> %s: %s", dev->bdf, vfio_state_name(state),
		    strerror(-ret));
	VFIO_ASSERT(data_fd >= -1, "data_fd was not filled in");
	return data_fd;
}

int __vfio_mig_data_size(const struct vfio_dev *dev, __u64 *bytes)
{
	struct vfio_device_feature_mig_data_size size = {};
	int ret;

	ret = __vfio_feature(dev->fd,
			     VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
			     &size, sizeof(size));
	*bytes = size.stop_copy_length;
	return ret;
}

void vfio_image_free(struct vfio_image *image)
{
	free(image->data);
	*image = (struct vfio_image) {};
}

bool vfio_image_equal(const struct vfio_image *a, const struct vfio_image *b)
{
	return a->size == b->size && !memcmp(a->data, b->data, a->size);
}

static int image_reserve(struct vfio_image *image, size_t more)
{
	size_t want = image->size + more;
	unsigned char *data;

	if (want <= image->allocated)
		return 0;
	if (want > MAX_IMAGE_BYTES)
		return -EFBIG;
	if (want < image->allocated * 2)
		want = image->allocated * 2;
	data = realloc(image->data, want);
	if (!data)
		return -ENOMEM;
	image->data = data;
	image->allocated = want;
	return 0;
}

void vfio_image_append(struct vfio_image *image, const void *data, size_t size)
{
	VFIO_ASSERT(!image_reserve(image, size), "%zu bytes", size);
	if (data)
		memcpy(image->data + image->size, data, size);
	else
		memset(image->data + image->size, 0, size);
	image->size += size;
}

int __vfio_image_read(int fd, struct vfio_image *image, size_t piece)
{
	ssize_t got;
	int ret;

	do {
		ret = image_reserve(image, piece);
		if (ret)
			return ret;
		got = read(fd, image->data + image->size, piece);
		if (got < 0)
			return -errno;
		image->size += got;
	} while (got);
	return 0;
}

void vfio_image_read(int fd, struct vfio_image *image)
{
	int ret = __vfio_image_read(fd, image, DEFAULT_PIECE);

	VFIO_ASSERT(!ret, "read after %zu bytes: %s", image->size,
		    strerror(-ret));
}

int __vfio_precopy_info(int fd, struct vfio_precopy_info *info)
{
	info->argsz = sizeof(*info);
	return ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, info) ? -errno : 0;
}

void vfio_precopy_info(int fd, struct vfio_precopy_info *info)
{
	int ret;

	*info = (struct vfio_precopy_info) {};
	ret = __vfio_precopy_info(fd, info);
	VFIO_ASSERT(!ret, "VFIO_MIG_GET_PRECOPY_INFO: %s", strerror(-ret));
}

int __vfio_precopy_read(int fd, struct vfio_image *image)
{
	return __vfio_image_read(fd, image, DEFAULT_PIECE);
}

void vfio_precopy_read(int fd, struct vfio_image *image)
{
	int ret = __vfio_precopy_read(fd, image);

	VFIO_ASSERT(ret == -ENOMSG, "read after %zu bytes: %s", image->size,
		    ret ? strerror(-ret) : "end of the stream");
}

bool vfio_precopy_drain(int fd, struct vfio_image *image, unsigned int rounds)
{
	struct vfio_precopy_info info;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	while (rounds--) {
		vfio_precopy_info(fd, &info);
		if (!info.initial_bytes && !info.dirty_bytes)
			return true;
		/* Changes take a moment to be saved */
		poll(&pfd, 1, 1000);
		vfio_precopy_read(fd, image);
	}
	return false;
}

int __vfio_image_write(int fd, const void *data, size_t size, size_t piece)
{
	size_t done = 0;

	while (done < size) {
		size_t want = size - done < piece ? size - done : piece;
		ssize_t put = write(fd, (const char *)data + done, want);

		if (put < 0)
			return -errno;
		if (!put)
			return -EIO;
		done += put;
	}
	return 0;
}

int __vfio_image_save(const struct vfio_dev *dev, struct vfio_image *image,
		      __u32 after)
{
	int fd, ret;

	ret = __vfio_mig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	if (ret)
		return ret;
	if (fd < 0)
		return -EBADF;
	ret = __vfio_image_read(fd, image, DEFAULT_PIECE);
	close(fd);
	if (ret)
		return ret;
	return __vfio_mig_set_state(dev, after, &fd);
}

void vfio_image_save(const struct vfio_dev *dev, struct vfio_image *image,
		     __u32 after)
{
	int ret = __vfio_image_save(dev, image, after);

	VFIO_ASSERT(!ret, "save %s: %s", dev->bdf, strerror(-ret));
}

int __vfio_image_load(const struct vfio_dev *dev,
		      const struct vfio_image *image, __u32 after)
{
	int fd, ret;

	ret = __vfio_mig_set_state(dev, VFIO_DEVICE_STATE_RESUMING, &fd);
	if (ret)
		return ret;
	if (fd < 0)
		return -EBADF;
	ret = __vfio_image_write(fd, image->data, image->size, DEFAULT_PIECE);
	close(fd);
	if (ret)
		return ret;
	return __vfio_mig_set_state(dev, after, &fd);
}

void vfio_image_load(const struct vfio_dev *dev,
		     const struct vfio_image *image, __u32 after)
{
	int ret = __vfio_image_load(dev, image, after);

	VFIO_ASSERT(!ret, "load %s: %s", dev->bdf, strerror(-ret));
}

bool vfio_image_comes_back(const struct vfio_dev *dev,
			   const struct vfio_image *image)
{
	struct vfio_image again = {};
	bool equal;

	vfio_image_load(dev, image, VFIO_DEVICE_STATE_STOP);
	vfio_image_save(dev, &again, VFIO_DEVICE_STATE_RUNNING);
	equal = vfio_image_equal(image, &again);
	vfio_image_free(&again);
	return equal;
}

bool vfio_image_round_trip(const struct vfio_dev *dev,
			   const struct vfio_image *image)
{
	bool equal = vfio_image_comes_back(dev, image);

	/* So that a device that takes an image only when it is new takes the next one. */
	vfio_dev_reset(dev);
	return equal;
}

int vfio_mig_enter(const struct vfio_dev *dev, __u32 state,
		   const struct vfio_image *image)
{
	__u32 start = vfio_mig_state(dev);
	int fd, ret;

	VFIO_ASSERT(start == VFIO_DEVICE_STATE_RUNNING ||
		    start == VFIO_DEVICE_STATE_STOP,
		    "%s is in %s before the way to %s", dev->bdf,
		    vfio_state_name(start), vfio_state_name(state));
	fd = vfio_mig_set_state(dev, state);
	if (image && state == VFIO_DEVICE_STATE_RESUMING) {
		ret = __vfio_image_write(fd, image->data, image->size,
					 DEFAULT_PIECE);
		VFIO_ASSERT(!ret, "write of an image: %s", strerror(-ret));
	}
	return fd;
}
