// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages a device wrote to, as its backend knows it: one tracker for a device, which
 * belongs to the front end that started it
 */
#include "dirty.h"

bool vpv_dirty_is_offered(const struct vfio_pci_variant_mig *mig)
{
	const struct vfio_pci_variant_mig_ops *ops = vpv_mig_ops(mig);

	return mig->variant->tracks_pages && ops->track_start && ops->track_report &&
	       ops->track_stop;
}

/* -EBUSY while there is a tracker, whoever has it */
int vpv_dirty_start(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner,
		    const struct vfio_pci_variant_range *ranges, unsigned int nr_ranges,
		    u64 page_bytes)
{
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	if (mig->gone)
		return -ENOTCONN;
	if (mig->dirty_owner != VPV_DIRTY_NOBODY)
		return -EBUSY;

	ret = vpv_mig_ops(mig)->track_start(mig->variant, ranges, nr_ranges, page_bytes);
	if (!ret)
		mig->dirty_owner = owner;
	return ret;
}

/* -EINVAL for a front end that has no tracker */
int vpv_dirty_report(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner, u64 start,
		     u64 bytes, vfio_pci_variant_dirty_fn dirty, void *priv)
{
	lockdep_assert_held(&mig->state_mutex);

	if (mig->dirty_owner != owner)
		return -EINVAL;
	if (mig->gone)
		return -ENOTCONN;
	return vpv_mig_ops(mig)->track_report(mig->variant, start, bytes, dirty, priv);
}

int vpv_dirty_stop(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner)
{
	lockdep_assert_held(&mig->state_mutex);

	if (mig->dirty_owner != owner)
		return -EINVAL;
	vpv_dirty_end(mig);
	return 0;
}

/* Whoever has it, if anybody */
void vpv_dirty_end(struct vfio_pci_variant_mig *mig)
{
	lockdep_assert_held(&mig->state_mutex);

	if (mig->dirty_owner == VPV_DIRTY_NOBODY)
		return;
	mig->dirty_owner = VPV_DIRTY_NOBODY;
	vpv_mig_ops(mig)->track_stop(mig->variant);
}
