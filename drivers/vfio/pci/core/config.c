// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parts of a device's own config space that the user sees a copy of
 *
 * The core keeps a shadow of config space (vconfig) and, for each byte, which rules hold for
 * it (pci_config_map).
 */
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/vfio_pci_core.h>
#include <linux/vfio_pci_variant.h>

/**
 * vfio_pci_variant_virtualize_config() - let a range of config space live in the shadow alone
 * @variant: the device; its open function runs
 * @offset: where the range begins, behind the standard header
 * @value: what the user reads there until they write something else, in the order of config
 *         space
 * @bytes: size of the range
 *
 * From here to the close of the device the user's accesses to the range do not reach the
 * device.
 *
 * Return: 0, -EINVAL for a range that is not wholly in the config space of the device behind
 * the standard header, -EBUSY for one that touches a capability, which has rules of its own.
 */
int vfio_pci_variant_virtualize_config(struct vfio_pci_variant *variant, unsigned int offset,
				       const void *value, size_t bytes)
{
	struct vfio_pci_core_device *core = &variant->core;
	unsigned int end = core->pdev->cfg_size;

	if (offset < PCI_STD_HEADER_SIZEOF || offset > end || bytes > end - offset)
		return -EINVAL;
	if (memchr_inv(core->pci_config_map + offset, PCI_CAP_ID_INVALID, bytes))
		return -EBUSY;

	memcpy(core->vconfig + offset, value, bytes);
	memset(core->pci_config_map + offset, PCI_CAP_ID_INVALID_VIRT, bytes);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_virtualize_config);
