/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices that their backend loses, as one does that reaches them by another driver */
#ifndef SAMPLE_AWAY_H
#define SAMPLE_AWAY_H

#include <linux/list.h>
#include <linux/vfio_pci_variant.h>

struct sample_away {
	struct list_head item;
	struct vfio_pci_variant *variant;
};

void sample_away_init(struct sample_away *away, struct vfio_pci_variant *variant);
void sample_away_uninit(struct sample_away *away);

#endif /* SAMPLE_AWAY_H */
