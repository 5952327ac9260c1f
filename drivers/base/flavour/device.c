// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attribute, and the record of each device of a bus
 *
 * Locks, outermost first. What is not in this list is never held together.
 *
 *	writers (a mutex in the record): one writer at a time for a device, held for all of a
 *		write, over modprobe and the drivers' probe and remove. Taken by writers alone: no
 *		notifier, no reader and nothing that a driver calls takes it, so a driver that is
 *		stuck keeps back further writers for its own device and nothing else.
 *	the device's lock: by the driver core when it binds and unbinds, and by us to look at
 *		dev->driver. Never held while modprobe runs, never two of them.
 *	the bus's notifier chain (a rwsem, for read): our notifier runs inside it.
 *	records_lock: the table, and that a file is created once. Inside it only sysfs's own
 *		locks and an allocation.
 *	iommu_group's mutex (in the iommu core's functions), then table_lock
 *	table_lock, ours_lock: spinlocks, leaves.
 *
 * pci_lock_rescan_remove() is not in it: sriov_numvfs takes it inside the PF's lock, and we need
 * no bus to stand still. Nor is the file's active reference, which device_del() waits for:
 * the writer gives it up first of all, so that a device can be unplugged while a write for it
 * waits for modprobe, for a driver or for the device's lock. A reader keeps it, and takes nothing
 * for long.
 *
 * The file is not removed in DEL_DEVICE. That would wait for readers and writers with the chain's
 * rwsem held, and a writer needs the rwsem to bind a driver. The driver core drops the file with
 * the directory.
 *
 * Records: there from ADD_DEVICE, before the uevent tells anybody of the device, to
 * REMOVED_DEVICE, after which it can have no driver any more. A record holds a reference to its
 * device, so its address means no other device for as long.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/driver_override.h>

#include "flavour.h"

static DEFINE_HASHTABLE(records, 8);
/* Serialises changes of the table; creating the file is one step with them */
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
	put_device(fdev->dev);
	kfree(fdev->ours);
	kfree(fdev);
}

void flavour_device_put(struct flavour_device *fdev)
{
	kref_put(&fdev->ref, record_release);
}

/* Is @override, which may be NULL, the one that we set? */
bool flavour_is_ours(struct flavour_device *fdev, const char *override)
{
	bool ours;

	spin_lock(&fdev->ours_lock);
	ours = override && fdev->ours && !strcmp(override, fdev->ours);
	spin_unlock(&fdev->ours_lock);
	return ours;
}

/* Takes over @name, which may be NULL, and returns the one before for the caller to kfree() */
char *flavour_swap_ours(struct flavour_device *fdev, char *name)
{
	char *old;

	spin_lock(&fdev->ours_lock);
	old = fdev->ours;
	fdev->ours = name;
	spin_unlock(&fdev->ours_lock);
	return old;
}

static ssize_t driver_flavour_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct flavour_device *fdev = flavour_device_get(dev);
	char *override;
	bool offers;
	int len;

	if (!fdev)
		return -ENODEV;
	override = driver_override_get(dev);
	if (IS_ERR(override)) {
		flavour_device_put(fdev);
		return PTR_ERR(override);
	}
	offers = !fdev->bus->offers_vfio || fdev->bus->offers_vfio(dev);
	len = flavour_format(buf, PAGE_SIZE, offers,
			     READ_ONCE(fdev->vfio) ? FLAVOUR_VFIO : FLAVOUR_NATIVE,
			     flavour_is_ours(fdev, override) ? NULL : override);
	kfree(override);
	flavour_device_put(fdev);
	return len;
}

static int record_write(struct flavour_device *fdev, enum flavour flavour)
{
	int ret;

	ret = flavour_write_begin();
	if (ret)
		return ret;
	ret = mutex_lock_interruptible(&fdev->writers);
	if (!ret) {
		ret = flavour == FLAVOUR_VFIO ? flavour_to_vfio(fdev) : flavour_to_native(fdev);
		mutex_unlock(&fdev->writers);
	}
	flavour_write_end();
	return ret;
}

static ssize_t driver_flavour_store(struct device *dev, struct device_attribute *attr,
				    const char *buf, size_t count)
{
	struct flavour_device *fdev;
	struct kernfs_node *kn;
	int flavour, ret;

	flavour = flavour_parse(buf, count);
	if (flavour < 0)
		return flavour;
	fdev = flavour_device_get(dev);
	if (!fdev)
		return -ENODEV;
	/* From here on the device can go away, but not its memory: the record holds it */
	kn = sysfs_break_active_protection(&dev->kobj, &attr->attr);
	if (kn) {
		ret = record_write(fdev, flavour);
		sysfs_unbreak_active_protection(kn);
	} else {
		ret = -ENODEV;
	}
	flavour_device_put(fdev);
	return ret ?: count;
}

static DEVICE_ATTR_RW(driver_flavour);

static struct flavour_device *record_alloc(struct flavour_bus *bus, struct device *dev)
{
	struct flavour_device *fdev = kzalloc(sizeof(*fdev), GFP_KERNEL);

	if (!fdev)
		return NULL;
	kref_init(&fdev->ref);
	mutex_init(&fdev->writers);
	spin_lock_init(&fdev->ours_lock);
	fdev->bus = bus;
	fdev->dev = get_device(dev);
	return fdev;
}

/* Called under the device's lock, or before it can have a driver */
static void record_set_driver(struct flavour_device *fdev, struct device_driver *drv)
{
	WRITE_ONCE(fdev->vfio, drv && fdev->bus->is_vfio(drv));
	WRITE_ONCE(fdev->dma_api, drv && !fdev->bus->manages_dma(drv));
}

/*
 * The notifier and the first walk may both come with a device; it gets one record and one file.
 * A device without a file for want of memory is told of, and lives without.
 */
static void record_add(struct flavour_bus *bus, struct device *dev)
{
	struct flavour_device *fdev;
	int ret = -ENOMEM;

	mutex_lock(&records_lock);
	fdev = flavour_device_get(dev);
	if (fdev) {
		flavour_device_put(fdev);
		mutex_unlock(&records_lock);
		return;
	}
	fdev = record_alloc(bus, dev);
	if (fdev) {
		record_set_driver(fdev, dev->driver);
		spin_lock(&table_lock);
		hash_add(records, &fdev->node, (unsigned long)dev);
		spin_unlock(&table_lock);
		ret = device_create_file(dev, &dev_attr_driver_flavour);
	}
	mutex_unlock(&records_lock);
	if (ret)
		dev_err(dev, "no driver_flavour attribute (%d)\n", ret);
}

static void record_remove(struct device *dev)
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

static void device_bound(struct device *dev, struct device_driver *drv)
{
	struct flavour_device *fdev = flavour_device_get(dev);

	if (!fdev)
		return;
	record_set_driver(fdev, drv);
	if (!drv)
		flavour_end_leaving(fdev);
	flavour_device_put(fdev);
}

static int flavour_bus_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct flavour_bus *bus = container_of(nb, struct flavour_bus, nb);
	struct device *dev = data;

	switch (event) {
	case BUS_NOTIFY_ADD_DEVICE:
		record_add(bus, dev);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		record_remove(dev);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		device_bound(dev, dev->driver);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		device_bound(dev, NULL);
		break;
	}
	return NOTIFY_OK;
}

static int is_device(struct device *dev, const void *data)
{
	return dev == data;
}

/*
 * A device that was on the bus before the notifier. It may be on its way out: it leaves the bus's
 * list before REMOVED_DEVICE, so if it is not on the list any more after its record was added, the
 * notification may have come before the record, and the record goes. The lock keeps the driver
 * from changing between the record and what the notifier sees.
 */
static int walk_device(struct device *dev, void *data)
{
	struct flavour_bus *bus = data;
	struct device *found;

	device_lock(dev);
	record_add(bus, dev);
	device_unlock(dev);
	found = bus_find_device(bus->type, NULL, dev, is_device);
	if (!found)
		record_remove(dev);
	put_device(found);
	return 0;
}

int flavour_bus_register(struct flavour_bus *bus)
{
	int ret;

	bus->nb.notifier_call = flavour_bus_notify;
	ret = bus_register_notifier(bus->type, &bus->nb);
	if (ret)
		return ret;
	return bus_for_each_dev(bus->type, NULL, bus, walk_device);
}
