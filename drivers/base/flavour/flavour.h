/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * driver_flavour: what the parts of the module ask of each other
 *
 * main.c	which buses
 * attr.c	the attribute, and what the bus tells of its devices
 * move.c	one write: from one driver to another, or back as it was
 * choose.c	which driver a device gets, and loading its module
 * aliases.c	the lines of modules.alias
 * busy.c	is the device in use?
 * group.c	the IOMMU group of a device: held, or in the way
 * override.c	driver_override: whose it is, and what readers are told
 * lock.c	the device's lock, with nobody stuck in it
 * record.c	the record of each device
 * hold.c	writes and suspend keep out of each other's way
 * words.c	text and numbers without the kernel, also tested in user space
 * pci.c	the PCI bus; one such file for each bus
 */
#ifndef DRIVERS_BASE_FLAVOUR_FLAVOUR_H
#define DRIVERS_BASE_FLAVOUR_FLAVOUR_H

#include <linux/device.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>

#include "words.h"

/**
 * struct flavour_bus - A bus whose devices get the attribute
 *
 * @type: the bus
 * @alias_prefix: how the aliases of the bus's VFIO drivers begin in modules.alias
 *	("vfio_pci:"); NULL if VFIO drivers of this bus have no aliases of their own
 * @fallback: name of the driver, and of its module, for a device that nothing else matches
 * @offers_vfio: can this device be given to a VFIO driver at all? When not, the attribute lists
 *	"native" alone and "vfio" answers -EOPNOTSUPP. NULL: all can.
 * @vfio_alias: writes the alias by which a VFIO driver for the device is found, the
 *	counterpart of @alias_prefix. NULL exactly if @alias_prefix is.
 * @vfio_short_alias: writes the n-th of the strings of at most 55 characters to ask modprobe for
 *	when modules.alias cannot be read; -ENOENT after the last. May be NULL.
 * @native_alias: writes the modalias by which the native driver is found, as in the uevent
 * @is_vfio: is this a VFIO driver? It is called for drivers of this bus only.
 * @match: how well the driver's own table matches the device for VFIO: the number of
 *	wildcards ("*") in the alias of its best entry, or -ENODEV. It is called for drivers for
 *	which @is_vfio is true, no override is looked at.
 * @manages_dma: driver_managed_dma of the driver, which each bus keeps elsewhere
 * @busy: is the device in use in a way that only the bus knows (VFs of a PF)? Returns 0 or
 *	-EBUSY. Called under the device's lock when it is about to lose a driver. May be NULL.
 * @prepare_vfio: called before the device leaves its driver for a VFIO driver, with no
 *	lock but the record's; loads what the VFIO driver will look for. An error ends the
 *	write with nothing changed. May be NULL.
 * @nb: of flavour_bus_register()
 *
 * Writers return the length, or a negative errno if @size is too small. FLAVOUR_ALIAS_SIZE is
 * what they get.
 */
struct flavour_bus {
	typeof_member(struct device, bus) type;
	const char *alias_prefix;
	const char *fallback;
	bool (*offers_vfio)(struct device *dev);
	int (*vfio_alias)(struct device *dev, char *buf, size_t size);
	int (*vfio_short_alias)(struct device *dev, char *buf, size_t size, unsigned int n);
	int (*native_alias)(struct device *dev, char *buf, size_t size);
	bool (*is_vfio)(struct device_driver *drv);
	int (*match)(struct device *dev, struct device_driver *drv);
	bool (*manages_dma)(struct device_driver *drv);
	int (*busy)(struct device *dev);
	int (*prepare_vfio)(struct device *dev);
	struct notifier_block nb;
};

/**
 * struct flavour_device - Our record of a device on a bus
 *
 * @node: in the table of all; there from ADD_DEVICE to REMOVED_DEVICE
 * @ref: one is the table's, one each that of who works with the record
 * @dev: the device; the record holds a reference
 * @bus: its bus
 * @writers: taken by a writer for all of its write; the outermost lock
 * @override_lock: for @ours and @seen, held for no longer than a string takes
 * @ours: the string that we have set as driver_override, NULL if we set none. It may have been
 *	freed since: only its address means something.
 * @seen: driver_override as it was seen last; NULL if there was none, or ours
 * @drv: the bound driver; without the device's lock only its address means something. Changed in
 *	the bus's notifier under the device's lock, as are the next two, and read without one.
 * @vfio: is a VFIO driver bound?
 * @dma_api: is a driver bound that uses the kernel's DMA API?
 * @held_lock: for @held
 * @held: the group that we own while the device leaves a VFIO driver
 */
struct flavour_device {
	struct hlist_node node;
	struct kref ref;
	struct device *dev;
	struct flavour_bus *bus;
	/* One writer at a time */
	struct mutex writers;
	/* For @ours and @seen */
	spinlock_t override_lock;
	const void *ours;
	char *seen;
	struct device_driver *drv;
	bool vfio;
	bool dma_api;
	/* For @held */
	struct mutex held_lock;
	struct iommu_group *held;
};

#define FLAVOUR_ALIAS_SIZE	512

/* record.c */
struct flavour_device *flavour_device_get(struct device *dev);
void flavour_device_put(struct flavour_device *fdev);
void flavour_device_set_driver(struct flavour_device *fdev, struct device_driver *drv);
int flavour_device_add(struct flavour_bus *bus, struct device *dev);
void flavour_device_remove(struct device *dev);

/* lock.c */
bool flavour_trylock(struct device *dev);
int flavour_lock(struct device *dev);
int flavour_lock_midway(struct device *dev);

/* override.c */
int flavour_override_note(struct flavour_device *fdev);
int flavour_override_look(struct flavour_device *fdev);
int flavour_override_get(struct flavour_device *fdev, char **name, bool *by_hand);
int flavour_override_get_locked(struct flavour_device *fdev, char **name, bool *by_hand);
int flavour_override_set(struct flavour_device *fdev, const char *name, bool ours);
int flavour_override_put_back(struct flavour_device *fdev, const char *name, bool ours);

/* attr.c */
int flavour_bus_register(struct flavour_bus *bus);

/* move.c */
int flavour_to_vfio(struct flavour_device *fdev);
int flavour_to_native(struct flavour_device *fdev);

/* choose.c; drivers come with a reference to their module */
int flavour_choose_vfio(struct flavour_device *fdev, const char *override,
			struct device_driver **drv);
int flavour_names_vfio(struct flavour_device *fdev, const char *override);
int flavour_next_native(struct flavour_device *fdev, struct device_driver **drv);
void flavour_load_native(struct flavour_device *fdev);
void flavour_driver_put(struct device_driver *drv);
bool flavour_driver_get(struct device_driver *drv);

/* aliases.c */
struct flavour_aliases {
	void *text;
	size_t len;
};

int flavour_aliases_read(struct flavour_aliases *aliases);
void flavour_aliases_free(struct flavour_aliases *aliases);
int flavour_load_module(const char *module);

/* busy.c */
int flavour_begin_leaving(struct flavour_device *fdev);

/* group.c */
int flavour_group_hold(struct flavour_device *fdev);
void flavour_group_release(struct flavour_device *fdev);
void flavour_group_tell(struct flavour_device *fdev);

/* hold.c */
int flavour_hold_init(void);
int flavour_write_begin(void);
void flavour_write_end(void);

extern struct flavour_bus flavour_pci_bus;
#ifdef CONFIG_ARM64
extern struct flavour_bus flavour_platform_bus;
#endif

/**
 * flavour_load_alias() - Load the one module whose alias fits best
 * @alias: "vfio-reset:vendor,device", without wildcards, of any length
 *
 * The lines of modules.alias that match are the candidates; the fewest wildcards win, and of
 * equals the first line.
 *
 * Context: process, sleeps; must not hold a device lock.
 * Return: 0 after the module was loaded (or was there), -ENOENT if no line matches, -ENOEXEC if
 * the module could not be loaded.
 */
int flavour_load_alias(const char *alias);

#endif /* DRIVERS_BASE_FLAVOUR_FLAVOUR_H */
