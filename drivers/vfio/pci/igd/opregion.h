/* SPDX-License-Identifier: GPL-2.0-only */
/* The OpRegion of an Intel GPU: what its header says, and how a user is shown it */
#ifndef IGD_VFIO_PCI_OPREGION_H
#define IGD_VFIO_PCI_OPREGION_H

#include <linux/types.h>

/* Header and mailboxes 1 to 5 */
#define IGD_OPREGION_BYTES	8192u

/*
 * The most that an extended VBT can take: a VBT's own size field has 16 bits, and firmware
 * rounds up what it sets aside for it.
 */
#define IGD_VBT_MAX_BYTES	(256u * 1024)

/**
 * struct igd_opregion - what an OpRegion's header says
 * @version: major version in the upper byte, minor in the lower
 * @vbt_phys: physical address of the extended VBT
 * @vbt_bytes: its size; 0 for an OpRegion without one
 */
struct igd_opregion {
	u16 version;
	u64 vbt_phys;
	u32 vbt_bytes;
};

const char *igd_opregion_parse(const u8 *table, u64 phys, struct igd_opregion *opregion);
void igd_opregion_present(u8 *table, const struct igd_opregion *opregion);

#endif /* IGD_VFIO_PCI_OPREGION_H */
