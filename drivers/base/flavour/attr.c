// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attribute, and what the bus tells of its devices
 *
 * Locks, outermost first. What is not in this list is never held together.
 *
 *	writers (a mutex in the record): one writer at a time for a device, held for all of a
 *		write, over modprobe and the drivers' probe and remove. Taken by writers alone: no
 *		notifier, no reader and nothing that a driver calls takes it, so a driver that is
 *		stuck keeps back further writers for its own device and nothing else.
 *	the device's lock: by the driver core when it binds and unbinds, and by us to look at
 *		dev->driver. Never held while modprobe runs, never two of them. Somebody may hold it
 *		for ever: lock.c says how it is taken.
 *	the bus's notifier chain (a rwsem, for read): our notifier runs inside it.
 *	records_lock: the table. Inside it only an allocation.
 *	held_lock: of the group that a device holds while it leaves a VFIO driver.
 *	iommu_group's mutex (in the iommu core's functions), then table_lock
 *	table_lock, override_lock: spinlocks, leaves, but for the lock that some kernels have for
 *		driver_override alone, which is inside override_lock.
 *
 * pci_lock_rescan_remove() is not in it: sriov_numvfs takes it inside the PF's lock, and we need
 * no bus to stand still. Nor is the file's active reference, which device_del() waits for:
 * the writer gives it up first of all, so that a device can be unplugged while a write for it
 * waits for modprobe, for a driver or for the device's lock. A reader keeps it, and waits for
 * nothing: of the device's lock it only asks whether it is free.
 *
 * The file is not removed in DEL_DEVICE. That would wait for readers and writers with the chain's
 * rwsem held, and a writer needs the rwsem to bind a driver. The driver core drops the file with
 * the directory.
 */
#include <linux/sysfs.h>

#include "flavour.h"

static ssize_t driver_flavour_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct flavour_device *fdev = flavour_device_get(dev);
	bool offers;
	int ret;

	if (!fdev)
		return -ENODEV;
	ret = flavour_override_look(fdev);
	if (!ret) {
		offers = !fdev->bus->offers_vfio || fdev->bus->offers_vfio(dev);
		spin_lock(&fdev->override_lock);
		ret = flavour_format(buf, PAGE_SIZE, offers,
				     READ_ONCE(fdev->vfio) ? FLAVOUR_VFIO : FLAVOUR_NATIVE,
				     fdev->seen);
		spin_unlock(&fdev->override_lock);
	}
	flavour_device_put(fdev);
	return ret;
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

/* A device without a file for want of memory is told of, and lives without */
static void device_added(struct flavour_bus *bus, struct device *dev)
{
	int ret = flavour_device_add(bus, dev);

	if (!ret)
		ret = device_create_file(dev, &dev_attr_driver_flavour);
	if (ret && ret != -EEXIST)
		dev_err(dev, "no driver_flavour attribute (%d)\n", ret);
}

/* The driver comes or goes, or its probe has failed; always under the device's lock */
static void driver_changed(struct device *dev, unsigned long event)
{
	struct flavour_device *fdev = flavour_device_get(dev);

	if (!fdev)
		return;
	if (event == BUS_NOTIFY_BOUND_DRIVER)
		flavour_device_set_driver(fdev, dev->driver);
	if (event == BUS_NOTIFY_UNBOUND_DRIVER) {
		flavour_device_set_driver(fdev, NULL);
		/* A device that is unplugged leaves its group after it, which has no owner then */
		flavour_group_release(fdev);
	}
	flavour_override_note(fdev);
	flavour_device_put(fdev);
}

static int flavour_bus_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct flavour_bus *bus = container_of(nb, struct flavour_bus, nb);
	struct device *dev = data;

	switch (event) {
	case BUS_NOTIFY_ADD_DEVICE:
		device_added(bus, dev);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		flavour_device_remove(dev);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
	case BUS_NOTIFY_UNBIND_DRIVER:
	case BUS_NOTIFY_UNBOUND_DRIVER:
		driver_changed(dev, event);
		break;
	}
	return NOTIFY_OK;
}

static int is_device(struct device *dev, const void *data)
{
	return dev == data;
}

/*
 * A device that was on the bus before the notifier; to be called under its lock, which keeps the
 * driver from changing between the record and what the notifier sees. It may be on its way out:
 * then it is off the bus's list, and nobody takes its record, or its file, away again. If it is on
 * the list it stays as long as we hold the lock: who takes it off waits for the lock, to release
 * its driver, before the directory goes and REMOVED_DEVICE comes.
 */
static void add_present(struct flavour_bus *bus, struct device *dev)
{
	struct device *found = bus_find_device(bus->type, NULL, dev, is_device);

	if (found)
		device_added(bus, dev);
	put_device(found);
}

static int walk_device(struct device *dev, void *data)
{
	if (flavour_trylock(dev)) {
		add_present(data, dev);
		device_unlock(dev);
	}
	return 0;
}

/* Who loads the module can be killed if a device's lock does not come free; it stays loaded then */
static int walk_left_over(struct device *dev, void *data)
{
	struct flavour_device *fdev = flavour_device_get(dev);

	if (fdev) {
		flavour_device_put(fdev);
	} else if (!flavour_lock_midway(dev)) {
		add_present(data, dev);
		device_unlock(dev);
	} else {
		dev_err(dev, "no driver_flavour attribute: somebody else holds its lock\n");
	}
	return 0;
}

int flavour_bus_register(struct flavour_bus *bus)
{
	int ret;

	bus->nb.notifier_call = flavour_bus_notify;
	ret = bus_register_notifier(bus->type, &bus->nb);
	if (ret)
		return ret;
	bus_for_each_dev(bus->type, NULL, bus, walk_device);
	return bus_for_each_dev(bus->type, NULL, bus, walk_left_over);
}
