// SPDX-License-Identifier: GPL-2.0-only
/*
 * A data transfer session in its midst, and one that is over.
 */
#include <unistd.h>

#include "session.h"

#define PIECE_BYTES	0x100000UL

int vfio_session_enter(const struct vfio_dev *dev, __u32 state,
		       const struct vfio_image *image, struct vfio_image *read_so_far)
{
	int fd = vfio_mig_enter(dev, state, NULL);
	unsigned char byte;

	if (state == VFIO_DEVICE_STATE_RESUMING) {
		VFIO_ASSERT(!__vfio_image_write(fd, image->data, image->size / 2,
						PIECE_BYTES), "half an image");
	} else if (fd >= 0) {
		VFIO_ASSERT(read(fd, &byte, 1) == 1, "first byte");
		if (read_so_far)
			vfio_image_append(read_so_far, &byte, 1);
	}
	return fd;
}

int vfio_session_end_of_load(int fd, const struct vfio_image *image)
{
	size_t half = image->size / 2;

	return __vfio_image_write(fd, image->data + half, image->size - half,
				  PIECE_BYTES);
}

int vfio_session_errno(int fd, __u32 state)
{
	char byte = 0;
	ssize_t ret;

	ret = state == VFIO_DEVICE_STATE_RESUMING ? write(fd, &byte, 1) :
						    read(fd, &byte, 1);
	return ret < 0 ? errno : 0;
}
