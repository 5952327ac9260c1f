// SPDX-License-Identifier: GPL-2.0-only
/*
 * driver_flavour: one write to a file of a device gives it to VFIO or back
 *
 * Every device of the PCI bus (and on arm64 of the platform bus) gets the attribute
 * driver_flavour; Documentation/ABI/testing/sysfs-bus-driver-flavour says what it does. Nothing
 * of VFIO is in memory before "vfio" is written for the first time.
 *
 * There is no module_exit on purpose. The file of a device that is already off its bus, but
 * whose directory is not yet gone, could not be found any more to remove it, and a thread that
 * is about to read it would run into freed code. And waiting for writers in module_exit
 * would wait, by way of the locks of the devices that they move, for half of the system.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "flavour.h"

static struct flavour_bus * const flavour_buses[] = {
	&flavour_pci_bus,
#ifdef CONFIG_ARM64
	&flavour_platform_bus,
#endif
};

static int __init flavour_init(void)
{
	unsigned int i;
	int ret;

	ret = flavour_hold_init();
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(flavour_buses); i++) {
		ret = flavour_bus_register(flavour_buses[i]);
		/* Nothing can be taken back once one bus is there; the others still serve */
		if (ret)
			pr_err("no attribute on bus %s (%d)\n",
			       flavour_buses[i]->type->name, ret);
	}
	return 0;
}
module_init(flavour_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Binds a device to its VFIO or native driver by one write");
