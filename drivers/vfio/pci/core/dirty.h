/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_VARIANT_DIRTY_H
#define VFIO_PCI_VARIANT_DIRTY_H

#include "mig.h"

/* Who started the tracker of the device's writes, and alone may ask it */
enum vpv_dirty_owner {
	VPV_DIRTY_NOBODY,
	VPV_DIRTY_LOG,
	VPV_DIRTY_MARKS,
};

bool vpv_dirty_is_offered(const struct vfio_pci_variant_mig *mig);
enum vpv_dirty_owner vpv_dirty_owner(const struct vfio_pci_variant_mig *mig);
int vpv_dirty_start(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner,
		    const struct vfio_pci_variant_range *ranges, unsigned int nr_ranges,
		    u64 page_bytes);
int vpv_dirty_report(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner, u64 start,
		     u64 bytes, vfio_pci_variant_dirty_fn dirty, void *priv);
int vpv_dirty_report_or_all(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner,
			    u64 start, u64 bytes, vfio_pci_variant_dirty_fn dirty, void *priv);
int vpv_dirty_stop(struct vfio_pci_variant_mig *mig, enum vpv_dirty_owner owner);
void vpv_dirty_end(struct vfio_pci_variant_mig *mig);
void vpv_dirty_lose(struct vfio_pci_variant_mig *mig);

#endif /* VFIO_PCI_VARIANT_DIRTY_H */
