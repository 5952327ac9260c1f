// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device opened by its own file and bound to an iommufd of its own, with an address
 * space of its own.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "iommufd.h"

bool vfio_iommufd_wanted(void)
{
	return getenv("VFIO_IOMMUFD");
}

/* The name of the device's file is that of the one folder in vfio-dev/. */
static int open_device(const char *bdf)
{
	char path[512];
	struct dirent *entry;
	int fd = -ENODEV;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
		break;
	}
	closedir(dir);
	return fd;
}

int __vfio_iommufd_open(struct vfio_dev *dev)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };

	dev->container_fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (dev->container_fd < 0)
		return -errno;
	dev->fd = open_device(dev->bdf);
	if (dev->fd < 0)
		return dev->fd;
	bind.iommufd = dev->container_fd;
	if (ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return -errno;
	if (ioctl(dev->container_fd, IOMMU_IOAS_ALLOC, &alloc))
		return -errno;
	dev->ioas = alloc.out_ioas_id;
	attach.pt_id = dev->ioas;
	return ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) ? -errno : 0;
}

int __vfio_iommufd_map(const struct vfio_dev *dev, void *vaddr, __u64 iova, __u64 size)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = dev->ioas,
		.user_va = (__u64)(uintptr_t)vaddr,
		.length = size,
		.iova = iova,
	};

	return ioctl(dev->container_fd, IOMMU_IOAS_MAP, &map) ? -errno : 0;
}
