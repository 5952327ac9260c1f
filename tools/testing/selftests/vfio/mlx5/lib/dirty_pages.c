// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages as the type1 container of a device tells them.
 */
#include <sys/ioctl.h>

#include "dirty_pages.h"

#define WORD_PAGES 64

void vfio_dirty_log(const struct vfio_dev *dev, bool on)
{
	struct vfio_iommu_type1_dirty_bitmap order = {
		.argsz = sizeof(order),
		.flags = on ? VFIO_IOMMU_DIRTY_PAGES_FLAG_START :
			      VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP,
	};

	VFIO_ASSERT(!ioctl(dev->container_fd, VFIO_IOMMU_DIRTY_PAGES, &order),
		    "%s the log of dirty pages: %s", on ? "begin" : "end", strerror(errno));
}

size_t vfio_dirty_get(const struct vfio_dev *dev, __u64 iova, __u64 bytes, __u8 *map)
{
	size_t page, told = 0, pages = bytes / DIRTY_PAGE_BYTES;
	size_t words = (pages + WORD_PAGES - 1) / WORD_PAGES;
	__u64 *bitmap = calloc(words, sizeof(*bitmap));
	struct {
		struct vfio_iommu_type1_dirty_bitmap order;
		struct vfio_iommu_type1_dirty_bitmap_get range;
	} query = {
		.order = {
			.argsz = sizeof(query),
			.flags = VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP,
		},
		.range = {
			.iova = iova,
			.size = bytes,
			.bitmap = {
				.pgsize = DIRTY_PAGE_BYTES,
				.size = words * sizeof(*bitmap),
				.data = (void *)bitmap,
			},
		},
	};

	VFIO_ASSERT(bitmap, "memory for a bitmap");
	VFIO_ASSERT(!ioctl(dev->container_fd, VFIO_IOMMU_DIRTY_PAGES, &query),
		    "dirty pages of 0x%llx: %s", iova, strerror(errno));
	for (page = 0; page < pages; page++) {
		if (!(bitmap[page / WORD_PAGES] >> page % WORD_PAGES & 1))
			continue;
		map[page] = 1;
		told++;
	}
	free(bitmap);
	return told;
}
