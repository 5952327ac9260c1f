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

int __vfio_physfn_of(const char *bdf, char *pf, size_t size)
{
	read_device_link(bdf, "physfn", pf, size);
	return pf[0] ? 0 : -ENODEV;
}

int __vfio_sysfs_write(const char *path, const char *value)
{
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		ret = -errno;
	close(fd);
	return ret;
}

int __vfio_attr_write(const char *bdf, const char *attr, const char *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, attr);
	return __vfio_sysfs_write(path, value);
}

int __vfio_attr_read(const char *bdf, const char *attr, char *value,
		     size_t size)
{
	char path[PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, attr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, value, size - 1);
	close(fd);
	if (len < 0)
		return -EIO;
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

static int write_driver_file(const char *driver, const char *file,
			     const char *bdf)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s", driver,
		 file);
	return __vfio_sysfs_write(path, bdf);
}

int __vfio_driver_unbind(const char *bdf, const char *driver)
{
	return write_driver_file(driver, "unbind", bdf);
}

int __vfio_driver_bind(const char *bdf, const char *driver)
{
	return write_driver_file(driver, "bind", bdf);
}
