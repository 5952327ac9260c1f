/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A data transfer session in its midst, as a host event finds it.
 */
#ifndef SELFTEST_VFIO_SESSION_H
#define SELFTEST_VFIO_SESSION_H

#include "vfio_mig.h"

/*
 * RUNNING or STOP -> @state, in the middle of the session that belongs to it: a
 * byte of the device's image was read (and is appended to @read_so_far, if given),
 * or half of @image was written. Returns the data file, -1 when there is none.
 */
int vfio_session_enter(const struct vfio_dev *dev, __u32 state,
		       const struct vfio_image *image,
		       struct vfio_image *read_so_far);
/* Writes the half that vfio_session_enter() left out. 0 or a negative errno */
int vfio_session_end_of_load(int fd, const struct vfio_image *image);
/* What a byte more gives: the errno, or 0 while the session lives. */
int vfio_session_errno(int fd, __u32 state);

#endif /* SELFTEST_VFIO_SESSION_H */
