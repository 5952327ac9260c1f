// SPDX-License-Identifier: GPL-2.0-only
/* The best match for a device, whose probe function refuses it */
#include "flavour_test.h"

static const struct pci_device_id flavour_test_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_QEMU_RED_HAT, PCI_DEVICE_ID_PCI_SERIAL) },
	{ }
};
MODULE_DEVICE_TABLE(pci, flavour_test_ids);

static int refuse(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return -EUCLEAN;
}

FLAVOUR_TEST_DRIVER(flavour_test_driver, flavour_test_ids, refuse);
module_pci_driver(flavour_test_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of driver_flavour: a driver that refuses its device");
