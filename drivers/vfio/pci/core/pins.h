/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages that a type1 container is told of, by pinning them for a moment */
#ifndef VFIO_PCI_VARIANT_PINS_H
#define VFIO_PCI_VARIANT_PINS_H

#include <linux/spinlock.h>
#include <linux/vfio.h>
#include <linux/wait.h>

#include "mig.h"
#include "scope.h"

/* Under the state mutex, but for what @lock guards */
struct vpv_pins {
	struct vfio_pci_variant_mig *mig;
	struct vpv_scope scope;
	/* How often type1 was asked to pin something */
	u64 nr_asked;
	/* What type1 wants to have room for */
	struct page *pages[VFIO_PIN_PAGES_MAX_ENTRIES];

	/* Guards what follows it. Innermost: nothing is taken under it. */
	spinlock_t lock;
	bool pinned;
	unsigned int nr_unmaps;
	/* In jiffies: nothing is pinned before, so that who unmaps finds it so */
	unsigned long rest_until;
	wait_queue_head_t wait;
};

void vpv_pins_init(struct vpv_pins *pins, struct vfio_pci_variant_mig *mig);
int vpv_pins_probe(struct vpv_pins *pins, u64 iova);
int vpv_pins_mark(struct vpv_pins *pins, u64 start, u64 bytes);
void vpv_pins_unmapped(struct vpv_pins *pins);

/* Does type1 take what the group has not pinned for clean? */
static inline bool vpv_pins_has_scope(const struct vpv_pins *pins)
{
	return pins->scope.is_set;
}

#endif /* VFIO_PCI_VARIANT_PINS_H */
