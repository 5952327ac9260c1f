// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a device in use, so that taking its driver away would take it from somebody?
 *
 * A VFIO driver is in use while a user has its device open. Its remove function then waits until
 * the user closes it, for ever if need be, so asking beforehand must be sure. Whoever has a VFIO
 * device open owns the DMA of its IOMMU group, be it by a container or by iommufd. We claim that
 * ownership for ourselves while the device leaves its driver: it cannot be had while somebody
 * else has it, and while we have it nobody can open the device.
 *
 * For a native driver the driver core knows no "in use": an unbind is always obeyed. Here it is
 * refused for what surely hurts and can be told without asking the driver: a network interface
 * that is up, a disk that is open (mounted, swap, part of a RAID...). As with a disk's last close,
 * somebody may come right after the check; then it is as after any unbind. The tty, the sound, the
 * RDMA context on a device are not looked at.
 */
#include <linux/blkdev.h>
#include <linux/iommu.h>
#include <linux/netdevice.h>

#include "flavour.h"

/* Who owns the DMA of a group that we hold; only its address matters */
static char hold_owner;

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

static int uses_dma_api(struct device *dev, void *data)
{
	struct flavour_device *fdev = flavour_device_get(dev);
	int ret;

	if (!fdev)
		return 0;
	ret = READ_ONCE(fdev->dma_api);
	flavour_device_put(fdev);
	return ret;
}

/*
 * Own the group. That fails as well if another device of the group has a native driver; but
 * then no user can own it either, and the device is not open.
 */
static int hold_group(struct flavour_device *fdev)
{
	struct iommu_group *group;
	int ret;

	/* What VFIO demands of every device with an IOMMU; one without cannot be asked about */
	if (!device_iommu_capable(fdev->dev, IOMMU_CAP_CACHE_COHERENCY))
		return 0;
	group = iommu_group_get(fdev->dev);
	if (!group)
		return 0;
	ret = iommu_group_claim_dma_owner(group, &hold_owner);
	if (!ret) {
		fdev->held = group;
		return 0;
	}
	if (ret == -EPERM)
		ret = iommu_group_for_each_dev(group, NULL, uses_dma_api) ? 0 : -EBUSY;
	iommu_group_put(group);
	return ret;
}

/*
 * The device is to lose the driver that it has. To be called under the device's lock.
 *
 * Return: 0, -EBUSY if it is in use, or -ENOMEM. After 0, flavour_end_leaving() is called when the
 * driver is gone, or if it stays after all.
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
		return hold_group(fdev);
	return device_for_each_child(fdev->dev, NULL, child_busy);
}

/*
 * To be called under the device's lock. The notifier does so when the driver is unbound, by
 * whomever: before a device that is unplugged leaves its group, which must have no owner then.
 */
void flavour_end_leaving(struct flavour_device *fdev)
{
	device_lock_assert(fdev->dev);
	if (!fdev->held)
		return;
	iommu_group_release_dma_owner(fdev->held);
	iommu_group_put(fdev->held);
	fdev->held = NULL;
}
