// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front end of VFIO's DMA logging over the tracker: VFIO_DEVICE_FEATURE_DMA_LOGGING_*.
 *
 * The vfio core checks what the user asks for and reaches the user's bitmap, in pieces
 * whose pages it has pinned before it calls us.
 */
#include <linux/interval_tree.h>
#include <linux/iova_bitmap.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "dirty.h"
#include "log.h"
#include "session.h"

static struct vfio_pci_variant_mig *vpv_log_mig(struct vfio_device *vdev)
{
	return container_of(vdev, struct vfio_pci_variant, core.vdev)->mig;
}

static void vpv_log_put_ranges(struct rb_root_cached *tree, struct vfio_pci_variant_range *ranges,
			       u64 page_bytes)
{
	struct interval_tree_node *node;
	u64 end;

	for (node = interval_tree_iter_first(tree, 0, ULONG_MAX); node;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		ranges->start = ALIGN_DOWN((u64)node->start, page_bytes);
		/* Without the last page that there can be, which no user maps */
		end = min_t(u64, node->last, U64_MAX - 2 * page_bytes + 1);
		ranges->bytes = ALIGN(end + 1, page_bytes) - ranges->start;
		ranges++;
	}
}

static int vpv_log_start_ranges(struct vfio_pci_variant_mig *mig, struct rb_root_cached *tree,
				u32 nr_ranges, u64 page_bytes)
{
	struct vfio_pci_variant_range *ranges;
	int ret;

	ranges = kvcalloc(nr_ranges, sizeof(*ranges), GFP_KERNEL_ACCOUNT);
	if (!ranges)
		return -ENOMEM;
	vpv_log_put_ranges(tree, ranges, page_bytes);

	ret = vpv_mig_lock_killable(mig);
	if (!ret) {
		ret = vpv_dirty_start(mig, VPV_DIRTY_LOG, ranges, nr_ranges, page_bytes);
		vpv_mig_unlock(mig);
	}
	kvfree(ranges);
	return ret;
}

static int vpv_log_start(struct vfio_device *vdev, struct rb_root_cached *tree, u32 nr_ranges,
			 u64 *page_bytes)
{
	/* The bitmap of a report may be of larger pages: then any of a page's pages sets its bit */
	*page_bytes = PAGE_SIZE;
	return vpv_log_start_ranges(vpv_log_mig(vdev), tree, nr_ranges, PAGE_SIZE);
}

static int vpv_log_stop(struct vfio_device *vdev)
{
	struct vfio_pci_variant_mig *mig = vpv_log_mig(vdev);

	vpv_mig_lock(mig);
	/* Nothing to stop is no error to the user: the log may have ended by itself */
	vpv_dirty_stop(mig, VPV_DIRTY_LOG);
	vpv_mig_unlock(mig);
	return 0;
}

struct vpv_log_report {
	struct iova_bitmap *bitmap;
	u64 start, end;
};

/* The bitmap is that of the range that was asked for, whatever the device tells */
static int vpv_log_dirty(void *priv, u64 start, u64 bytes)
{
	struct vpv_log_report *report = priv;
	u64 from = max(start, report->start);
	u64 to = min(start + bytes, report->end);

	if (from < to)
		iova_bitmap_set(report->bitmap, from, to - from);
	return 0;
}

static int vpv_log_read_and_clear(struct vfio_device *vdev, unsigned long iova,
				  unsigned long bytes, struct iova_bitmap *bitmap)
{
	struct vfio_pci_variant_mig *mig = vpv_log_mig(vdev);
	struct vpv_log_report report = {
		.bitmap = bitmap, .start = iova, .end = (u64)iova + bytes,
	};
	u64 start = ALIGN_DOWN((u64)iova, PAGE_SIZE);
	int ret;

	ret = vpv_mig_lock_killable(mig);
	if (ret)
		return ret;
	ret = vpv_dirty_report_or_all(mig, VPV_DIRTY_LOG, start,
				      ALIGN((u64)iova + bytes, PAGE_SIZE) - start, vpv_log_dirty,
				      &report);
	vpv_mig_unlock(mig);
	return ret;
}

static const struct vfio_log_ops vpv_log_ops = {
	.log_start = vpv_log_start,
	.log_stop = vpv_log_stop,
	.log_read_and_clear = vpv_log_read_and_clear,
};

/*
 * Offers logging for a device that can, where the kernel's own part of it works: users who
 * find it need nothing else, so what does not is worse than none. Before it is registered.
 */
void vpv_log_init(struct vfio_pci_variant *variant)
{
	if (vfio_has_iova_bitmap() && vpv_dirty_is_offered(variant->mig))
		variant->core.vdev.log_ops = &vpv_log_ops;
}
