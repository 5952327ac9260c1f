/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_ATTRIBUTE_H
#define VFIO_FLAVOUR_ATTRIBUTE_H

#include <stdbool.h>

struct device;
struct plan;

/**
 * attribute_there() - does the kernel do it all itself?
 * @dev: the device
 *
 * Return: whether it has the attribute driver_flavour.
 */
bool attribute_there(const struct device *dev);

/**
 * attribute_plan() - see whether a write could wait for a user of the device
 * @plan: as for flavour_plan()
 *
 * Return: 0 or a negative errno.
 */
int attribute_plan(struct plan *plan);

/**
 * attribute_do() - write it
 * @plan: what attribute_plan() filled; the report follows
 *
 * Return: 0 or a negative errno.
 */
int attribute_do(struct plan *plan);

/**
 * attribute_undo() - write what was there before
 * @plan: what was done
 */
void attribute_undo(struct plan *plan);

#endif
