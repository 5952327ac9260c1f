/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_FLAVOUR_H
#define VFIO_FLAVOUR_FLAVOUR_H

struct device;
struct kmod_ctx;
struct report;

/**
 * flavour_set_vfio() - give a device to the VFIO driver that fits it best
 * @kmod: libkmod's context
 * @dev: the device
 * @report: filled
 *
 * A driver_override that names a VFIO driver is followed, and one that names another is
 * respected by failing. Else the module with the most specific alias that can be loaded is
 * chosen, and vfio-pci when there is none. When the driver does not take the device, the
 * device is given back to the one it had.
 *
 * Return: 0 or a negative errno.
 */
int flavour_set_vfio(struct kmod_ctx *kmod, const struct device *dev, struct report *report);

/**
 * flavour_set_native() - give a device back to the kernel's own driver
 * @kmod: libkmod's context
 * @dev: the device
 * @report: filled
 *
 * Return: 0, also when the kernel has no driver for it; or a negative errno.
 */
int flavour_set_native(struct kmod_ctx *kmod, const struct device *dev, struct report *report);

/**
 * flavour_show() - fill in what the device has
 * @dev: the device
 * @report: filled
 */
void flavour_show(const struct device *dev, struct report *report);

#endif
