// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a device in use, so that taking its driver away would take it from somebody?
 *
 * A VFIO driver is in use while a user has its device open. Its remove function then waits until
 * the user closes it, for ever if need be, so asking beforehand must be sure. Two things tell. Who
 * uses the device owns its IOMMU group. Where the kernel has iommufd, a device can be open (as
 * /dev/vfio/devices/vfioN) before its user has bound it to an iommufd, and owns nothing then;
 * but remove waits for that as well. For this vfio counts users of the device in a member of its
 * struct that it calls private, and no function asks for: we read it. Owning the group keeps all
 * others from using the device; somebody can still open it between the question and remove.
 *
 * For a native driver the driver core knows no "in use": an unbind is always obeyed. Here it is
 * refused for what surely hurts and can be told without asking the driver: a network interface
 * that is up, a disk that is open (mounted, swap, part of a RAID...). As with a disk's last close,
 * somebody may come right after the check; then it is as after any unbind. The tty, the sound, the
 * RDMA context on a device are not looked at.
 */
#include <linux/blkdev.h>
#include <linux/netdevice.h>
#include <linux/refcount.h>
#include <linux/vfio.h>

#include "flavour.h"

static bool is_class(struct device *dev, const char *name)
{
	return dev->class && !strcmp(dev->class->name, name);
}

static bool net_is_up(struct device *dev)
{
	return IS_ENABLED(CONFIG_NET) && is_class(dev, "net") &&
	       READ_ONCE(to_net_dev(dev)->flags) & IFF_UP;
}

/* Openers of partitions count as openers of the disk as well */
static bool disk_is_open(struct device *dev)
{
	return IS_ENABLED(CONFIG_BLOCK) && is_class(dev, "block") &&
	       disk_openers(dev_to_disk(dev));
}

/* As deep as devices are nested, some dozen at most (hubs, then SCSI) */
static int child_busy(struct device *dev, void *data)
{
	if (net_is_up(dev) || disk_is_open(dev))
		return -EBUSY;
	return device_for_each_child(dev, NULL, child_busy);
}

/* vfio's own reference is one, each open file of the device is one */
static int vfio_child_busy(struct device *dev, void *data)
{
	if (!is_class(dev, "vfio-dev"))
		return 0;
	return refcount_read(&container_of(dev, struct vfio_device, device)->refcount) > 1 ?
	       -EBUSY : 0;
}

static int vfio_busy(struct flavour_device *fdev)
{
	int ret = flavour_group_hold(fdev);

	if (ret)
		return ret;
	ret = device_for_each_child(fdev->dev, NULL, vfio_child_busy);
	if (ret)
		flavour_group_release(fdev);
	return ret;
}

/*
 * The device is to lose the driver that it has. To be called under the device's lock.
 *
 * Return: 0, -EBUSY if it is in use, or -ENOMEM. After 0, flavour_group_release() is called when
 * the driver is gone, or if it stays after all.
 */
int flavour_begin_leaving(struct flavour_device *fdev)
{
	int ret = 0;

	device_lock_assert(fdev->dev);
	if (fdev->bus->busy)
		ret = fdev->bus->busy(fdev->dev);
	if (ret)
		return ret;
	if (fdev->vfio)
		return vfio_busy(fdev);
	return device_for_each_child(fdev->dev, NULL, child_busy);
}
