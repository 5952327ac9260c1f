/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of driver_flavour take for VFIO drivers: PCI drivers with an id that matches only
 * under a driver_override. They do nothing with the device.
 */
#ifndef FLAVOUR_TEST_H
#define FLAVOUR_TEST_H

#include <linux/module.h>
#include <linux/pci.h>

/* QEMU's devices, see docs/specs/pci-ids.rst and pci-serial.rst there */
#define PCI_VENDOR_ID_QEMU_RED_HAT	0x1b36
#define PCI_DEVICE_ID_PCI_SERIAL	0x0002
#define PCI_DEVICE_ID_PCI_TESTDEV	0x0005
#define PCI_VENDOR_ID_QEMU_EDU		0x1234
#define PCI_DEVICE_ID_EDU		0x11e8
/* An Intel chip that QEMU has, i6300esb */
#define PCI_DEVICE_ID_I6300ESB		0x25ab
/* pvpanic-pci */
#define PCI_DEVICE_ID_PVPANIC		0x0011

#define FLAVOUR_TEST_DRIVER(driver, ids, probe_fn)	\
static struct pci_driver driver = {			\
	.name = KBUILD_MODNAME,				\
	.id_table = ids,				\
	.probe = probe_fn,				\
	.driver_managed_dma = true,			\
}

static inline int flavour_test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

#endif /* FLAVOUR_TEST_H */
