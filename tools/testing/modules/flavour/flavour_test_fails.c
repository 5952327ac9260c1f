// SPDX-License-Identifier: GPL-2.0-only
/* The best match for a device, whose module cannot be loaded */
#include "flavour_test.h"

static const struct pci_device_id flavour_test_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_QEMU_EDU, PCI_DEVICE_ID_EDU) },
	{ }
};
MODULE_DEVICE_TABLE(pci, flavour_test_ids);

static int __init flavour_test_init(void)
{
	return -EIO;
}
module_init(flavour_test_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of driver_flavour: a module that fails to load");
