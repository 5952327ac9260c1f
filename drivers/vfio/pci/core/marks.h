/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device writes to, told to its user by the dirty pages of the type1 container */
#ifndef VFIO_PCI_VARIANT_MARKS_H
#define VFIO_PCI_VARIANT_MARKS_H

#include "mig.h"

int vpv_marks_init(struct vfio_pci_variant_mig *mig);
void vpv_marks_uninit(struct vfio_pci_variant_mig *mig);
const char *vpv_marks_missing(const struct vfio_pci_variant_mig *mig);

void vpv_marks_open(struct vfio_pci_variant_mig *mig);
void vpv_marks_begin(struct vfio_pci_variant_mig *mig);
void vpv_marks_ask(struct vfio_pci_variant_mig *mig);
int vpv_marks_frozen(struct vfio_pci_variant_mig *mig, unsigned int sides);
void vpv_marks_settle(struct vfio_pci_variant_mig *mig);
void vpv_marks_close(struct vfio_pci_variant_mig *mig);
void vpv_marks_closed(struct vfio_pci_variant_mig *mig);

void vpv_marks_dma_unmap(struct vfio_device *vdev, u64 iova, u64 bytes);

#endif /* VFIO_PCI_VARIANT_MARKS_H */
