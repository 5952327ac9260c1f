/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_TARGET_H
#define VFIOCTL_TARGET_H

struct device;
struct report;

/**
 * target_open() - open the device that a person has named
 * @name: in one of the ways that device_open() knows
 * @dev: filled; device_close() ends it
 * @report: gets the full address, and what is wrong with @name
 *
 * Return: 0, -EINVAL or -ENODEV.
 */
int target_open(const char *name, struct device *dev, struct report *report);

#endif
