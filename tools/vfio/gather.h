/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_GATHER_H
#define VFIOCTL_GATHER_H

struct device;
struct profile;
struct report;

/**
 * gather() - find out what matters of a device and its host for a migration
 * @dev: the device, which is not opened
 * @profile: filled
 * @report: gets what is wrong
 *
 * Return: 0, or a negative errno when the device has gone meanwhile.
 */
int gather(const struct device *dev, struct profile *profile, struct report *report);

#endif
