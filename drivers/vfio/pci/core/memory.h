/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical memory that is not the kernel's: copies to and from it, and users' mappings */
#ifndef VFIO_PCI_VARIANT_MEMORY_H
#define VFIO_PCI_VARIANT_MEMORY_H

#include <linux/mm_types.h>
#include <linux/vfio_pci_variant.h>

ssize_t vpv_memory_copy_user(const struct vfio_pci_variant_memory *memory, u64 pos,
			     char __user *buf, size_t count, bool iswrite);
int vpv_memory_map_user(struct vfio_pci_variant_memory *memory, struct vm_area_struct *vma);

#endif /* VFIO_PCI_VARIANT_MEMORY_H */
