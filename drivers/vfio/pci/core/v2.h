/* SPDX-License-Identifier: GPL-2.0-only */
/* The front end of VFIO's migration protocol v2 over the engine */
#ifndef VFIO_PCI_VARIANT_V2_H
#define VFIO_PCI_VARIANT_V2_H

#include <linux/vfio_pci_variant.h>

int vpv_v2_init(struct vfio_pci_variant *variant);
int vpv_v2_device_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz);

#endif /* VFIO_PCI_VARIANT_V2_H */
