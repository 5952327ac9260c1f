// SPDX-License-Identifier: GPL-2.0-only
/*
 * driver_flavour: the platform bus
 *
 * One driver, vfio-platform, takes all devices: of_device_id and acpi_device_id have no mark for
 * "only under driver_override", so a driver for some devices could not be told from their
 * native one. What differs from device to device is the reset. vfio-platform calls ACPI's _RST,
 * or, for a device of the device tree, a handler that a module has registered for the device's
 * first "compatible" string. It looks for no other string of the device, so neither do we.
 *
 * That module has the alias "vfio-reset:<compatible>". vfio-platform would ask for it while it
 * probes, by request_module(), which takes no alias of more than 55 characters. Here it is
 * loaded before the device leaves its driver, and vfio-platform finds the handler registered.
 * A device without a handler goes on to vfio-platform's probe, which alone knows whether its
 * parameter reset_required allows that, and else fails with -ENOENT.
 */
#include <linux/acpi.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "flavour.h"

#define VFIO_PLATFORM		"vfio-platform"

/* vfio-platform asks ACPI first, and then by the same property what the device is. */
static bool platform_offers_vfio(struct device *dev)
{
	const char *compat;

	return ACPI_COMPANION(dev) || !device_property_read_string(dev, "compatible", &compat);
}

static bool platform_is_vfio(struct device_driver *drv)
{
	return !strcmp(drv->name, VFIO_PLATFORM);
}

static int platform_match(struct device *dev, struct device_driver *drv)
{
	/* It has no table: all that it would say is "*". */
	return platform_is_vfio(drv) ? 1 : -ENODEV;
}

static bool platform_manages_dma(struct device_driver *drv)
{
	return to_platform_driver(drv)->driver_managed_dma;
}

/* As platform_uevent() does. */
static int platform_native_alias(struct device *dev, char *buf, size_t size)
{
	ssize_t len;
	char *end;

	len = of_device_modalias(dev, buf, size);
	if (len == -ENODEV)
		len = acpi_device_modalias(dev, buf, size);
	if (len == -ENODEV)
		len = snprintf(buf, size, PLATFORM_MODULE_PREFIX "%s\n",
			       to_platform_device(dev)->name);
	/* Nothing: ACPI knows the device but has no id of it. */
	if (len <= 0)
		return len ? len : -ENODEV;

	/* ACPI can give two lines; the uevent's MODALIAS is the first. */
	end = strnchr(buf, size, '\n');
	if (len >= size || !end)
		return -ENOSPC;
	*end = '\0';
	return end - buf;
}

static int platform_prepare_vfio(struct device *dev)
{
	const char *compat;
	char *alias;
	int ret;

	if (ACPI_COMPANION(dev))
		return 0;
	ret = device_property_read_string(dev, "compatible", &compat);
	if (ret)
		return ret;

	alias = kasprintf(GFP_KERNEL, "vfio-reset:%s", compat);
	if (!alias)
		return -ENOMEM;
	ret = flavour_load_alias(alias);
	kfree(alias);
	return ret == -ENOENT ? 0 : ret;
}

struct flavour_bus flavour_platform_bus = {
	.type		= &platform_bus_type,
	.fallback	= VFIO_PLATFORM,
	.offers_vfio	= platform_offers_vfio,
	.native_alias	= platform_native_alias,
	.is_vfio	= platform_is_vfio,
	.match		= platform_match,
	.manages_dma	= platform_manages_dma,
	.prepare_vfio	= platform_prepare_vfio,
};
