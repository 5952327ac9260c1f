/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether type1 takes what a device's group has not pinned for clean */
#ifndef VFIO_PCI_VARIANT_SCOPE_H
#define VFIO_PCI_VARIANT_SCOPE_H

#include "mig.h"

/* Under the state mutex, but for @left */
struct vpv_scope {
	struct vfio_pci_variant_mig *mig;
	const struct device *dev;
	/* The group pins in its container, as far as is known */
	bool is_set;
	/* Nobody has the device open: the group may leave the container, which is watched for */
	bool watched;
	/* It was watched for, some time */
	bool was_watched;
	/* It did. No lock. */
	bool left;
};

void vpv_scope_init(struct vpv_scope *scope, struct vfio_pci_variant_mig *mig);
void vpv_scope_opened(struct vpv_scope *scope);
void vpv_scope_closed(struct vpv_scope *scope);
void vpv_scope_uninit(struct vpv_scope *scope);

#endif /* VFIO_PCI_VARIANT_SCOPE_H */
