// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device opened through a type1 container and its group. Each device has a
 * container of its own, so each has an IOVA space of its own, as two virtual
 * machines would.
 */
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iommufd.h"
#include "vfio_mig.h"

static int open_container(struct vfio_dev *dev)
{
	dev->container_fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (dev->container_fd < 0)
		return -errno;
	if (ioctl(dev->container_fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		return -EPROTO;
	return 0;
}

static int open_group(struct vfio_dev *dev, unsigned long type)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[32];
	int group;

	group = __vfio_group_of(dev->bdf);
	if (group < 0)
		return group;
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	dev->group_fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->group_fd < 0)
		return -errno;
	if (ioctl(dev->group_fd, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPERM;
	if (ioctl(dev->group_fd, VFIO_GROUP_SET_CONTAINER, &dev->container_fd))
		return -errno;
	if (ioctl(dev->container_fd, VFIO_SET_IOMMU, type))
		return -errno;
	return 0;
}

/* @name: the address, and what else the driver wants to hear */
static int get_device(const struct vfio_dev *dev, const char *name)
{
	int fd;

	/* An iommufd takes a device once, and with a token only from 6.18 on. */
	if (dev->ioas)
		return -EOPNOTSUPP;
	fd = ioctl(dev->group_fd, VFIO_GROUP_GET_DEVICE_FD, name);
	return fd < 0 ? -errno : fd;
}

int __vfio_dev_open_again(const struct vfio_dev *dev)
{
	return get_device(dev, dev->bdf);
}

int __vfio_dev_open(struct vfio_dev *dev, const char *bdf)
{
	return __vfio_dev_open_by(dev, bdf, bdf);
}

static int open_by_group(struct vfio_dev *dev, const char *name, unsigned long type)
{
	int ret;

	ret = open_container(dev);
	if (!ret)
		ret = open_group(dev, type);
	if (ret)
		return ret;
	dev->fd = get_device(dev, name);
	return dev->fd < 0 ? dev->fd : 0;
}

static int open_dev(struct vfio_dev *dev, const char *bdf, const char *name, unsigned long type)
{
	struct vfio_dev closed = {
		.container_fd = -1, .group_fd = -1, .fd = -1,
	};
	int ret;

	/* @bdf may be that of @dev itself. */
	snprintf(closed.bdf, sizeof(closed.bdf), "%s", bdf);
	*dev = closed;

	/* Only tests of the container itself ask for another type than type1v2. */
	if (vfio_iommufd_wanted() && type == VFIO_TYPE1v2_IOMMU)
		ret = __vfio_iommufd_open(dev);
	else
		ret = open_by_group(dev, name, type);
	if (ret) {
		vfio_dev_close(dev);
		return ret;
	}
	if (__vfio_mig_flags(dev->fd, &dev->mig_flags))
		dev->mig_flags = 0;
	return 0;
}

int __vfio_dev_open_by(struct vfio_dev *dev, const char *bdf, const char *name)
{
	return open_dev(dev, bdf, name, VFIO_TYPE1v2_IOMMU);
}

int __vfio_dev_open_type(struct vfio_dev *dev, const char *bdf, unsigned long type)
{
	return open_dev(dev, bdf, bdf, type);
}

void vfio_dev_open(struct vfio_dev *dev, const char *bdf)
{
	int ret = __vfio_dev_open(dev, bdf);

	VFIO_ASSERT(!ret, "open %s: %s", bdf, strerror(-ret));
}

void vfio_dev_close(struct vfio_dev *dev)
{
	int *fds[] = { &dev->fd, &dev->group_fd, &dev->container_fd };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

int __vfio_dev_reset(const struct vfio_dev *dev)
{
	return ioctl(dev->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

void vfio_dev_reset(const struct vfio_dev *dev)
{
	int ret = __vfio_dev_reset(dev);

	VFIO_ASSERT(!ret, "reset %s: %s", dev->bdf, strerror(-ret));
}

int __vfio_dma_map(const struct vfio_dev *dev, void *vaddr, __u64 iova,
		   __u64 size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (__u64)(uintptr_t)vaddr,
		.iova = iova,
		.size = size,
	};

	if (dev->ioas)
		return __vfio_iommufd_map(dev, vaddr, iova, size);
	return ioctl(dev->container_fd, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

void vfio_dma_map(const struct vfio_dev *dev, void *vaddr, __u64 iova,
		  __u64 size)
{
	int ret = __vfio_dma_map(dev, vaddr, iova, size);

	VFIO_ASSERT(!ret, "map 0x%llx bytes at IOVA 0x%llx: %s", size, iova,
		    strerror(-ret));
}

static void get_region(const struct vfio_dev *dev, __u32 index,
		       struct vfio_region_info *info)
{
	*info = (struct vfio_region_info) {
		.argsz = sizeof(*info), .index = index,
	};
	VFIO_ASSERT(!ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, info),
		    "region %u of %s", index, dev->bdf);
}

void *vfio_region_mmap(const struct vfio_dev *dev, __u32 index, size_t *size)
{
	struct vfio_region_info info;
	void *map;

	get_region(dev, index, &info);
	VFIO_ASSERT(info.flags & VFIO_REGION_INFO_FLAG_MMAP,
		    "region %u of %s cannot be mapped", index, dev->bdf);
	map = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   dev->fd, info.offset);
	VFIO_ASSERT(map != MAP_FAILED, "mmap of region %u", index);
	*size = info.size;
	return map;
}

__u16 vfio_config_read16(const struct vfio_dev *dev, unsigned int offset)
{
	struct vfio_region_info info;
	__u16 value;

	get_region(dev, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	VFIO_ASSERT(pread(dev->fd, &value, sizeof(value),
			  info.offset + offset) == sizeof(value),
		    "config read at 0x%x", offset);
	return value;
}

void vfio_config_write16(const struct vfio_dev *dev, unsigned int offset,
			 __u16 value)
{
	struct vfio_region_info info;

	get_region(dev, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	VFIO_ASSERT(pwrite(dev->fd, &value, sizeof(value),
			   info.offset + offset) == sizeof(value),
		    "config write at 0x%x", offset);
}

void vfio_dev_enable_dma(const struct vfio_dev *dev)
{
	__u16 command = vfio_config_read16(dev, PCI_COMMAND);

	vfio_config_write16(dev, PCI_COMMAND,
			    command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

int __vfio_irq_eventfd(const struct vfio_dev *dev, __u32 index)
{
	char buf[sizeof(struct vfio_irq_set) + sizeof(__s32)] = {};
	struct vfio_irq_set *set = (struct vfio_irq_set *)buf;
	__s32 event;

	event = eventfd(0, EFD_CLOEXEC);
	if (event < 0)
		return -errno;
	set->argsz = sizeof(buf);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = 1;
	memcpy(set->data, &event, sizeof(event));
	if (ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, set)) {
		int ret = -errno;

		close(event);
		return ret;
	}
	return event;
}

int vfio_irq_eventfd(const struct vfio_dev *dev, __u32 index)
{
	int event = __vfio_irq_eventfd(dev, index);

	VFIO_ASSERT(event >= 0, "interrupt index %u of %s: %s", index,
		    dev->bdf, strerror(-event));
	return event;
}
