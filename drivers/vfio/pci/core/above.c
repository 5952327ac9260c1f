// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is mapped above what is tracked
 *
 * Nobody tells a driver what its user has mapped, so it looks, in steps of 2 MiB: above 4 GiB
 * memory comes in larger pieces. Beyond a large hole the steps are of 128 MiB: no module of memory
 * that a guest can be given is smaller. A piece that has no such multiple in it is not found. The
 * look is type1's own, by vpv_pins_probe(): the IOMMU's page tables may be freed under who reads
 * them without type1's lock.
 *
 * A look takes its time, and is not repeated when the device is frozen if nothing can have come
 * since it began: all mappings of the kernel's above 4 GiB are counted meanwhile.
 */
#include <linux/atomic.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <trace/events/iommu.h>

#include "above.h"
#include "pins.h"
#include "superset.h"
#include "trace.h"

#define VPV_ABOVE_STEP_BYTES	SZ_2M
#define VPV_ABOVE_FAR_BYTES	SZ_128M
/*
 * Beyond any memory that is put where one would look for it: QEMU has it from 4 GiB on, and
 * from 1 TiB on where AMD's IOMMU leaves no room below. Memory that is found moves this.
 */
#define VPV_ABOVE_END_BYTES	(2048ULL * SZ_1G)
/* A hole of this size is the end of memory, or nearly so */
#define VPV_ABOVE_HOLE_BYTES	(8ULL * SZ_1G)

static DEFINE_MUTEX(vpv_above_mutex);
/* Under vpv_above_mutex: who wants them counted; they are */
static unsigned int vpv_above_nr_users;
static bool vpv_above_counts;
static atomic_t vpv_above_nr_maps;

static void vpv_above_count(void *unused, unsigned long iova, phys_addr_t paddr, size_t bytes)
{
	if ((u64)iova + bytes > VPV_SUPERSET_MIN_BYTES)
		atomic_inc(&vpv_above_nr_maps);
}

/* Has mappings counted, or no more. Process context. */
void vpv_above_watch(bool on)
{
	mutex_lock(&vpv_above_mutex);
	if (on && !vpv_above_nr_users++)
		vpv_above_counts = !register_trace_map(vpv_above_count, NULL);
	if (!on && !--vpv_above_nr_users && vpv_above_counts) {
		unregister_trace_map(vpv_above_count, NULL);
		/* The code may be gone next */
		tracepoint_synchronize_unregister();
		vpv_above_counts = false;
	}
	mutex_unlock(&vpv_above_mutex);
}

void vpv_above_init(struct vpv_above *above, struct vpv_pins *pins)
{
	above->pins = pins;
}

/* The end of what the IOMMU can map, or what is looked at of it */
static u64 vpv_above_limit(const struct vpv_above *above, u64 end)
{
	struct pci_dev *pdev = above->pins->mig->variant->core.pdev;
	struct iommu_domain *domain = iommu_get_domain_for_dev(&pdev->dev);

	return domain ? min(end - 1, (u64)domain->geometry.aperture_end) + 1 : end;
}

/* A look begins at @from, a multiple of 2 MiB; the device is open */
void vpv_above_begin(struct vpv_above *above, u64 from)
{
	above->nr_maps = atomic_read(&vpv_above_nr_maps);
	above->from = from;
	above->next = from;
	above->end = vpv_above_limit(above, VPV_ABOVE_END_BYTES);
	above->top = 0;
}

bool vpv_above_is_done(const struct vpv_above *above)
{
	return above->next >= above->end;
}

/* Where to look after @at */
static u64 vpv_above_after(const struct vpv_above *above, u64 at)
{
	at += VPV_ABOVE_STEP_BYTES;
	if (at < max(above->top, above->from) + VPV_ABOVE_HOLE_BYTES)
		return at;
	return round_up(at, (u64)VPV_ABOVE_FAR_BYTES);
}

/* Looks at the next place: 1 when there is memory, or 0, or a negative errno */
static int vpv_above_probe(struct vpv_above *above)
{
	int ret;

	ret = vpv_pins_probe(above->pins, above->next);
	if (ret < 0)
		return ret;

	if (ret) {
		above->top = above->next + VPV_ABOVE_STEP_BYTES;
		above->end = max(above->end, vpv_above_limit(above, 2 * above->top));
	}
	above->next = vpv_above_after(above, above->next);
	if (vpv_above_is_done(above))
		trace_vpv_above(above->pins->mig, above->end, above->top);
	return ret;
}

/* To the end: see above->top */
int vpv_above_finish(struct vpv_above *above)
{
	int ret = 0;

	while (ret >= 0 && !vpv_above_is_done(above))
		ret = vpv_above_probe(above);
	return min(ret, 0);
}

/*
 * Marks all memory from @from to the end, as a look of its own. What begins or ends between two
 * places has a neighbour that was found.
 */
int vpv_above_mark_all(struct vpv_above *above, u64 from)
{
	/* All is marked up to here, or nothing is mapped */
	u64 clean = from;
	int ret = 0;

	vpv_above_begin(above, from);
	while (!vpv_above_is_done(above)) {
		u64 start = above->next, last = clean;

		ret = vpv_above_probe(above);
		if (ret < 0)
			return ret;
		clean = start;
		if (!ret)
			continue;
		/* From the place before up to the next one, which is near */
		clean = start + VPV_ABOVE_STEP_BYTES;
		ret = vpv_pins_mark(above->pins, last, clean - last);
		if (ret)
			return ret;
	}
	return 0;
}

/* The same, if there is anything or if that is not known */
int vpv_above_mark(struct vpv_above *above, u64 from)
{
	if (vpv_above_is_done(above) && above->top <= from && READ_ONCE(vpv_above_counts) &&
	    above->nr_maps == atomic_read(&vpv_above_nr_maps))
		return 0;
	return vpv_above_mark_all(above, from);
}
