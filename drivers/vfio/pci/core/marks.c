// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device writes to, told to its user by the dirty pages of the type1 container, on any
 * kernel: VFIO_IOMMU_DIRTY_PAGES.
 *
 * From the arc into PRE_COPY on the device's tracker runs, a work asks it every so often, and
 * the pages are marked in the container. When the device is frozen it is asked once more, so
 * that all is marked before the arc returns. Whatever goes wrong, the group may have its scope
 * by then, and type1 takes unmarked pages for clean; so there is one answer to all of it: the
 * arc that freezes the device marks all that is mapped.
 *
 * What the device wrote before the arc into PRE_COPY nobody knows. It is the user's to copy all
 * memory after that.
 */
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "above.h"
#include "dirty.h"
#include "marks.h"
#include "pins.h"
#include "session.h"
#include "superset.h"
#include "trace.h"

static bool vpv_marks_wanted = true;
module_param_named(marks, vpv_marks_wanted, bool, 0644);
MODULE_PARM_DESC(marks, "Tell VFIO's type1 container which pages a device that is saved writes to");

static unsigned int marks_interval_ms = 100;
module_param(marks_interval_ms, uint, 0644);
MODULE_PARM_DESC(marks_interval_ms, "A device that is saved while it runs is asked so often what it wrote to");

/* At most a tenth of the time goes into questions */
#define VPV_MARKS_COST_FACTOR	10
#define VPV_MARKS_MAX_MS	(60 * MSEC_PER_SEC)
/* A first page for the scope is looked for in larger steps than the 4 KiB that it may be */
#define VPV_MARKS_STEP_BYTES	SZ_2M

/* Under the state mutex */
struct vpv_marks {
	struct vfio_pci_variant_mig *mig;
	struct vpv_pins pins;
	struct vpv_above above;
	/* Bus addresses from 0 on that the tracker covers, or did last */
	u64 superset_bytes;
	/* The device may have written what nobody marked; what the next freeze marks */
	bool lost;
	/* The user's container takes no marks, which was said */
	bool refused;
	/* Resets that have been noticed, of those that mig has counted */
	unsigned int resets;
	/* Pages that the device has told of since it was asked last */
	u64 nr_told;
	struct delayed_work work;
};

static struct device *vpv_marks_dev(const struct vpv_marks *marks)
{
	return &marks->mig->variant->core.pdev->dev;
}

static bool vpv_marks_is_on(const struct vpv_marks *marks)
{
	return vpv_dirty_owner(marks->mig) == VPV_DIRTY_MARKS;
}

static int vpv_marks_count_device(struct device *dev, void *nr)
{
	/* A bridge passes on what others write */
	if (!dev_is_pci(dev) || !pci_is_bridge(to_pci_dev(dev)))
		(*(unsigned int *)nr)++;
	return 0;
}

/* What other devices of the group write nobody would tell */
static bool vpv_marks_is_alone(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	unsigned int nr = 0;

	if (!group)
		return false;
	iommu_group_for_each_dev(group, &nr, vpv_marks_count_device);
	iommu_group_put(group);
	return nr == 1;
}

static const char *vpv_marks_obstacle(struct vfio_pci_variant *variant)
{
	if (!READ_ONCE(vpv_marks_wanted))
		return "switched off by the option marks";
	if (!vpv_marks_is_alone(&variant->core.pdev->dev))
		return "other devices are in its IOMMU group";
	return NULL;
}

/* Why there will be no marks for a device, or NULL */
const char *vpv_marks_missing(const struct vfio_pci_variant_mig *mig)
{
	if (!vpv_dirty_is_offered(mig))
		return "the device cannot tell";
	if (!mig->marks)
		return "it cannot be saved while it runs";
	return vpv_marks_obstacle(mig->variant);
}

static void vpv_marks_end(struct vpv_marks *marks)
{
	if (!vpv_marks_is_on(marks))
		return;
	vpv_dirty_stop(marks->mig, VPV_DIRTY_MARKS);
	vpv_mig_cancel_later(marks->mig, &marks->work);
	vpv_above_watch(false);
}

/* What the device wrote since it was asked last will not be told */
static void vpv_marks_lose(struct vpv_marks *marks)
{
	if (vpv_pins_has_scope(&marks->pins))
		marks->lost = true;
	vpv_marks_end(marks);
}

/* The tracker is of no use any more */
static void vpv_marks_break(struct vpv_marks *marks, int error)
{
	vpv_marks_lose(marks);
	/* Nobody is interested when there is no user, or not for long */
	if (error != -ENODEV && error != -EINTR && error != -ECANCELED)
		dev_warn_ratelimited(vpv_marks_dev(marks),
				     "dirty pages: lost track (%pe), all will be told\n",
				     ERR_PTR(error));
}

/* A reset is noticed here, as it takes no mutex. What was written up to it was not told. */
static void vpv_marks_notice_reset(struct vpv_marks *marks)
{
	if (marks->resets == marks->mig->resets)
		return;
	marks->resets = marks->mig->resets;
	if (vpv_marks_is_on(marks))
		vpv_marks_lose(marks);
}

static int vpv_marks_dirty(void *priv, u64 start, u64 bytes)
{
	struct vpv_marks *marks = priv;

	marks->nr_told += bytes >> PAGE_SHIFT;
	return vpv_pins_mark(&marks->pins, start, bytes);
}

/* Asks the device what it wrote to, and marks that */
static int vpv_marks_report(struct vpv_marks *marks)
{
	u64 began_ns = ktime_get_ns();
	int ret;

	marks->nr_told = 0;
	ret = vpv_dirty_report(marks->mig, VPV_DIRTY_MARKS, 0, marks->superset_bytes,
			       vpv_marks_dirty, marks);
	trace_vpv_marks(marks->mig, marks->nr_told, ret, ktime_get_ns() - began_ns);
	if (ret)
		vpv_marks_break(marks, ret);
	return ret;
}

/* Has the tracker run over all below @top, if the device can */
static int vpv_marks_track(struct vpv_marks *marks, u64 top)
{
	u64 max_bytes = U64_MAX;
	int ret;

	do {
		struct vfio_pci_variant_range range = {
			.bytes = vpv_superset_bytes(top, max_bytes),
		};

		if (!range.bytes)
			return -E2BIG;
		ret = vpv_dirty_start(marks->mig, VPV_DIRTY_MARKS, &range, 1, PAGE_SIZE);
		if (!ret)
			marks->superset_bytes = range.bytes;
		max_bytes = range.bytes / 2;
	} while (ret == -E2BIG);
	return ret;
}

/* Has type1 rely on the marks: one of any page does. 1, 0 when nothing is mapped, or an errno. */
static int vpv_marks_set_scope(struct vpv_marks *marks)
{
	u64 iova;
	int ret = 0;

	for (iova = 0; !ret && iova < VPV_SUPERSET_MIN_BYTES; iova += VPV_MARKS_STEP_BYTES)
		ret = vpv_pins_probe(&marks->pins, iova);
	return ret;
}

/*
 * The tracker begins with the least. When there is memory above, it is begun anew with more,
 * which loses nothing, as the arc has not returned yet.
 */
static int vpv_marks_start(struct vpv_marks *marks)
{
	int ret;

	ret = vpv_marks_track(marks, 0);
	if (ret)
		return ret;

	vpv_above_watch(true);
	vpv_above_begin(&marks->above, marks->superset_bytes);
	ret = vpv_marks_set_scope(marks);
	if (ret >= 0)
		ret = vpv_above_finish(&marks->above);
	if (!ret && marks->above.top > marks->superset_bytes) {
		vpv_dirty_stop(marks->mig, VPV_DIRTY_MARKS);
		ret = vpv_marks_track(marks, marks->above.top);
		/* What vpv_marks_end() would have done */
		if (ret)
			vpv_above_watch(false);
	}
	return ret;
}

static void vpv_marks_refuse(struct vpv_marks *marks, int error)
{
	if (marks->refused)
		return;
	marks->refused = true;
	dev_info(vpv_marks_dev(marks),
		 "dirty pages: the container takes no marks (%pe), all will be told\n",
		 ERR_PTR(error));
}

static bool vpv_marks_may_begin(struct vpv_marks *marks)
{
	struct vfio_pci_variant_mig *mig = marks->mig;

	/* Who asks the device itself needs no marks; the device pays for a tracker in vain */
	if (mig->gone || vpv_dirty_owner(mig) != VPV_DIRTY_NOBODY || marks->refused)
		return false;
	/* It takes no marks, and its user may yet ask the device itself */
	if (vfio_device_has_iommufd(&mig->variant->core.vdev)) {
		vpv_marks_refuse(marks, -EINVAL);
		return false;
	}
	return !vpv_marks_obstacle(mig->variant);
}

static void vpv_marks_queue(struct vpv_marks *marks, u64 ms)
{
	vpv_mig_queue_later(marks->mig, &marks->work, msecs_to_jiffies(ms));
}

/*
 * The device is about to be saved while it runs. Nothing that goes wrong keeps it from that;
 * type1 says by itself that all is dirty as long as the scope is not set, and after that the
 * freeze does.
 */
void vpv_marks_begin(struct vfio_pci_variant_mig *mig)
{
	struct vpv_marks *marks = mig->marks;
	int ret;

	if (!marks)
		return;
	vpv_marks_notice_reset(marks);
	if (!vpv_marks_may_begin(marks))
		return;

	ret = vpv_marks_start(marks);
	if (vpv_pins_is_refused(ret)) {
		vpv_marks_end(marks);
		vpv_marks_refuse(marks, ret);
	} else if (ret) {
		vpv_marks_break(marks, ret);
	} else {
		vpv_marks_queue(marks, READ_ONCE(marks_interval_ms));
	}
}

static void vpv_marks_work(struct work_struct *work)
{
	struct vpv_marks *marks = container_of(work, struct vpv_marks, work.work);
	struct vfio_pci_variant_mig *mig = marks->mig;
	u64 began_ns, ms;
	int ret = 0;

	vpv_mig_lock(mig);
	began_ns = ktime_get_ns();
	vpv_marks_notice_reset(marks);
	if (!vpv_marks_is_on(marks) || vpv_marks_report(marks))
		goto out;

	ms = (ktime_get_ns() - began_ns) * VPV_MARKS_COST_FACTOR / NSEC_PER_MSEC;
	ms = max3(ms, (u64)READ_ONCE(marks_interval_ms), 1ULL);
	ms = min_t(u64, ms, VPV_MARKS_MAX_MS);
	if (!vpv_pins_has_scope(&marks->pins))
		ret = vpv_marks_set_scope(marks);
	if (ret < 0)
		vpv_marks_break(marks, ret);
	else
		vpv_marks_queue(marks, ms);
out:
	vpv_mig_unlock(mig);
	vpv_mig_put(mig);
}

/* The device is about to be frozen: what it tells here it need not tell then */
void vpv_marks_ask(struct vfio_pci_variant_mig *mig)
{
	struct vpv_marks *marks = mig->marks;

	if (!marks)
		return;
	vpv_marks_notice_reset(marks);
	if (vpv_marks_is_on(marks))
		vpv_marks_report(marks);
}

/* All that the device can have written to, as far as it is mapped */
static int vpv_marks_mark_all(struct vpv_marks *marks)
{
	u64 began_ns = ktime_get_ns();
	u64 nr_asked = marks->pins.nr_asked;
	int ret;

	ret = vpv_pins_mark(&marks->pins, 0, VPV_SUPERSET_MIN_BYTES);
	if (!ret)
		ret = vpv_above_mark_all(&marks->above, VPV_SUPERSET_MIN_BYTES);
	trace_vpv_mark_all(marks->mig, marks->pins.nr_asked - nr_asked, ret,
			   ktime_get_ns() - began_ns);
	/* Without a scope type1 says by itself that all is dirty */
	if (ret && !vpv_pins_has_scope(&marks->pins))
		ret = 0;
	if (!ret)
		marks->lost = false;
	return ret;
}

/*
 * @sides of the device were just frozen. On return all is marked that it wrote to; an error
 * says that this cannot be, so that the device may not stay frozen.
 */
int vpv_marks_frozen(struct vfio_pci_variant_mig *mig, unsigned int sides)
{
	struct vpv_marks *marks = mig->marks;
	/* What is frozen after the initiator writes nothing; asked it is all the same */
	bool ends_writes = sides & VFIO_PCI_VARIANT_INITIATOR;
	int ret;

	if (!marks)
		return 0;

	vpv_marks_notice_reset(marks);
	if (vpv_marks_is_on(marks) && !vpv_marks_report(marks) && ends_writes) {
		ret = vpv_above_mark(&marks->above, marks->superset_bytes);
		if (ret)
			vpv_marks_break(marks, ret);
	}
	if (!vpv_pins_has_scope(&marks->pins))
		return 0;
	if (marks->lost)
		return vpv_marks_mark_all(marks);
	if (vpv_dirty_owner(mig) == VPV_DIRTY_NOBODY && ends_writes)
		return vpv_marks_mark_all(marks);
	return 0;
}

/* A walk has come to its end */
void vpv_marks_settle(struct vfio_pci_variant_mig *mig)
{
	struct vpv_marks *marks = mig->marks;

	if (!marks)
		return;
	vpv_marks_notice_reset(marks);
	if (mig->state == VFIO_DEVICE_STATE_RUNNING)
		vpv_marks_end(marks);
}

/* A user comes; vfio has yet to open the device */
void vpv_marks_open(struct vfio_pci_variant_mig *mig)
{
	struct vpv_marks *marks = mig->marks;

	if (!marks)
		return;
	vpv_mig_lock(mig);
	marks->refused = false;
	vpv_scope_opened(&marks->pins.scope);
	vpv_mig_unlock(mig);
}

/*
 * From here on nothing is pinned: vfio would warn of a device that is not open. The next user
 * begins anew: with PRE_COPY, or by a freeze that finds the scope set and no tracker.
 */
void vpv_marks_close(struct vfio_pci_variant_mig *mig)
{
	struct vpv_marks *marks = mig->marks;

	if (!marks)
		return;
	vpv_marks_end(marks);
	marks->lost = false;
}

/* vfio has closed the device, too, or could not open it */
void vpv_marks_closed(struct vfio_pci_variant_mig *mig)
{
	struct vpv_marks *marks = mig->marks;

	if (!marks)
		return;
	vpv_mig_lock(mig);
	vpv_scope_closed(&marks->pins.scope);
	vpv_mig_unlock(mig);
}

/* The device goes; nobody has it open */
void vpv_marks_uninit(struct vfio_pci_variant_mig *mig)
{
	if (!mig->marks)
		return;
	vpv_scope_uninit(&mig->marks->pins.scope);
	vpv_pins_uninit(&mig->marks->pins);
}

/* type1 is about to unmap pages of which some are pinned */
void vpv_marks_dma_unmap(struct vfio_device *vdev, u64 iova, u64 bytes)
{
	struct vfio_pci_variant *variant = container_of(vdev, struct vfio_pci_variant, core.vdev);

	if (variant->mig && variant->mig->marks)
		vpv_pins_unmapped(&variant->mig->marks->pins);
}

/* To be called before the device is registered */
int vpv_marks_init(struct vfio_pci_variant_mig *mig)
{
	struct vpv_marks *marks;

	if (!mig->has_precopy || !vpv_dirty_is_offered(mig))
		return 0;

	marks = kzalloc(sizeof(*marks), GFP_KERNEL_ACCOUNT);
	if (!marks)
		return -ENOMEM;
	marks->mig = mig;
	vpv_pins_init(&marks->pins, mig);
	vpv_above_init(&marks->above, &marks->pins);
	INIT_DELAYED_WORK(&marks->work, vpv_marks_work);
	mig->marks = marks;
	return 0;
}
