// SPDX-License-Identifier: GPL-2.0-only
/* A PCI function in sysfs: its attributes, its driver. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "device.h"

#define PCI_BUS	"/sys/bus/pci"

int device_open(struct device *dev, const char *bdf)
{
	unsigned int domain, bus, slot, fn;
	char path[PATH_MAX], rest;

	if (sscanf(bdf, "%x:%x:%x.%x%c", &domain, &bus, &slot, &fn, &rest) != 4) {
		domain = 0;
		if (sscanf(bdf, "%x:%x.%x%c", &bus, &slot, &fn, &rest) != 3)
			return -EINVAL;
	}
	if (bus > 0xff || slot > 0x1f || fn > 7)
		return -EINVAL;
	snprintf(dev->bdf, sizeof(dev->bdf), "%04x:%02x:%02x.%x", domain, bus, slot, fn);
	snprintf(path, sizeof(path), PCI_BUS "/devices/%s", dev->bdf);
	dev->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dev->fd < 0)
		return -ENODEV;
	/* The runs of udev and of a person must not undo each other's half. */
	flock(dev->fd, LOCK_EX);
	return 0;
}

void device_close(struct device *dev)
{
	close(dev->fd);
}

int device_read(const struct device *dev, const char *name, char *text, size_t size)
{
	int fd = openat(dev->fd, name, O_RDONLY | O_CLOEXEC), ret = 0;
	ssize_t len;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	len = read(fd, text, size - 1);
	if (len < 0) {
		ret = -errno;
		len = 0;
	}
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	close(fd);
	return ret;
}

static int write_at(int dirfd, const char *name, const char *text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int device_write(const struct device *dev, const char *name, const char *text)
{
	return write_at(dev->fd, name, text);
}

bool device_has(const struct device *dev, const char *name)
{
	return !faccessat(dev->fd, name, F_OK, 0);
}

void device_link(const struct device *dev, const char *name, char *text, size_t size)
{
	char path[PATH_MAX], *last;
	ssize_t len = readlinkat(dev->fd, name, path, sizeof(path) - 1);

	text[0] = '\0';
	if (len < 0)
		return;
	path[len] = '\0';
	last = strrchr(path, '/');
	snprintf(text, size, "%s", last ? last + 1 : path);
}

int device_override(const struct device *dev, char *text, size_t size)
{
	int ret = device_read(dev, "driver_override", text, size);

	/* So the kernel prints that there is none. */
	if (!strcmp(text, "(null)"))
		text[0] = '\0';
	return ret;
}

int device_set_override(const struct device *dev, const char *driver)
{
	return device_write(dev, "driver_override", driver[0] ? driver : "\n");
}

int device_unbind(const struct device *dev)
{
	int ret = write_at(dev->fd, "driver/unbind", dev->bdf);

	/* -ENODEV: the driver has let it go in the meantime. */
	return ret == -ENOENT || ret == -ENODEV ? 0 : ret;
}

int device_probe(const struct device *dev)
{
	int ret = write_at(AT_FDCWD, PCI_BUS "/drivers_probe", dev->bdf);

	/* Some kernels report what probe() said; who took it shows in sysfs. */
	return ret == -ENOENT || ret == -EACCES ? ret : 0;
}

bool device_has_vfio(const struct device *dev)
{
	return device_has(dev, "vfio-dev");
}
