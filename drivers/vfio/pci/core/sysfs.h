/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_VARIANT_SYSFS_H
#define VFIO_PCI_VARIANT_SYSFS_H

struct vfio_pci_variant;

int vpv_sysfs_add(struct vfio_pci_variant *variant);
void vpv_sysfs_remove(struct vfio_pci_variant *variant);

#endif /* VFIO_PCI_VARIANT_SYSFS_H */
