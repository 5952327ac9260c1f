// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups and drivers of PCI devices, by sysfs.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <unistd.h>

#include "vfio_mig.h"

/* Last component of the link @what of device @bdf, "" without such a link. */
static void read_device_link(const char *bdf, const char *what, char *name,
			     size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, what);
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	snprintf(name, size, "%s", len > 0 ? basename(target) : "");
}

void vfio_driver_of(const char *bdf, char *name, size_t size)
{
	read_device_link(bdf, "driver", name, size);
}

int __vfio_group_of(const char *bdf)
{
	char group[32];

	read_device_link(bdf, "iommu_group", group, sizeof(group));
	return group[0] ? atoi(group) : -ENODEV;
}

static int write_driver_file(const char *driver, const char *file,
			     const char *bdf)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s", driver,
		 file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, bdf, strlen(bdf)) != (ssize_t)strlen(bdf))
		ret = -errno;
	close(fd);
	return ret;
}

int __vfio_driver_unbind(const char *bdf, const char *driver)
{
	return write_driver_file(driver, "unbind", bdf);
}

int __vfio_driver_bind(const char *bdf, const char *driver)
{
	return write_driver_file(driver, "bind", bdf);
}
