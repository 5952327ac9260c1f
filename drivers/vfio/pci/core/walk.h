/* SPDX-License-Identifier: GPL-2.0-only */
/* From one migration state to another, and what else changes the state */
#ifndef VFIO_PCI_VARIANT_WALK_H
#define VFIO_PCI_VARIANT_WALK_H

#include "mig.h"

struct vpv_save_info;

struct vpv_session *vpv_walk_to(struct vfio_pci_variant_mig *mig, enum vpv_protocol protocol,
				u32 target);
int vpv_walk_precopy_info(struct vpv_session *session, struct vpv_save_info *info);
void vpv_walk_set_info_v2(struct vfio_pci_variant_mig *mig);
int vpv_walk_bytes_left(struct vfio_pci_variant_mig *mig, u64 *bytes);

void vpv_walk_open(struct vfio_pci_variant_mig *mig);
void vpv_walk_close(struct vfio_pci_variant_mig *mig);

#endif /* VFIO_PCI_VARIANT_WALK_H */
