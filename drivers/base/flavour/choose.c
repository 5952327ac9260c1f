// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which driver a device gets, and loading its module
 *
 * modules.alias says which module to load, the drivers' own tables say what they drive. The
 * registered driver and the line of modules.alias with the fewest wildcards win; of equals the
 * line that comes first, which is libvirt's rule. A module that was loaded for its alias and
 * whose driver then does not match as well as the alias said, or at all, is passed over. A
 * module that cannot be loaded is an error: the next best would silently do less.
 *
 * Every driver that is handed out comes with a reference to its module, so it can neither be
 * unregistered nor freed between the choice and the bind. A module whose init function has not
 * returned is not counted as there: should the function fail, references do not keep it.
 */
#include <linux/kmod.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "flavour.h"

bool flavour_driver_get(struct device_driver *drv)
{
	struct module *owner = drv->owner;

	if (!owner)
		return true;
	return READ_ONCE(owner->state) == MODULE_STATE_LIVE && try_module_get(owner);
}

void flavour_driver_put(struct device_driver *drv)
{
	if (drv)
		module_put(drv->owner);
}

/* What a walk over the drivers of a bus looks for, and what it found */
struct driver_search {
	struct flavour_device *fdev;
	/* By its name, if not NULL */
	const char *driver;
	/* Of this module, if not NULL */
	const char *module;
	/* No more than so many wildcards, lowered to what was found */
	int wildcards;
	/* With a reference */
	struct device_driver *drv;
};

static int search_best(struct device_driver *drv, void *data)
{
	struct driver_search *search = data;
	struct flavour_bus *bus = search->fdev->bus;
	int wildcards;

	if (!bus->is_vfio(drv))
		return 0;
	if (search->module && (!drv->owner || strcmp(module_name(drv->owner), search->module)))
		return 0;
	wildcards = bus->match(search->fdev->dev, drv);
	if (wildcards < 0 || wildcards > search->wildcards ||
	    (wildcards == search->wildcards && search->drv))
		return 0;
	if (!flavour_driver_get(drv))
		return 0;
	flavour_driver_put(search->drv);
	search->drv = drv;
	search->wildcards = wildcards;
	return 0;
}

/* The registered VFIO driver that matches best; of one @module if that is not NULL */
static struct device_driver *best_driver(struct flavour_device *fdev, const char *module,
					 int *wildcards)
{
	struct driver_search search = {
		.fdev = fdev,
		.module = module,
		.wildcards = *wildcards,
	};

	bus_for_each_drv(fdev->bus->type, NULL, &search, search_best);
	*wildcards = search.wildcards;
	return search.drv;
}

static int search_name(struct device_driver *drv, void *data)
{
	struct driver_search *search = data;

	if (strcmp(drv->name, search->driver) || !flavour_driver_get(drv))
		return 0;
	search->drv = drv;
	return 1;
}

static struct device_driver *named_driver(struct flavour_device *fdev, const char *name)
{
	struct driver_search search = { .fdev = fdev, .driver = name };

	bus_for_each_drv(fdev->bus->type, NULL, &search, search_name);
	return search.drv;
}

/* Is @name a module of a VFIO driver for this bus, as far as one can tell without loading it? */
static int is_vfio_module(struct flavour_device *fdev, const char *name)
{
	struct flavour_bus *bus = fdev->bus;
	struct flavour_aliases aliases;
	char *module;
	int ret;

	if (!strcmp(name, bus->fallback))
		return 1;
	if (!bus->alias_prefix)
		return 0;
	ret = flavour_aliases_read(&aliases);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	module = kstrdup(name, GFP_KERNEL);
	ret = -ENOMEM;
	if (module) {
		flavour_normalize(module);
		ret = flavour_module_has_alias(aliases.text, aliases.len, bus->alias_prefix,
					       module);
	}
	kfree(module);
	flavour_aliases_free(&aliases);
	return ret;
}

/* 1 if the driver of that name is for VFIO, 0 if not, or an error */
int flavour_names_vfio(struct flavour_device *fdev, const char *override)
{
	struct device_driver *drv = named_driver(fdev, override);
	int ret;

	if (!drv)
		return is_vfio_module(fdev, override);
	ret = fdev->bus->is_vfio(drv);
	flavour_driver_put(drv);
	return ret;
}

/* The driver that a hand-written override names; it is loaded only if it is known to be VFIO's */
static int choose_named(struct flavour_device *fdev, const char *name,
			struct device_driver **drv)
{
	int ret = flavour_names_vfio(fdev, name);

	if (ret < 0)
		return ret;
	if (!ret)
		return -EEXIST;
	*drv = named_driver(fdev, name);
	if (*drv)
		return 0;
	ret = flavour_load_module(name);
	if (ret)
		return ret;
	*drv = named_driver(fdev, name);
	return *drv ? 0 : -ENOENT;
}

/* No line of modules.alias is left: the best driver there is, else the fallback */
static int choose_registered(struct flavour_device *fdev, struct device_driver **drv)
{
	int wildcards = INT_MAX;
	int ret;

	*drv = best_driver(fdev, NULL, &wildcards);
	if (*drv)
		return 0;
	ret = flavour_load_module(fdev->bus->fallback);
	if (ret)
		return ret;
	wildcards = INT_MAX;
	*drv = best_driver(fdev, NULL, &wildcards);
	return *drv ? 0 : -ENOENT;
}

/* The driver of the candidate's module, loaded if it is not there; NULL if it does not match */
static int choose_candidate(struct flavour_device *fdev, struct flavour_candidate *candidate,
			    struct device_driver **drv)
{
	int wildcards = candidate->wildcards;
	int ret;

	*drv = best_driver(fdev, candidate->module, &wildcards);
	if (*drv)
		return 0;
	ret = flavour_load_module(candidate->module);
	if (ret)
		return ret;
	wildcards = candidate->wildcards;
	*drv = best_driver(fdev, candidate->module, &wildcards);
	return 0;
}

static int choose_by_aliases(struct flavour_device *fdev, struct flavour_aliases *aliases,
			     const char *alias, struct device_driver **drv)
{
	struct flavour_candidate candidate = { .module = "" };
	int ret = 0, wildcards;

	*drv = NULL;
	while (!ret && !*drv) {
		if (flavour_next_candidate(aliases->text, aliases->len, alias, &candidate))
			return choose_registered(fdev, drv);
		/* A driver that is there and is not in modules.alias may be better */
		wildcards = (int)candidate.wildcards - 1;
		*drv = best_driver(fdev, NULL, &wildcards);
		if (!*drv)
			ret = choose_candidate(fdev, &candidate, drv);
	}
	return ret;
}

/*
 * Without modules.alias modprobe has to choose; it loads all that match. Whether it found
 * something is seen by who has registered.
 */
static void load_by_short_aliases(struct flavour_device *fdev, char *alias)
{
	struct flavour_bus *bus = fdev->bus;
	unsigned int n;

	for (n = 0; bus->vfio_short_alias &&
	     bus->vfio_short_alias(fdev->dev, alias, FLAVOUR_ALIAS_SIZE, n) > 0; n++)
		request_module("%s", alias);
}

/*
 * The VFIO driver for a device, with its module loaded. @override is the driver_override that is
 * not ours, NULL if there is none.
 *
 * Return: 0, -EEXIST if @override names no VFIO driver, -ENOEXEC if the module cannot be loaded,
 * -ENOENT if no driver appeared, -ENOMEM or -EINTR.
 */
int flavour_choose_vfio(struct flavour_device *fdev, const char *override,
			struct device_driver **drv)
{
	struct flavour_bus *bus = fdev->bus;
	struct flavour_aliases aliases;
	char *alias;
	int ret;

	if (override)
		return choose_named(fdev, override, drv);
	if (!bus->vfio_alias)
		return choose_registered(fdev, drv);
	alias = kmalloc(FLAVOUR_ALIAS_SIZE, GFP_KERNEL);
	if (!alias)
		return -ENOMEM;
	ret = bus->vfio_alias(fdev->dev, alias, FLAVOUR_ALIAS_SIZE);
	if (ret < 0)
		goto out;
	ret = flavour_aliases_read(&aliases);
	if (!ret) {
		ret = choose_by_aliases(fdev, &aliases, alias, drv);
		flavour_aliases_free(&aliases);
	} else if (ret == -ENOENT) {
		load_by_short_aliases(fdev, alias);
		ret = choose_registered(fdev, drv);
	}
out:
	kfree(alias);
	return ret;
}

static int search_native(struct device_driver *drv, void *data)
{
	struct driver_search *search = data;
	struct device *dev = search->fdev->dev;

	/* An id added to vfio-pci by hand makes it match without an override */
	if (search->fdev->bus->is_vfio(drv) || dev->bus->match(dev, drv) <= 0 ||
	    !flavour_driver_get(drv))
		return 0;
	search->drv = drv;
	return 1;
}

/*
 * The next registered driver that matches by the bus's own rules, which heed a driver_override.
 * *@drv is the one before, or NULL to begin with; its reference is given back.
 *
 * Return: 0, -ENOENT after the last, or -EINTR if the writer was killed.
 */
int flavour_next_native(struct flavour_device *fdev, struct device_driver **drv)
{
	struct driver_search search = { .fdev = fdev };
	int ret;

	/* The bus looks at driver_override, which some kernels guard by the device's lock */
	ret = flavour_lock_midway(fdev->dev);
	if (!ret) {
		bus_for_each_drv(fdev->bus->type, *drv, &search, search_native);
		device_unlock(fdev->dev);
	}
	flavour_driver_put(*drv);
	*drv = search.drv;
	return ret ?: *drv ? 0 : -ENOENT;
}

/* Load each module that modules.alias names for an alias that is too long for modprobe */
static void load_all(const char *alias)
{
	struct flavour_candidate candidate = { .module = "" };
	struct flavour_aliases aliases;

	if (flavour_aliases_read(&aliases))
		return;
	while (!flavour_next_candidate(aliases.text, aliases.len, alias, &candidate))
		request_module("%s", candidate.module);
	flavour_aliases_free(&aliases);
}

/*
 * Load what drives the device natively, as udev does when a device appears. That nothing does, or
 * that it cannot be loaded, is no error.
 */
void flavour_load_native(struct flavour_device *fdev)
{
	char *alias = kmalloc(FLAVOUR_ALIAS_SIZE, GFP_KERNEL);

	if (!alias)
		return;
	if (fdev->bus->native_alias(fdev->dev, alias, FLAVOUR_ALIAS_SIZE) > 0 &&
	    request_module("%s", alias) == -ENAMETOOLONG)
		load_all(alias);
	kfree(alias);
}
