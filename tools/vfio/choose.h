/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_CHOOSE_H
#define VFIO_FLAVOUR_CHOOSE_H

#include <stdbool.h>

struct device;
struct kmod_ctx;
struct report;

/**
 * choose_vfio() - find the VFIO driver that fits a device best, and load it
 * @kmod: libkmod's context
 * @dev: the device
 * @by_hand: the driver that somebody wants by driver_override, empty when nobody does
 * @report: driver, module and alias are filled in, or the error
 *
 * A driver of VFIO that somebody wants is followed, and another one respected by failing. Else it
 * is the module with the most specific alias, and vfio-pci when there is none. When that module
 * cannot be loaded this fails, unless @report allows the next best.
 *
 * Return: 0 or a negative errno.
 */
int choose_vfio(struct kmod_ctx *kmod, const struct device *dev, const char *by_hand,
		struct report *report);

/**
 * choose_names_vfio() - is a driver one of VFIO?
 * @kmod: libkmod's context
 * @driver: its name; it need not be there
 *
 * Return: whether it is.
 */
bool choose_names_vfio(struct kmod_ctx *kmod, const char *driver);

#endif
