// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tracker of pages that a device wrote to, for a device that never does: what would be a
 * device's business is a test's, by options of the module.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "pages.h"

enum sample_track_fails {
	SAMPLE_TRACK_WORKS,
	SAMPLE_TRACK_NO_START,
	/* A device that has run out of what it remembers pages in */
	SAMPLE_TRACK_NO_REPORT,
};

static unsigned int track_fails;
module_param(track_fails, uint, 0644);
MODULE_PARM_DESC(track_fails, "For tests, what fails of a tracker of pages: 0 nothing, 1 its start, 2 reports");

static unsigned int track_max_gib;
module_param(track_max_gib, uint, 0644);
MODULE_PARM_DESC(track_max_gib, "For tests, more than that cannot be tracked; 0 for no limit");

static unsigned int nr_trackers;
module_param(nr_trackers, uint, 0444);
MODULE_PARM_DESC(nr_trackers, "Trackers of pages that are there");

static unsigned int nr_started;
module_param(nr_started, uint, 0444);
MODULE_PARM_DESC(nr_started, "Trackers of pages that there ever were");

static unsigned int tracked_gib;
module_param(tracked_gib, uint, 0444);
MODULE_PARM_DESC(tracked_gib, "What the latest one of them tracks");

/* Guards the list, and the numbers above */
static DEFINE_SPINLOCK(sample_pages_lock);
static LIST_HEAD(sample_pages_devices);

struct sample_page_run {
	struct list_head item;
	u64 start, bytes;
};

static void sample_pages_drop(struct list_head *runs)
{
	struct sample_page_run *run, *next;

	list_for_each_entry_safe(run, next, runs, item) {
		list_del(&run->item);
		kfree(run);
	}
}

static void sample_pages_add(struct sample_pages *pages, struct sample_page_run *run, bool late)
{
	spin_lock(&pages->lock);
	list_add_tail(&run->item, late ? &pages->late : &pages->runs);
	spin_unlock(&pages->lock);
}

/* "DEVICE ADDRESS PAGES": as if the device had written there, or will when it is frozen next */
static int sample_pages_wrote(const char *value, bool late)
{
	struct sample_page_run *run;
	struct sample_pages *pages;
	char name[32];
	u64 nr_pages;
	int ret = -ENODEV;

	run = kzalloc(sizeof(*run), GFP_KERNEL);
	if (!run)
		return -ENOMEM;
	if (sscanf(value, "%31s %lli %lli", name, &run->start, &nr_pages) != 3) {
		kfree(run);
		return -EINVAL;
	}
	run->bytes = nr_pages * PAGE_SIZE;

	spin_lock(&sample_pages_lock);
	list_for_each_entry(pages, &sample_pages_devices, devices_item) {
		if (strcmp(pages->name, name))
			continue;
		sample_pages_add(pages, run, late);
		ret = 0;
		break;
	}
	spin_unlock(&sample_pages_lock);
	if (ret)
		kfree(run);
	return ret;
}

static int sample_pages_set_wrote(const char *value, const struct kernel_param *kp)
{
	return sample_pages_wrote(value, false);
}

static int sample_pages_set_late(const char *value, const struct kernel_param *kp)
{
	return sample_pages_wrote(value, true);
}

static const struct kernel_param_ops sample_pages_wrote_ops = { .set = sample_pages_set_wrote };
static const struct kernel_param_ops sample_pages_late_ops = { .set = sample_pages_set_late };
module_param_cb(wrote, &sample_pages_wrote_ops, NULL, 0200);
MODULE_PARM_DESC(wrote, "For tests, \"DEVICE ADDRESS PAGES\" that the device is to have written to");
module_param_cb(writes_late, &sample_pages_late_ops, NULL, 0200);
MODULE_PARM_DESC(writes_late, "The same, for its last writes while it is being frozen");

void sample_pages_init(struct sample_pages *pages, const char *name)
{
	pages->name = name;
	spin_lock_init(&pages->lock);
	INIT_LIST_HEAD(&pages->runs);
	INIT_LIST_HEAD(&pages->late);
	spin_lock(&sample_pages_lock);
	list_add(&pages->devices_item, &sample_pages_devices);
	spin_unlock(&sample_pages_lock);
}

void sample_pages_uninit(struct sample_pages *pages)
{
	spin_lock(&sample_pages_lock);
	list_del(&pages->devices_item);
	spin_unlock(&sample_pages_lock);
	sample_pages_drop(&pages->runs);
	sample_pages_drop(&pages->late);
}

/* What was written before nobody tracked */
int sample_pages_start(struct sample_pages *pages, u64 bytes)
{
	if (track_fails == SAMPLE_TRACK_NO_START)
		return -EOPNOTSUPP;
	if (track_max_gib && bytes > (u64)track_max_gib << 30)
		return -E2BIG;

	spin_lock(&pages->lock);
	sample_pages_drop(&pages->runs);
	pages->tracked_bytes = bytes;
	pages->broken = false;
	spin_unlock(&pages->lock);

	spin_lock(&sample_pages_lock);
	nr_trackers++;
	nr_started++;
	tracked_gib = bytes >> 30;
	spin_unlock(&sample_pages_lock);
	return 0;
}

/*
 * What is written meanwhile is for the next report. Of a run that is only in part within what
 * is tracked the rest is not known.
 */
int sample_pages_report(struct sample_pages *pages, u64 start, u64 bytes,
			vfio_pci_variant_dirty_fn dirty, void *priv)
{
	struct sample_page_run *run;
	LIST_HEAD(runs);
	int ret;

	spin_lock(&pages->lock);
	list_splice_init(&pages->runs, &runs);
	ret = pages->broken || track_fails == SAMPLE_TRACK_NO_REPORT ? -EIO : 0;
	spin_unlock(&pages->lock);

	list_for_each_entry(run, &runs, item)
		if (!ret && run->start < pages->tracked_bytes)
			ret = dirty(priv, run->start,
				    min(run->bytes, pages->tracked_bytes - run->start));
	sample_pages_drop(&runs);
	if (ret)
		pages->broken = true;
	return ret;
}

void sample_pages_stop(struct sample_pages *pages)
{
	spin_lock(&pages->lock);
	pages->tracked_bytes = 0;
	spin_unlock(&pages->lock);

	spin_lock(&sample_pages_lock);
	nr_trackers--;
	spin_unlock(&sample_pages_lock);
}

/* The device ends what it was about to write */
void sample_pages_freeze(struct sample_pages *pages)
{
	spin_lock(&pages->lock);
	list_splice_tail_init(&pages->late, &pages->runs);
	spin_unlock(&pages->lock);
}

/* The device has forgotten all of it */
void sample_pages_reset(struct sample_pages *pages)
{
	spin_lock(&pages->lock);
	sample_pages_drop(&pages->runs);
	pages->broken = true;
	spin_unlock(&pages->lock);
}
