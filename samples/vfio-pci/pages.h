/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracker of pages that a device wrote to, for a device that never does */
#ifndef SAMPLE_PAGES_H
#define SAMPLE_PAGES_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_variant.h>

struct sample_pages {
	struct list_head devices_item;
	const char *name;

	/* Guards what follows it */
	spinlock_t lock;
	/* Addresses from 0 on that are tracked, 0 when none are */
	u64 tracked_bytes;
	/* A report has failed or the device was reset: no report until the tracker ends */
	bool broken;
	/* Runs of pages to tell of; runs to be written to by the next freeze */
	struct list_head runs;
	struct list_head late;
};

void sample_pages_init(struct sample_pages *pages, const char *name);
void sample_pages_uninit(struct sample_pages *pages);
int sample_pages_start(struct sample_pages *pages, u64 bytes);
int sample_pages_report(struct sample_pages *pages, u64 start, u64 bytes,
			vfio_pci_variant_dirty_fn dirty, void *priv);
void sample_pages_stop(struct sample_pages *pages);
void sample_pages_freeze(struct sample_pages *pages);
void sample_pages_reset(struct sample_pages *pages);

#endif /* SAMPLE_PAGES_H */
