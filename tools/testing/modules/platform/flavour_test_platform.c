// SPDX-License-Identifier: GPL-2.0-only
/*
 * A platform device that can be unplugged: it is there while the module is loaded
 *
 * vfio-platform finds a reset handler for it, and then refuses it, as it is behind no IOMMU.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>

static const struct property_entry properties[] = {
	PROPERTY_ENTRY_STRING("compatible", "virtio,mmio"),
	{ }
};

static struct platform_device *device;

static int __init flavour_test_platform_init(void)
{
	const struct platform_device_info info = {
		.name		= "flavour-test",
		.id		= PLATFORM_DEVID_NONE,
		.properties	= properties,
	};

	device = platform_device_register_full(&info);
	return PTR_ERR_OR_ZERO(device);
}
module_init(flavour_test_platform_init);

static void __exit flavour_test_platform_exit(void)
{
	platform_device_unregister(device);
}
module_exit(flavour_test_platform_exit);

MODULE_DESCRIPTION("Test only: a platform device that comes and goes");
MODULE_LICENSE("GPL");
