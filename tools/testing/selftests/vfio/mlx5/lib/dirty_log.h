/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO's DMA logging, and memory of which each page that the device writes to can
 * be found out: it is not as it was before.
 */
#ifndef SELFTEST_VFIO_DIRTY_LOG_H
#define SELFTEST_VFIO_DIRTY_LOG_H

#include "vfio_mig.h"

#define LOG_PAGE_BYTES	4096ULL
#define LOG_WORD_PAGES	64

/* NULL, or why a test of it is to be skipped */
const char *log_is_offered(const struct vfio_dev *dev);
/* All of these: 0 or a negative errno */
int __log_start(const struct vfio_dev *dev, __u64 page_bytes,
		struct vfio_device_feature_dma_logging_range *ranges, unsigned int nr);
int __log_start_one(const struct vfio_dev *dev, __u64 iova, __u64 bytes);
int __log_stop(const struct vfio_dev *dev);
/* Sets bits in @bitmap, a bit for @page_bytes */
int __log_report(const struct vfio_dev *dev, __u64 iova, __u64 bytes, __u64 page_bytes,
		 __u64 *bitmap);

static inline bool log_told(const __u64 *bitmap, unsigned int page)
{
	return bitmap[page / LOG_WORD_PAGES] >> page % LOG_WORD_PAGES & 1;
}

/* Memory that a device writes to; pages of it were told, ever */
struct log_area {
	__u64 iova;
	__u64 bytes;
	__u8 *mem;
	__u8 *before;
	/* A migration's destination: see log_area_copy() */
	__u8 *copy;
	__u64 *bitmap;
	__u64 *ever;
};

/* Mapped for the device's DMA */
void log_area_init(struct log_area *area, const struct vfio_dev *dev, __u64 iova, __u64 bytes);
void log_area_uninit(struct log_area *area);
/* What is written from here on is written. */
void log_area_remember(struct log_area *area);
/* The same, and nothing was told yet: for log_area_copy() */
void log_area_begin_copy(struct log_area *area);
/* Of pages of @page_bytes, from the area's beginning */
bool log_area_was_written(const struct log_area *area, unsigned int page, __u64 page_bytes);

/*
 * Asks for a report of the area and copies the pages that were told, as a migration would.
 * Returns how many those were, or a negative errno.
 */
int __log_area_copy(struct log_area *area, const struct vfio_dev *dev);
/* How many pages of the copy are not as they are in memory: these would have been lost */
unsigned int log_area_lost(const struct log_area *area);
/* How many pages were told, and were not written to */
unsigned int log_area_surplus(const struct log_area *area);

#endif /* SELFTEST_VFIO_DIRTY_LOG_H */
