// SPDX-License-Identifier: GPL-2.0-only
/* One of two modules that match a device equally well */
#include "flavour_test.h"

static const struct pci_device_id flavour_test_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_QEMU_RED_HAT, PCI_DEVICE_ID_PCI_TESTDEV) },
	{ }
};
MODULE_DEVICE_TABLE(pci, flavour_test_ids);

FLAVOUR_TEST_DRIVER(flavour_test_driver, flavour_test_ids, flavour_test_probe);
module_pci_driver(flavour_test_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of driver_flavour: two drivers match equally");
