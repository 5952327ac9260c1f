/* SPDX-License-Identifier: GPL-2.0-only */
/* Which bus addresses are tracked. Compiles in user space too. */
#ifndef VFIO_PCI_VARIANT_SUPERSET_H
#define VFIO_PCI_VARIANT_SUPERSET_H

#include <linux/types.h>

/* 4 GiB, below which every user has memory, in small pieces and with holes */
#define VPV_SUPERSET_MIN_BYTES 0x100000000ULL

u64 vpv_superset_bytes(u64 top, u64 max_bytes);

#endif /* VFIO_PCI_VARIANT_SUPERSET_H */
