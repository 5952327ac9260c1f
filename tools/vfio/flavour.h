/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_FLAVOUR_H
#define VFIO_FLAVOUR_FLAVOUR_H

#include <stdbool.h>

/* A device that has just appeared is waited for: 2 s in all */
#define NEW_DEVICE_POLLS	40
#define NEW_DEVICE_POLL_NS	50000000

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
 * flavour_explain_busy() - say by whom a device is in use
 * @dev: the device
 * @report: error and fix are filled in
 *
 * Return: whether that could be told.
 */
bool flavour_explain_busy(const struct device *dev, struct report *report);

/**
 * flavour_show() - fill in what the device has
 * @dev: the device
 * @report: filled
 */
void flavour_show(const struct device *dev, struct report *report);

#endif
