/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_DEVICE_H
#define VFIO_FLAVOUR_DEVICE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define DEVICE_NAME_SIZE	64

/**
 * struct device - a PCI function as sysfs shows it
 * @bdf: its full address
 * @fd: its folder in sysfs
 */
struct device {
	char bdf[DEVICE_NAME_SIZE];
	int fd;
};

/**
 * device_open() - find a PCI function
 * @dev: filled; device_close() ends it
 * @name: its address in one of the ways that address_parse() knows, or a path in sysfs
 *
 * Return: 0, -EINVAL when @name is no address, -ENODEV when there is no such device.
 */
int device_open(struct device *dev, const char *name);

/**
 * device_lock() - keep other runs of this program away until device_close()
 * @dev: the device
 *
 * Waits for a run that changes the device, so it is only for one that does so itself.
 */
void device_lock(const struct device *dev);

/**
 * device_close() - forget it, and unlock it
 * @dev: what device_open() filled
 */
void device_close(struct device *dev);

/**
 * device_read() - read an attribute without its line end
 * @dev: the device
 * @name: the attribute; not one that takes the lock of the device, see device_read_locked()
 * @text: filled; empty when there is no such attribute
 * @size: size of @text
 *
 * Return: 0 or a negative errno.
 */
int device_read(const struct device *dev, const char *name, char *text, size_t size);

/**
 * device_read_locked() - read an attribute for which the kernel takes the device's lock
 * @dev: the device
 * @name: the attribute
 * @text: filled; empty when there is no such attribute
 * @size: size of @text, no more than DEVICE_NAME_SIZE
 * @seconds: how long to wait for the lock
 *
 * Whoever holds the lock may wait for a user of the device, and a process that waits for the
 * lock cannot be killed. So another process reads, which is left behind when it takes too long.
 *
 * Return: 0, -ETIMEDOUT, or another negative errno.
 */
int device_read_locked(const struct device *dev, const char *name, char *text, size_t size,
		       int seconds);

/**
 * device_write() - write an attribute in one write
 * @dev: the device
 * @name: the attribute
 * @text: what to write
 *
 * Return: 0 or a negative errno.
 */
int device_write(const struct device *dev, const char *name, const char *text);

/**
 * device_has() - is there an attribute or a folder of that name?
 * @dev: the device
 * @name: the name
 *
 * Return: whether there is.
 */
bool device_has(const struct device *dev, const char *name);

/**
 * device_link() - last part of where a link of the device leads
 * @dev: the device
 * @name: "driver", "iommu_group"...
 * @text: filled; empty when there is no such link
 * @size: size of @text
 */
void device_link(const struct device *dev, const char *name, char *text, size_t size);

/**
 * device_unbind() - take its driver away; nothing to do is success
 * @dev: the device
 *
 * Return: 0 or a negative errno.
 */
int device_unbind(const struct device *dev);

/**
 * device_probe() - let the bus find a driver for it; that none takes it is no failure
 * @dev: the device
 *
 * Return: 0 or a negative errno.
 */
int device_probe(const struct device *dev);

/**
 * device_bind() - offer it to one driver, which takes it if its own table or ids match
 * @dev: the device
 * @driver: name of the driver
 *
 * Return: 0 or a negative errno.
 */
int device_bind(const struct device *dev, const char *driver);

/**
 * device_has_vfio() - is there a struct vfio_device for it?
 * @dev: the device
 *
 * Return: whether there is.
 */
bool device_has_vfio(const struct device *dev);

/**
 * device_is_bridge() - is it one of those that VFIO does not drive?
 * @dev: the device
 *
 * Return: whether it is.
 */
bool device_is_bridge(const struct device *dev);

#endif
