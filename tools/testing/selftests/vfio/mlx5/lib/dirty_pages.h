/* SPDX-License-Identifier: GPL-2.0-only */
/* Dirty pages as the type1 container of a device tells them. */
#ifndef SELFTEST_VFIO_DIRTY_PAGES_H
#define SELFTEST_VFIO_DIRTY_PAGES_H

#include "vfio_mig.h"

#define DIRTY_PAGE_BYTES 4096ULL

/* Begins or ends the container's log. */
void vfio_dirty_log(const struct vfio_dev *dev, bool on);

/*
 * Asks for the pages of @bytes from @iova on and adds them to @map, a byte for each. What is
 * told is forgotten by the container. Returns how many it told. Mappings lie within what is
 * asked for, or outside of it.
 */
size_t vfio_dirty_get(const struct vfio_dev *dev, __u64 iova, __u64 bytes, __u8 *map);

#endif /* SELFTEST_VFIO_DIRTY_PAGES_H */
