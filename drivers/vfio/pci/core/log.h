/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_VARIANT_LOG_H
#define VFIO_PCI_VARIANT_LOG_H

#include <linux/vfio_pci_variant.h>

void vpv_log_init(struct vfio_pci_variant *variant);

#endif /* VFIO_PCI_VARIANT_LOG_H */
