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
	/* Who unmap, as often as they found something pinned: nothing is pinned meanwhile */
	unsigned int nr_unmappers;
	/* There was one, some time */
	bool was_unmapped;
	wait_queue_head_t wait;
};

void vpv_pins_init(struct vpv_pins *pins, struct vfio_pci_variant_mig *mig);
void vpv_pins_uninit(struct vpv_pins *pins);
int vpv_pins_probe(struct vpv_pins *pins, u64 iova);
int vpv_pins_mark(struct vpv_pins *pins, u64 start, u64 bytes);
void vpv_pins_unmapped(struct vpv_pins *pins);

/* Is that the error of a container that takes no marks: type1 v1, or another kind? */
static inline bool vpv_pins_is_refused(int error)
{
	return error == -EACCES || error == -ENOTTY;
}

/* Does type1 take what the group has not pinned for clean? */
static inline bool vpv_pins_has_scope(const struct vpv_pins *pins)
{
	return pins->scope.is_set;
}

#endif /* VFIO_PCI_VARIANT_PINS_H */
