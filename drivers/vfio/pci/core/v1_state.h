/* SPDX-License-Identifier: GPL-2.0-only */
/* The states of protocol v1 and those of the engine */
#ifndef VFIO_PCI_VARIANT_V1_STATE_H
#define VFIO_PCI_VARIANT_V1_STATE_H

#include <linux/types.h>

int vpv_v1_to_state(u32 device_state, bool has_precopy);
u32 vpv_v1_from_state(u32 state);

#endif /* VFIO_PCI_VARIANT_V1_STATE_H */
