/* SPDX-License-Identifier: GPL-2.0-only */
/* The front end of VFIO's migration protocol v1 over the engine */
#ifndef VFIO_PCI_VARIANT_V1_H
#define VFIO_PCI_VARIANT_V1_H

#include <linux/vfio_pci_variant.h>

int vpv_v1_add_region(struct vfio_pci_variant *variant);

#endif /* VFIO_PCI_VARIANT_V1_H */
