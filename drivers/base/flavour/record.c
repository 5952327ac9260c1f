// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of each device of a bus, and the table of all
 *
 * A record is there from ADD_DEVICE, before the uevent tells anybody of the device, to
 * REMOVED_DEVICE, after which the device can have no driver any more. It holds a reference to its
 * device, so its address means no other device for as long.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>

#include "flavour.h"

static DEFINE_HASHTABLE(records, 8);
/* Serialises who adds and who removes */
static DEFINE_MUTEX(records_lock);
/* Changes of the table, for who looks a record up */
static DEFINE_SPINLOCK(table_lock);

/* The record of a device, or NULL when the device is gone from the bus or never was on it */
struct flavour_device *flavour_device_get(struct device *dev)
{
	struct flavour_device *fdev, *found = NULL;

	spin_lock(&table_lock);
	hash_for_each_possible(records, fdev, node, (unsigned long)dev) {
		if (fdev->dev == dev) {
			kref_get(&fdev->ref);
			found = fdev;
			break;
		}
	}
	spin_unlock(&table_lock);
	return found;
}

static void record_release(struct kref *ref)
{
	struct flavour_device *fdev = container_of(ref, struct flavour_device, ref);

	mutex_destroy(&fdev->writers);
	mutex_destroy(&fdev->held_lock);
	put_device(fdev->dev);
	kfree(fdev->seen);
	kfree(fdev);
}

void flavour_device_put(struct flavour_device *fdev)
{
	kref_put(&fdev->ref, record_release);
}

static struct flavour_device *record_alloc(struct flavour_bus *bus, struct device *dev)
{
	struct flavour_device *fdev = kzalloc(sizeof(*fdev), GFP_KERNEL);

	if (!fdev)
		return NULL;
	kref_init(&fdev->ref);
	mutex_init(&fdev->writers);
	mutex_init(&fdev->held_lock);
	spin_lock_init(&fdev->override_lock);
	fdev->bus = bus;
	fdev->dev = get_device(dev);
	return fdev;
}

/* Called under the device's lock, or before it can have a driver */
void flavour_device_set_driver(struct flavour_device *fdev, struct device_driver *drv)
{
	WRITE_ONCE(fdev->drv, drv);
	WRITE_ONCE(fdev->vfio, drv && fdev->bus->is_vfio(drv));
	WRITE_ONCE(fdev->dma_api, drv && !fdev->bus->manages_dma(drv));
}

/*
 * The notifier and the first walk may both come with a device; it gets one record.
 *
 * Return: 0, -EEXIST if there was one, or -ENOMEM.
 */
int flavour_device_add(struct flavour_bus *bus, struct device *dev)
{
	struct flavour_device *fdev;
	int ret = 0;

	mutex_lock(&records_lock);
	fdev = flavour_device_get(dev);
	if (fdev) {
		flavour_device_put(fdev);
		ret = -EEXIST;
	} else {
		fdev = record_alloc(bus, dev);
		if (fdev) {
			flavour_device_set_driver(fdev, dev->driver);
			spin_lock(&table_lock);
			hash_add(records, &fdev->node, (unsigned long)dev);
			spin_unlock(&table_lock);
		} else {
			ret = -ENOMEM;
		}
	}
	mutex_unlock(&records_lock);
	return ret;
}

void flavour_device_remove(struct device *dev)
{
	struct flavour_device *fdev;

	mutex_lock(&records_lock);
	fdev = flavour_device_get(dev);
	if (fdev) {
		spin_lock(&table_lock);
		hash_del(&fdev->node);
		spin_unlock(&table_lock);
	}
	mutex_unlock(&records_lock);
	if (fdev) {
		/* Once for the lookup, once for the table */
		flavour_device_put(fdev);
		flavour_device_put(fdev);
	}
}
