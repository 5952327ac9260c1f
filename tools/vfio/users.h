/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_USERS_H
#define VFIO_FLAVOUR_USERS_H

#include <stdbool.h>
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
 * users_find() - who has the VFIO device or its group open, as far as can be seen from here?
 * @dev: a device
 * @who: filled with the processes; empty for none
 * @size: size of @who
 *
 * Nothing is opened. Who is not root sees processes of the same user alone. Before Linux 6.16 the
 * file of a VFIO device does not tell which one it is of: such a process may be the user, when the
 * device is awake.
 *
 * Return: whether there are any.
 */
bool users_find(const struct device *dev, char *who, size_t size);

/**
 * users_leaving() - is its VFIO driver being taken away, and waits for a user?
 * @dev: a device
 * @who: filled with the processes
 * @size: size of @who
 *
 * Whoever takes the driver away holds the lock of the device, so that every write waits,
 * too. By then the device has no driver any more as sysfs shows it, and on newer kernels no VFIO
 * device; but the VFIO group is there until the driver is done.
 *
 * Return: whether it is.
 */
bool users_leaving(const struct device *dev, char *who, size_t size);

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
