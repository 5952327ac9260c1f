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
 * something is pinned, and nothing may be pinned again before he has looked. For that he needs
 * type1's lock, which others who map may hold for as long as their memory takes; so nothing is
 * pinned until he returns to user space.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "pins.h"
#include "trace.h"

/*
 * Who unmaps waits so long at most. There is no reason to, but that others who unmap at the same
 * time hold type1's lock while they wait for who waits here, and unpinning takes it.
 */
#define VPV_PINS_UNMAP_WAIT	HZ

/* One who unmaps, until he returns to user space */
struct vpv_unmapper {
	struct callback_head work;
	struct vpv_pins *pins;
};

void vpv_pins_init(struct vpv_pins *pins, struct vfio_pci_variant_mig *mig)
{
	pins->mig = mig;
	vpv_scope_init(&pins->scope, mig);
	spin_lock_init(&pins->lock);
	init_waitqueue_head(&pins->wait);
}

static bool vpv_pins_is_unmapping(struct vpv_pins *pins)
{
	bool unmapping;

	spin_lock(&pins->lock);
	unmapping = pins->nr_unmappers;
	spin_unlock(&pins->lock);
	return unmapping;
}

/*
 * Nobody unmaps from here on. Sleeps until nobody who did runs our code any more: a task work may
 * have told that it is done and not have left yet, which only RCU of tasks knows.
 */
void vpv_pins_uninit(struct vpv_pins *pins)
{
	while (vpv_pins_is_unmapping(pins))
		schedule_timeout_uninterruptible(1);
	if (pins->was_unmapped)
		synchronize_rcu_tasks();
}

static struct vfio_device *vpv_pins_vdev(const struct vpv_pins *pins)
{
	return &pins->mig->variant->core.vdev;
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
 * Until vpv_pins_leave(), unless it fails, something may be pinned. It looks each jiffy: what ends
 * the wait is set by many, of whom few know that somebody waits here, and to wait is rare.
 */
static int vpv_pins_enter(struct vpv_pins *pins)
{
	int ret;

	spin_lock(&pins->lock);
	ret = vpv_pins_stopped(pins);
	while (!ret && pins->nr_unmappers) {
		spin_unlock(&pins->lock);
		schedule_timeout_uninterruptible(1);
		spin_lock(&pins->lock);
		ret = vpv_pins_stopped(pins);
	}
	pins->pinned = !ret;
	spin_unlock(&pins->lock);
	return ret;
}

static void vpv_pins_leave(struct vpv_pins *pins)
{
	spin_lock(&pins->lock);
	pins->pinned = false;
	spin_unlock(&pins->lock);
	wake_up_all(&pins->wait);
}

/* Who unmaps has looked, as often as he had to, and is about to return to user space */
static void vpv_pins_unmap_done(struct callback_head *work)
{
	struct vpv_unmapper *unmapper = container_of(work, struct vpv_unmapper, work);
	struct vpv_pins *pins = unmapper->pins;

	kfree(unmapper);
	spin_lock(&pins->lock);
	pins->nr_unmappers--;
	spin_unlock(&pins->lock);
}

/* type1 is about to unmap, and has found pages that are pinned. Its own lock is not held. */
void vpv_pins_unmapped(struct vpv_pins *pins)
{
	struct vpv_unmapper *unmapper = kmalloc(sizeof(*unmapper), GFP_KERNEL | __GFP_NOFAIL);
	u64 began_ns = ktime_get_ns();

	spin_lock(&pins->lock);
	pins->nr_unmappers++;
	pins->was_unmapped = true;
	spin_unlock(&pins->lock);

	wait_event_timeout(pins->wait, !READ_ONCE(pins->pinned), VPV_PINS_UNMAP_WAIT);
	trace_vpv_unmap(pins->mig, ktime_get_ns() - began_ns);

	unmapper->pins = pins;
	init_task_work(&unmapper->work, vpv_pins_unmap_done);
	/* Only a task that has ended its last system call has no way back */
	if (task_work_add(current, &unmapper->work, TWA_RESUME))
		vpv_pins_unmap_done(&unmapper->work);
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
	if (vpv_pins_is_refused(ret))
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

	ret = vpv_pins_enter(pins);
	if (ret)
		return ret;
	ret = vpv_pins_try(pins, iova, nr);
	vpv_pins_leave(pins);
	return ret;
}

/*
 * Is there memory at @iova that the device can write to? 1 and the page is marked, or 0, or a
 * negative errno as from vpv_pins_mark().
 */
int vpv_pins_probe(struct vpv_pins *pins, u64 iova)
{
	int ret;

	lockdep_assert_held(&pins->mig->state_mutex);

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
	int ret;

	ret = vpv_pins_enter(pins);
	if (ret)
		return ret;
	for (ret = -EINVAL; vpv_pins_hit_hole(ret) && *at < pause; *at += PAGE_SIZE)
		ret = vpv_pins_try(pins, *at, 1);
	vpv_pins_leave(pins);
	return vpv_pins_hit_hole(ret) ? 0 : ret;
}

/*
 * Marks the pages from @start on that are mapped for the device to write to. -EACCES or -ENOTTY
 * when the container is not type1 v2; -EINTR, -ECANCELED or -ENOTCONN when it is to let go
 * early; any other error says that there is a page that cannot be marked.
 */
int vpv_pins_mark(struct vpv_pins *pins, u64 start, u64 bytes)
{
	u64 end = start + round_down(bytes, PAGE_SIZE);
	unsigned int step = VFIO_PIN_PAGES_MAX_ENTRIES;
	int ret;

	lockdep_assert_held(&pins->mig->state_mutex);

	while (start < end) {
		unsigned int nr = min_t(u64, step, (end - start) >> PAGE_SHIFT);

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
