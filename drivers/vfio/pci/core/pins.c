// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a type1 container is told of, by pinning them for a moment
 *
 * A page that a driver pins is a dirty page to type1, which takes it that who pins writes. With
 * the first one the device's group gets what type1 calls pinned_page_dirty_scope: what it
 * has not pinned is clean from then on, for as long as the group stays in the container,
 * whatever becomes of the device's file or of the dirty log.
 *
 * A mapping whose pages are pinned cannot be removed: type1 calls dma_unmap() and looks again,
 * ten times and then never more, with a BUG(). So nobody who unmaps may come back as long as
 * something is pinned.
 */
#include <linux/iommu.h>
#include <linux/sched/signal.h>

#include "pins.h"

/*
 * Who unmaps waits so long at most. There is no reason to, but that others who unmap at the same
 * time hold type1's lock while they wait for who waits here, and unpinning takes it.
 */
#define VPV_PINS_UNMAP_WAIT	HZ
/* From dma_unmap() back to type1's lock is a matter of microseconds */
#define VPV_PINS_REST		msecs_to_jiffies(10)

void vpv_pins_init(struct vpv_pins *pins, struct vfio_pci_variant_mig *mig)
{
	pins->mig = mig;
	vpv_scope_init(&pins->scope, mig);
	spin_lock_init(&pins->lock);
	init_waitqueue_head(&pins->wait);
	pins->rest_until = jiffies;
}

static struct vfio_device *vpv_pins_vdev(const struct vpv_pins *pins)
{
	return &pins->mig->variant->core.vdev;
}

static void vpv_pins_enter(struct vpv_pins *pins)
{
	spin_lock(&pins->lock);
	while (pins->nr_unmaps || time_before(jiffies, pins->rest_until)) {
		spin_unlock(&pins->lock);
		schedule_timeout_uninterruptible(1);
		spin_lock(&pins->lock);
	}
	pins->pinned = true;
	spin_unlock(&pins->lock);
}

static void vpv_pins_leave(struct vpv_pins *pins)
{
	spin_lock(&pins->lock);
	pins->pinned = false;
	spin_unlock(&pins->lock);
	wake_up_all(&pins->wait);
}

/* type1 is about to unmap, and has found pages that are pinned. Its own lock is not held. */
void vpv_pins_unmapped(struct vpv_pins *pins)
{
	spin_lock(&pins->lock);
	pins->nr_unmaps++;
	spin_unlock(&pins->lock);

	wait_event_timeout(pins->wait, !READ_ONCE(pins->pinned), VPV_PINS_UNMAP_WAIT);

	spin_lock(&pins->lock);
	pins->nr_unmaps--;
	pins->rest_until = jiffies + VPV_PINS_REST;
	spin_unlock(&pins->lock);
}

/*
 * Marks all of @nr pages or none. -EINVAL when one of them is not mapped or is no memory,
 * -EPERM when the device cannot write to one. To be able to read as well is not asked for, as
 * a mapping may be for writing alone. Between vpv_pins_enter() and vpv_pins_leave().
 */
static int vpv_pins_try(struct vpv_pins *pins, u64 iova, unsigned int nr)
{
	struct vfio_device *vdev = vpv_pins_vdev(pins);
	int ret;

	pins->nr_asked++;
	ret = vfio_pin_pages(vdev, iova, nr, IOMMU_WRITE, pins->pages);
	if (ret > 0) {
		vfio_unpin_pages(vdev, iova, ret);
		pins->scope.is_set = true;
	}
	/* A container that takes no marks has no scope */
	if (ret == -EACCES)
		pins->scope.is_set = false;
	if (ret < 0)
		return ret;
	return ret == nr ? 0 : -EIO;
}

/* Is there a page in what was tried that the device has no right to write to? */
static bool vpv_pins_hit_hole(int ret)
{
	return ret == -EINVAL || ret == -EPERM;
}

static int vpv_pins_once(struct vpv_pins *pins, u64 iova, unsigned int nr)
{
	int ret;

	vpv_pins_enter(pins);
	ret = vpv_pins_try(pins, iova, nr);
	vpv_pins_leave(pins);
	return ret;
}

static int vpv_pins_stopped(const struct vpv_pins *pins)
{
	if (READ_ONCE(pins->mig->going))
		return -ENOTCONN;
	if (READ_ONCE(pins->mig->closing))
		return -ECANCELED;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/*
 * Is there memory at @iova that the device can write to? 1 and the page is marked, or 0, or a
 * negative errno as from vpv_pins_mark().
 */
int vpv_pins_probe(struct vpv_pins *pins, u64 iova)
{
	int ret;

	lockdep_assert_held(&pins->mig->state_mutex);

	ret = vpv_pins_stopped(pins);
	if (!ret)
		ret = vpv_pins_once(pins, iova, 1);
	cond_resched();
	if (vpv_pins_hit_hole(ret))
		return 0;
	return ret ? ret : 1;
}

/*
 * There is nothing at *@at. Nobody tells where a hole ends, and a page may be mapped on its own,
 * so all are tried, many at a time. Moves *@at to behind the first page that is marked, or to
 * where it is time to look whether to stop.
 */
static int vpv_pins_pass_hole(struct vpv_pins *pins, u64 *at, u64 end)
{
	u64 pause = min(end, *at + VFIO_PIN_PAGES_MAX_ENTRIES * PAGE_SIZE);
	int ret = -EINVAL;

	vpv_pins_enter(pins);
	for (; vpv_pins_hit_hole(ret) && *at < pause; *at += PAGE_SIZE)
		ret = vpv_pins_try(pins, *at, 1);
	vpv_pins_leave(pins);
	return vpv_pins_hit_hole(ret) ? 0 : ret;
}

/*
 * Marks the pages from @start on that are mapped for the device to write to. -EACCES when the
 * container is not type1 v2; -EINTR, -ECANCELED or -ENOTCONN when it is to let go early; any
 * other error says that there is a page that cannot be marked.
 */
int vpv_pins_mark(struct vpv_pins *pins, u64 start, u64 bytes)
{
	u64 end = start + round_down(bytes, PAGE_SIZE);
	unsigned int step = VFIO_PIN_PAGES_MAX_ENTRIES;
	int ret;

	lockdep_assert_held(&pins->mig->state_mutex);

	while (start < end) {
		unsigned int nr = min_t(u64, step, (end - start) >> PAGE_SHIFT);

		ret = vpv_pins_stopped(pins);
		if (!ret)
			ret = vpv_pins_once(pins, start, nr);
		cond_resched();
		if (vpv_pins_hit_hole(ret) && nr > 1) {
			step = nr / 2;
			continue;
		}
		if (vpv_pins_hit_hole(ret)) {
			ret = vpv_pins_pass_hole(pins, &start, end);
		} else if (!ret) {
			start += (u64)nr * PAGE_SIZE;
			step = min_t(unsigned int, nr * 2, VFIO_PIN_PAGES_MAX_ENTRIES);
		}
		if (ret)
			return ret;
	}
	return 0;
}
