// SPDX-License-Identifier: GPL-2.0-only
/* A device opened through its group and a TCE container, and its regions */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nvlink2.h"

static int group_of(const char *bdf)
{
	char path[128], link[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = '\0';
	return atoi(strrchr(link, '/') + 1);
}

static int open_group(struct nv_device *dev, int iommu)
{
	int group = group_of(dev->bdf);
	char path[64];

	if (group < 0)
		return group;
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	dev->group_fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->group_fd < 0 ||
	    ioctl(dev->group_fd, VFIO_GROUP_SET_CONTAINER, &dev->container_fd) ||
	    ioctl(dev->container_fd, VFIO_SET_IOMMU, iommu))
		return -errno;
	return 0;
}

static int open_device(struct nv_device *dev)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	dev->fd = ioctl(dev->group_fd, VFIO_GROUP_GET_DEVICE_FD, dev->bdf);
	if (dev->fd < 0 || ioctl(dev->fd, VFIO_DEVICE_GET_INFO, &info))
		return -errno;
	dev->num_regions = info.num_regions;
	return 0;
}

int nv_open(struct nv_device *dev, const char *bdf, int iommu)
{
	int ret;

	memset(dev, 0, sizeof(*dev));
	snprintf(dev->bdf, sizeof(dev->bdf), "%s", bdf);
	dev->fd = -1;
	dev->group_fd = -1;
	dev->container_fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (dev->container_fd < 0)
		return -errno;
	ret = open_group(dev, iommu);
	if (!ret)
		ret = open_device(dev);
	if (ret)
		nv_close(dev);
	return ret;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void nv_close(struct nv_device *dev)
{
	close_fd(&dev->fd);
	close_fd(&dev->group_fd);
	close_fd(&dev->container_fd);
}

/* One capability at @at of @info, which has @bytes */
static int take_cap(const char *info, size_t bytes, __u32 at, struct nv_region *region)
{
	const struct vfio_region_info_cap_nvlink2_ssatgt *ssatgt;
	const struct vfio_region_info_cap_nvlink2_lnkspd *lnkspd;
	const struct vfio_region_info_cap_type *type;
	const struct vfio_info_cap_header *cap;

	/* The smallest of the capabilities below is as large as the others */
	if (at % 8 || at + sizeof(*ssatgt) > bytes || region->num_caps == 8)
		return -EPROTO;
	cap = (const void *)(info + at);
	type = (const void *)cap;
	ssatgt = (const void *)cap;
	lnkspd = (const void *)cap;
	if (cap->version != 1)
		return -EPROTO;
	region->caps[region->num_caps++] = cap->id;
	if (cap->id == VFIO_REGION_INFO_CAP_TYPE) {
		region->type = type->type;
		region->subtype = type->subtype;
	} else if (cap->id == VFIO_REGION_INFO_CAP_NVLINK2_SSATGT) {
		region->ssatgt = ssatgt->tgt;
	} else if (cap->id == VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD) {
		region->lnkspd = lnkspd->link_speed;
	}
	return cap->next;
}

int nv_region(const struct nv_device *dev, __u32 index, struct nv_region *region)
{
	__u64 words[64] = {};
	struct vfio_region_info *info = (void *)words;
	int at;

	memset(region, 0, sizeof(*region));
	info->argsz = sizeof(words);
	info->index = index;
	if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, info))
		return -errno;
	if (info->argsz > sizeof(words))
		return -E2BIG;
	region->offset = info->offset;
	region->size = info->size;
	region->flags = info->flags;
	if (!(info->flags & VFIO_REGION_INFO_FLAG_CAPS))
		return 0;
	for (at = info->cap_offset; at > 0;)
		at = take_cap((char *)words, info->argsz, at, region);
	return at;
}
