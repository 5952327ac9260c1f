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
 * @fd: its folder in sysfs; locked against other runs of this program
 */
struct device {
	char bdf[DEVICE_NAME_SIZE];
	int fd;
};

/**
 * device_open() - find a PCI function and lock it
 * @dev: filled; device_close() ends it
 * @bdf: address, with or without the domain
 *
 * Return: 0, -EINVAL when @bdf is no address, -ENODEV when there is no such device.
 */
int device_open(struct device *dev, const char *bdf);

/**
 * device_close() - unlock and forget it
 * @dev: what device_open() filled
 */
void device_close(struct device *dev);

/**
 * device_read() - read an attribute without its line end
 * @dev: the device
 * @name: the attribute
 * @text: filled; empty when there is no such attribute
 * @size: size of @text
 *
 * Return: 0 or a negative errno.
 */
int device_read(const struct device *dev, const char *name, char *text, size_t size);

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
 * device_override() - what driver_override says
 * @dev: the device
 * @text: filled; empty when none is set
 * @size: size of @text
 *
 * Return: 0 or a negative errno.
 */
int device_override(const struct device *dev, char *text, size_t size);

/**
 * device_set_override() - write driver_override
 * @dev: the device
 * @driver: name; empty for none
 *
 * Return: 0 or a negative errno.
 */
int device_set_override(const struct device *dev, const char *driver);

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
 * device_has_vfio() - is there a struct vfio_device for it?
 * @dev: the device
 *
 * Return: whether there is.
 */
bool device_has_vfio(const struct device *dev);

#endif
