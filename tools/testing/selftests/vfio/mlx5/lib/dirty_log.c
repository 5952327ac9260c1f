// SPDX-License-Identifier: GPL-2.0-only
/* VFIO's DMA logging, and memory that devices write to */
#include <stdint.h>
#include <sys/mman.h>

#include "dirty_log.h"

const char *log_is_offered(const struct vfio_dev *dev)
{
	if (__vfio_feature(dev->fd, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
			   VFIO_DEVICE_FEATURE_DMA_LOGGING_START, NULL, 0))
		return "this kernel or this device offers no DMA logging";
	return NULL;
}

int __log_start(const struct vfio_dev *dev, __u64 page_bytes,
		struct vfio_device_feature_dma_logging_range *ranges, unsigned int nr)
{
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = page_bytes, .num_ranges = nr, .ranges = (uintptr_t)ranges,
	};

	return __vfio_feature(dev->fd, VFIO_DEVICE_FEATURE_SET |
			      VFIO_DEVICE_FEATURE_DMA_LOGGING_START, &control, sizeof(control));
}

int __log_start_one(const struct vfio_dev *dev, __u64 iova, __u64 bytes)
{
	struct vfio_device_feature_dma_logging_range range = { .iova = iova, .length = bytes };

	return __log_start(dev, LOG_PAGE_BYTES, &range, 1);
}

int __log_stop(const struct vfio_dev *dev)
{
	return __vfio_feature(dev->fd, VFIO_DEVICE_FEATURE_SET |
			      VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL, 0);
}

int __log_report(const struct vfio_dev *dev, __u64 iova, __u64 bytes, __u64 page_bytes,
		 __u64 *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova, .length = bytes, .page_size = page_bytes,
		.bitmap = (uintptr_t)bitmap,
	};

	return __vfio_feature(dev->fd, VFIO_DEVICE_FEATURE_GET |
			      VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, &report, sizeof(report));
}

static void *get_memory(__u64 bytes)
{
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	VFIO_ASSERT(mem != MAP_FAILED, "%llu bytes of memory", bytes);
	return mem;
}

static size_t bitmap_bytes(const struct log_area *area)
{
	return area->bytes / LOG_PAGE_BYTES / 8;
}

void log_area_init(struct log_area *area, const struct vfio_dev *dev, __u64 iova, __u64 bytes)
{
	area->iova = iova;
	area->bytes = bytes;
	area->mem = get_memory(bytes);
	area->before = get_memory(bytes);
	area->copy = get_memory(bytes);
	area->bitmap = get_memory(bitmap_bytes(area));
	area->ever = get_memory(bitmap_bytes(area));
	vfio_dma_map(dev, area->mem, iova, bytes);
}

void log_area_uninit(struct log_area *area)
{
	if (!area->mem)
		return;
	munmap(area->mem, area->bytes);
	munmap(area->before, area->bytes);
	munmap(area->copy, area->bytes);
	munmap(area->bitmap, bitmap_bytes(area));
	munmap(area->ever, bitmap_bytes(area));
	area->mem = NULL;
}

void log_area_remember(struct log_area *area)
{
	memcpy(area->before, area->mem, area->bytes);
}

void log_area_begin_copy(struct log_area *area)
{
	log_area_remember(area);
	memcpy(area->copy, area->before, area->bytes);
	memset(area->ever, 0, bitmap_bytes(area));
}

bool log_area_was_written(const struct log_area *area, unsigned int page, __u64 page_bytes)
{
	return memcmp(area->before + page * page_bytes, area->mem + page * page_bytes, page_bytes);
}

int __log_area_copy(struct log_area *area, const struct vfio_dev *dev)
{
	unsigned int page, told = 0;
	int ret;

	memset(area->bitmap, 0, bitmap_bytes(area));
	ret = __log_report(dev, area->iova, area->bytes, LOG_PAGE_BYTES, area->bitmap);
	if (ret)
		return ret;
	for (page = 0; page < area->bytes / LOG_PAGE_BYTES; page++) {
		if (!log_told(area->bitmap, page))
			continue;
		memcpy(area->copy + page * LOG_PAGE_BYTES, area->mem + page * LOG_PAGE_BYTES,
		       LOG_PAGE_BYTES);
		area->ever[page / LOG_WORD_PAGES] |= 1ULL << page % LOG_WORD_PAGES;
		told++;
	}
	return told;
}

unsigned int log_area_lost(const struct log_area *area)
{
	unsigned int page, lost = 0;

	for (page = 0; page < area->bytes / LOG_PAGE_BYTES; page++)
		lost += !!memcmp(area->copy + page * LOG_PAGE_BYTES,
				 area->mem + page * LOG_PAGE_BYTES, LOG_PAGE_BYTES);
	return lost;
}

unsigned int log_area_surplus(const struct log_area *area)
{
	unsigned int page, surplus = 0;

	for (page = 0; page < area->bytes / LOG_PAGE_BYTES; page++)
		surplus += log_told(area->ever, page) &&
			   !log_area_was_written(area, page, LOG_PAGE_BYTES);
	return surplus;
}
