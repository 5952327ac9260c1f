/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading and setting a device's driver_override from outside of the driver core, which no
 * kernel has a function to read for.
 *
 * Whose it is, is told by the string's address. What is written to the driver_override file, or
 * set by the driver core's function, is a copy in as few bytes as it takes. Ours has more, of
 * another of kmalloc's caches. So a copy of somebody else's never gets the address that ours had
 * before it was freed, even if it says the same, unless the slab's page itself was given back and
 * cut into other sizes meanwhile.
 */
#ifndef COMPAT_LINUX_DRIVER_OVERRIDE_H
#define COMPAT_LINUX_DRIVER_OVERRIDE_H

#include <linux/device.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

/* More than twice as long as the name of any module, and so of its drivers, as a rule */
#define DRIVER_OVERRIDE_BYTES	512

/* A string for driver_override_set(), or NULL */
static inline char *driver_override_alloc(const char *name)
{
	size_t len = strlen(name) + 1;
	char *new = kzalloc(max_t(size_t, len, DRIVER_OVERRIDE_BYTES), GFP_KERNEL);

	if (new)
		memcpy(new, name, len);
	return new;
}

#ifdef HAVE_DEVICE_DRIVER_OVERRIDE

/* Must the device's lock be held by who calls the two functions below? */
#define DRIVER_OVERRIDE_UNDER_DEVICE_LOCK	false

/*
 * A copy for the caller to kfree(), NULL if there is none, or ERR_PTR(-ENOMEM). @which becomes the
 * address of the original, not to be read through. Does not sleep.
 */
static inline char *driver_override_copy(struct device *dev, const void **which)
{
	char *copy = NULL;

	spin_lock(&dev->driver_override.lock);
	*which = dev->driver_override.name;
	if (*which) {
		copy = kstrdup(*which, GFP_ATOMIC);
		if (!copy)
			copy = ERR_PTR(-ENOMEM);
	}
	spin_unlock(&dev->driver_override.lock);
	return copy;
}

/*
 * Set what driver_override_alloc() gave, which the device then owns, or clear it with NULL.
 * -ENOMEM changes nothing. Does not sleep.
 */
static inline int driver_override_set(struct device *dev, const char *new)
{
	const char *old;

	spin_lock(&dev->driver_override.lock);
	old = dev->driver_override.name;
	dev->driver_override.name = new;
	spin_unlock(&dev->driver_override.lock);
	kfree(old);
	return 0;
}

#else /* before 6.12.94 */

#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/rcupdate.h>

#define DRIVER_OVERRIDE_UNDER_DEVICE_LOCK	true

/* Each bus keeps it in its own device */
static inline const char **driver_override_place(struct device *dev)
{
	if (dev->bus == &platform_bus_type)
		return &to_platform_device(dev)->driver_override;
	return &to_pci_dev(dev)->driver_override;
}

static inline char *driver_override_copy(struct device *dev, const void **which)
{
	char *copy;

	device_lock_assert(dev);
	*which = *driver_override_place(dev);
	if (!*which)
		return NULL;
	copy = kstrdup(*which, GFP_ATOMIC);
	return copy ?: ERR_PTR(-ENOMEM);
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
static inline int driver_override_set(struct device *dev, const char *new)
{
	struct driver_override_old *old = kmalloc(sizeof(*old), GFP_ATOMIC);

	if (!old)
		return -ENOMEM;
	device_lock_assert(dev);
	old->name = *driver_override_place(dev);
	/* Who reads it without a lock finds the whole string behind it */
	smp_store_release(driver_override_place(dev), new);
	call_rcu_tasks(&old->rcu, driver_override_free_old);
	return 0;
}

#endif /* HAVE_DEVICE_DRIVER_OVERRIDE */

#endif /* COMPAT_LINUX_DRIVER_OVERRIDE_H */
