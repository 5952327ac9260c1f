/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_MOVE_H
#define VFIO_FLAVOUR_MOVE_H

#include "device.h"
#include "mark.h"

/* A device that has just appeared is waited for: 2 s in all */
#define NEW_DEVICE_POLLS	40
#define NEW_DEVICE_POLL_NS	50000000

struct report;

/**
 * struct before - how a device was, to be put back
 * @driver: its driver, empty when it had none
 * @override: its driver_override
 */
struct before {
	char driver[DEVICE_NAME_SIZE];
	struct override override;
};

/**
 * move_to_vfio() - give a device to a driver, by driver_override
 * @dev: the device
 * @before: how it is
 * @override: of the device; follows the changes
 * @driver: name of the driver, which is there
 * @report: gets the error
 *
 * When this fails the caller calls move_back().
 *
 * Return: 0 or a negative errno.
 */
int move_to_vfio(const struct device *dev, const struct before *before, struct override *override,
		 const char *driver, struct report *report);

/**
 * move_to_native() - give a device to a driver that is not VFIO's, or to none
 * @dev: the device
 * @before: how it is
 * @override: of the device; follows the changes
 * @target: what driver_override is to say while a driver is looked for
 * @report: gets the error
 *
 * When this fails the caller calls move_back().
 *
 * Return: 0, also when no driver takes it; or a negative errno.
 */
int move_to_native(const struct device *dev, const struct before *before,
		   struct override *override, const char *target, struct report *report);

/**
 * move_back() - everything as it was
 * @dev: the device
 * @before: how it was
 * @override: of the device; follows the changes
 * @report: gets a note when that fails
 */
void move_back(const struct device *dev, const struct before *before, struct override *override,
	       struct report *report);

#endif
