/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading and setting a device's driver_override from outside of the driver core, which no
 * kernel has a function to read for.
 */
#ifndef COMPAT_LINUX_DRIVER_OVERRIDE_H
#define COMPAT_LINUX_DRIVER_OVERRIDE_H

#include <linux/device.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifdef HAVE_DEVICE_DRIVER_OVERRIDE

/* A copy for the caller to kfree(), NULL if there is none, or ERR_PTR(-ENOMEM) */
static inline char *driver_override_get(struct device *dev)
{
	char *copy = NULL;

	spin_lock(&dev->driver_override.lock);
	if (dev->driver_override.name) {
		copy = kstrdup(dev->driver_override.name, GFP_ATOMIC);
		if (!copy)
			copy = ERR_PTR(-ENOMEM);
	}
	spin_unlock(&dev->driver_override.lock);
	return copy;
}

/* Set it, or clear it with NULL. -ENOMEM changes nothing. */
static inline int driver_override_set(struct device *dev, const char *name)
{
	return device_set_driver_override(dev, name ?: "");
}

#else /* before 6.12.94 */

#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/rcupdate.h>

/* Each bus keeps it in its own device, under the device's lock */
static inline const char **driver_override_place(struct device *dev)
{
	if (dev->bus == &platform_bus_type)
		return &to_platform_device(dev)->driver_override;
	return &to_pci_dev(dev)->driver_override;
}

static inline char *driver_override_get(struct device *dev)
{
	char *copy = NULL;

	device_lock(dev);
	if (*driver_override_place(dev)) {
		copy = kstrdup(*driver_override_place(dev), GFP_KERNEL);
		if (!copy)
			copy = ERR_PTR(-ENOMEM);
	}
	device_unlock(dev);
	return copy;
}

struct driver_override_old {
	struct rcu_head rcu;
	const char *name;
};

static inline void driver_override_free_old(struct rcu_head *rcu)
{
	struct driver_override_old *old = container_of(rcu, struct driver_override_old, rcu);

	kfree(old->name);
	kfree(old);
}

/*
 * The bus's match function reads the string with no lock at all when a driver registers. It does
 * not sleep over it, so the string is freed when every task has slept or left the kernel. (What
 * is written to the driver_override file is freed at once: that gap is the kernel's.)
 */
static inline int driver_override_set(struct device *dev, const char *name)
{
	struct driver_override_old *old = kmalloc(sizeof(*old), GFP_KERNEL);
	const char *new = name ? kstrdup(name, GFP_KERNEL) : NULL;

	if (!old || (name && !new)) {
		kfree(old);
		kfree(new);
		return -ENOMEM;
	}
	device_lock(dev);
	old->name = *driver_override_place(dev);
	/* Who reads it without a lock finds the whole string behind it */
	smp_store_release(driver_override_place(dev), new);
	device_unlock(dev);
	call_rcu_tasks(&old->rcu, driver_override_free_old);
	return 0;
}

#endif /* HAVE_DEVICE_DRIVER_OVERRIDE */

#endif /* COMPAT_LINUX_DRIVER_OVERRIDE_H */
