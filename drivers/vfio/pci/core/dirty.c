// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages a device wrote to, as its backend knows it: one tracker for a device, which
 * belongs to the front end that started it
 *
 * With the first failure of any kind, or a reset, nobody knows what was not told: each report
 * says so from then on. Or the tracker is started anew and all that it covers is told as
 * written, once: who needs reports to go on, and copies what is told after it was told, loses
 * nothing.
 */
#include <linux/pci.h>
#include <linux/slab.h>

#include "dirty.h"
#include "session.h"
#include "spans.h"

/* Parts of the ranges that are to be told as written, beyond one for each range */
#define VPV_DIRTY_SPARE_SPANS 64

struct vpv_dirty {
	enum vpv_dirty_owner owner;
	/* The backend has a tracker */
	bool started;
	/* A tracker worked since one was started anew, so that another may be worth a try */
	bool proven;
	/* 0, or what each report gives */
	int error;
	/* vfio_pci_variant_mig.resets when it was started */
	unsigned int resets;
	u64 page_bytes;
	/* What is to be told as written */
	struct vpv_spans all;
	unsigned int nr_ranges;
	struct vfio_pci_variant_range ranges[];
};

bool vpv_dirty_is_offered(const struct vfio_pci_variant_mig *mig)
{
	const struct vfio_pci_variant_mig_ops *ops = vpv_mig_ops(mig);

	return mig->variant->tracks_pages && ops->track_start && ops->track_report &&
	       ops->track_stop;
}

enum vpv_dirty_owner vpv_dirty_owner(const struct vfio_pci_variant_mig *mig)
{
	lockdep_assert_held(&mig->state_mutex);

	return mig->dirty ? mig->dirty->owner : VPV_DIRTY_NOBODY;
}

static void vpv_dirty_free(struct vpv_dirty *dirty)
{
	kvfree(dirty->all.span);
	kvfree(dirty);
}

static struct vpv_dirty *vpv_dirty_alloc(const struct vfio_pci_variant_range *ranges,
					 unsigned int nr_ranges, u64 page_bytes)
{
	struct vpv_dirty *dirty;

	dirty = kvzalloc(struct_size(dirty, ranges, nr_ranges), GFP_KERNEL_ACCOUNT);
	if (!dirty)
		return NULL;
	dirty->all.room = nr_ranges + VPV_DIRTY_SPARE_SPANS;
	dirty->all.span = kvcalloc(dirty->all.room, sizeof(*dirty->all.span), GFP_KERNEL_ACCOUNT);
	if (!dirty->all.span) {
		kvfree(dirty);
		return NULL;
	}
	dirty->page_bytes = page_bytes;
	dirty->nr_ranges = nr_ranges;
	memcpy(dirty->ranges, ranges, nr_ranges * sizeof(*ranges));
	return dirty;
}

static int vpv_dirty_begin(struct vfio_pci_variant_mig *mig, struct vpv_dirty *dirty)
{
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	dirty->resets = mig->resets;
	ret = vpv_mig_ops(mig)->track_start(mig->variant, dirty->ranges, dirty->nr_ranges,
					    dirty->page_bytes);
	dirty->started = !ret;
	dirty->error = ret;
	return ret;
}

/* -EBUSY while there is a tracker, whoever has it */
int vpv_dirty_start(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner,
		    const struct vfio_pci_variant_range *ranges, unsigned int nr_ranges,
		    u64 page_bytes)
{
	struct vpv_dirty *dirty;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	if (mig->gone)
		return -ENOTCONN;
	if (mig->dirty)
		return -EBUSY;

	dirty = vpv_dirty_alloc(ranges, nr_ranges, page_bytes);
	if (!dirty)
		return -ENOMEM;
	dirty->owner = owner;
	dirty->proven = true;
	ret = vpv_dirty_begin(mig, dirty);
	if (ret)
		vpv_dirty_free(dirty);
	else
		mig->dirty = dirty;
	return ret;
}

static int vpv_dirty_ask(struct vfio_pci_variant_mig *mig, u64 start, u64 bytes,
			 vfio_pci_variant_dirty_fn fn, void *priv)
{
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	/* Whatever the device says: it may have forgotten what it did before */
	if (mig->dirty->resets != mig->resets || vpv_mig_is_resetting(mig))
		return -EIO;
	ret = vpv_mig_ops(mig)->track_report(mig->variant, start, bytes, fn, priv);
	/* A reset may have overtaken it */
	if (!ret && vpv_mig_is_resetting(mig))
		return -EIO;
	return ret;
}

/*
 * -EINVAL for a front end that has no tracker, and for what is not tracked; any other error
 * says that it is not known what was written
 */
int vpv_dirty_report(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner, u64 start,
		     u64 bytes, vfio_pci_variant_dirty_fn fn, void *priv)
{
	struct vpv_dirty *dirty = mig->dirty;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	if (!dirty || dirty->owner != owner)
		return -EINVAL;
	if (mig->gone)
		return -ENOTCONN;
	if (dirty->error)
		return dirty->error;

	ret = vpv_dirty_ask(mig, start, bytes, fn, priv);
	if (!ret)
		dirty->proven = true;
	else if (ret != -EINVAL)
		dirty->error = ret;
	return ret;
}

/*
 * Is another tracker likely to do better? A reset is no fault of the device's. One that is
 * silent takes long to say nothing.
 */
static bool vpv_dirty_is_curable(struct vfio_pci_variant_mig *mig)
{
	const struct vpv_dirty *dirty = mig->dirty;

	if (mig->gone || !dirty->error)
		return false;
	if (dirty->resets != mig->resets || vpv_mig_is_resetting(mig))
		return true;
	return dirty->proven && dirty->error != -ETIMEDOUT;
}

static void vpv_dirty_halt(struct vfio_pci_variant_mig *mig)
{
	lockdep_assert_held(&mig->state_mutex);

	if (mig->dirty->started)
		vpv_mig_ops(mig)->track_stop(mig->variant);
	mig->dirty->started = false;
}

static int vpv_dirty_cure(struct vfio_pci_variant_mig *mig)
{
	struct vpv_dirty *dirty = mig->dirty;
	int was = dirty->error, ret;
	unsigned int i;

	lockdep_assert_held(&mig->state_mutex);

	vpv_dirty_halt(mig);
	dirty->proven = false;
	ret = vpv_dirty_begin(mig, dirty);
	if (ret)
		return ret;

	dirty->all.nr = 0;
	for (i = 0; i < dirty->nr_ranges; i++)
		vpv_spans_add(&dirty->all, dirty->ranges[i].start, dirty->ranges[i].bytes);
	dev_info_ratelimited(&mig->variant->core.pdev->dev,
			     "migration: what it wrote is not known (%pe): all its pages count as written, once\n",
			     ERR_PTR(was));
	return 0;
}

/*
 * As vpv_dirty_report(), but for one who would rather be told too much than nothing. @fn is
 * told of pages after they are tracked again.
 */
int vpv_dirty_report_or_all(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner,
			    u64 start, u64 bytes, vfio_pci_variant_dirty_fn fn, void *priv)
{
	int ret;

	ret = vpv_dirty_report(mig, owner, start, bytes, fn, priv);
	if (!ret || ret == -EINVAL)
		goto out;
	if (vpv_dirty_is_curable(mig))
		ret = vpv_dirty_cure(mig);
out:
	return ret ?: vpv_spans_take(&mig->dirty->all, start, bytes, fn, priv);
}

int vpv_dirty_stop(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner)
{
	if (vpv_dirty_owner(mig) != owner)
		return -EINVAL;
	vpv_dirty_end(mig);
	return 0;
}

/* Whoever has it, if anybody */
void vpv_dirty_end(struct vfio_pci_variant_mig *mig)
{
	lockdep_assert_held(&mig->state_mutex);

	if (!mig->dirty)
		return;
	vpv_dirty_halt(mig);
	vpv_dirty_free(mig->dirty);
	mig->dirty = NULL;
}

/* The backend is about to lose the device: who has the tracker is told by the next report */
void vpv_dirty_lose(struct vfio_pci_variant_mig *mig)
{
	lockdep_assert_held(&mig->state_mutex);

	if (!mig->dirty)
		return;
	vpv_dirty_halt(mig);
	mig->dirty->error = -ENOTCONN;
}
