/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_FACTS_H
#define VFIOCTL_FACTS_H

struct device;
struct facts;

/**
 * facts_gather() - find out all that the list of checks asks for, without a change
 * @dev: the function
 * @facts: filled; what cannot be known is empty
 *
 * Return: 0, or -ENODEV when the function has just gone.
 */
int facts_gather(const struct device *dev, struct facts *facts);

#endif
