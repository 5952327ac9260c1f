// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOMMU group of a device
 *
 * Whoever has a VFIO device open owns the DMA of its group, be it by a container or by iommufd. We
 * claim that ownership for ourselves while the device leaves its driver: it cannot be had while
 * somebody else has it, and while we have it nobody can open the device.
 *
 * A user cannot have it while a device of the group has a driver that uses the kernel's DMA API.
 * Drivers that do no DMA of their own (pcieport, pci-stub) and devices without one do not matter.
 */
#include <linux/iommu.h>

#include "flavour.h"

/* Who owns the DMA of a group that we hold; only its address matters */
static char hold_owner;

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
 * Own the group, which fails if a user does. It fails as well if another device of the group
 * has a native driver; but then no user can own it either, and the device is not open. To be called
 * under the device's lock, while it has a driver: the device is in its group then.
 *
 * Return: 0, -EBUSY or -ENOMEM. After 0, flavour_group_release() is called when the driver is gone,
 * or if it stays after all.
 */
int flavour_group_hold(struct flavour_device *fdev)
{
	struct iommu_group *group;
	int ret;

	device_lock_assert(fdev->dev);
	/* What VFIO demands of every device with an IOMMU; one without cannot be asked about */
	if (!device_iommu_capable(fdev->dev, IOMMU_CAP_CACHE_COHERENCY))
		return 0;
	group = iommu_group_get(fdev->dev);
	if (!group)
		return 0;
	mutex_lock(&fdev->held_lock);
	ret = iommu_group_claim_dma_owner(group, &hold_owner);
	if (!ret)
		fdev->held = group;
	mutex_unlock(&fdev->held_lock);
	if (!ret)
		return 0;
	if (ret == -EPERM)
		ret = iommu_group_for_each_dev(group, NULL, uses_dma_api) ? 0 : -EBUSY;
	iommu_group_put(group);
	return ret;
}

/* Give the group free, if it is held. Of two who do so the second waits for the first. */
void flavour_group_release(struct flavour_device *fdev)
{
	mutex_lock(&fdev->held_lock);
	if (fdev->held) {
		iommu_group_release_dma_owner(fdev->held);
		iommu_group_put(fdev->held);
		fdev->held = NULL;
	}
	mutex_unlock(&fdev->held_lock);
}

/* The others of a group that keep users from a device */
struct siblings {
	struct device *self;
	/* With a reference */
	struct device *first;
	unsigned int nr;
};

static int find_siblings(struct device *dev, void *data)
{
	struct siblings *siblings = data;

	if (dev == siblings->self || !uses_dma_api(dev, NULL))
		return 0;
	if (!siblings->nr++)
		siblings->first = get_device(dev);
	return 0;
}

static void tell_sibling(struct device *dev, int group, struct siblings *siblings)
{
	struct device *first = siblings->first;
	struct flavour_device *fdev = flavour_device_get(first);
	const char *bus = first->bus->name;

	if (!fdev)
		return;
	if (!fdev->bus->offers_vfio || fdev->bus->offers_vfio(first))
		dev_warn(dev, "in IOMMU group %d %s has driver %s (%u such): no user can open the group; do echo vfio > /sys/bus/%s/devices/%s/driver_flavour, or unbind it\n",
			 group, dev_name(first), dev_driver_string(first), siblings->nr, bus,
			 dev_name(first));
	else
		dev_warn(dev, "in IOMMU group %d %s has driver %s (%u such): no user can open the group; do echo %s > /sys/bus/%s/devices/%s/driver/unbind\n",
			 group, dev_name(first), dev_driver_string(first), siblings->nr,
			 dev_name(first), bus, dev_name(first));
	flavour_device_put(fdev);
}

/* The device is at VFIO: say which other one of its group keeps users from it, if one does */
void flavour_group_tell(struct flavour_device *fdev)
{
	struct siblings siblings = { .self = fdev->dev };
	struct iommu_group *group = iommu_group_get(fdev->dev);

	if (!group)
		return;
	iommu_group_for_each_dev(group, &siblings, find_siblings);
	if (siblings.first) {
		tell_sibling(fdev->dev, iommu_group_id(group), &siblings);
		put_device(siblings.first);
	}
	iommu_group_put(group);
}
