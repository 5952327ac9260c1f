/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_USERS_H
#define VFIO_FLAVOUR_USERS_H

#include <stddef.h>

struct device;

/**
 * users_exclude() - make sure that nobody uses the VFIO device, and keep it so
 * @dev: a device with a VFIO driver
 * @who: filled with the processes when there are some
 * @size: size of @who
 *
 * The kernel lets one file of a VFIO group be open at a time, and a device that was got
 * from it keeps it open. So holding that file shuts out every user; unbinding a device that
 * has one would wait for it without end.
 *
 * Return: a file descriptor to close after the unbind, -EBUSY when there is a user, or
 * another negative errno.
 */
int users_exclude(const struct device *dev, char *who, size_t size);

/**
 * users_native() - is a device with a native driver in use?
 * @dev: the device
 * @who: filled with the interface that is up, or the disk that is mounted or part of another
 * @size: size of @who
 *
 * Return: 0 or -EBUSY.
 */
int users_native(const struct device *dev, char *who, size_t size);

#endif
