// SPDX-License-Identifier: GPL-2.0-only
/* A module whose alias promises more than the table of its driver holds */
#include "flavour_test.h"

static const struct pci_device_id flavour_test_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_QEMU_RED_HAT, 0xffff) },
	{ }
};
MODULE_DEVICE_TABLE(pci, flavour_test_ids);
MODULE_ALIAS("vfio_pci:v00001B36d00000011sv*sd*bc*sc*i*");

FLAVOUR_TEST_DRIVER(flavour_test_driver, flavour_test_ids, flavour_test_probe);
module_pci_driver(flavour_test_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of driver_flavour: a module that loads and does not match");
