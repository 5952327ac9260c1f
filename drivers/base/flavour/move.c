// SPDX-License-Identifier: GPL-2.0-only
/*
 * One write: a device goes from one driver to another, or everything is as it was
 *
 * The order of a move: look whether the device can leave its driver; set driver_override, so
 * that from then on nobody else's probe gives it to a wrong driver; detach; attach. If
 * attaching fails, the override and the driver from before come back. The modules of both
 * drivers are held over all of it, so both can be had.
 *
 * What happens beside us has to be reckoned with at each step:
 * - The device is unplugged, its PF loses SR-IOV or its driver. Then attaching says -ENODEV, which
 *   ends the write; what is set in the dead device's memory goes with it.
 * - Somebody else writes driver_override (a person, libvirt, driverctl, or vfio-pci of a PF for
 *   its new VFs). The last writer wins: we put back only what still is as we left it, and what is
 *   not what we set counts as written by hand from then on.
 * - Somebody else binds the device in the middle. To the driver that we want: fine. To
 *   another: -EBUSY, and it stays there.
 */
#include <linux/slab.h>
#include <linux/driver_override.h>

#include "flavour.h"

struct flavour_move {
	struct flavour_device *fdev;
	/* The driver before, with a reference to its module; NULL if there was none */
	struct device_driver *from;
	/* What is to be set instead, if it changes at all; NULL clears */
	bool sets_override;
	const char *to;
	/* driver_override before, and the one of ours */
	char *override;
	char *ours;
};

static bool is_bound(struct device *dev, struct device_driver *drv)
{
	bool bound;

	device_lock(dev);
	bound = drv ? dev->driver == drv : !!dev->driver;
	device_unlock(dev);
	return bound;
}

/* Fails, with nothing changed, if the device is in use */
static int move_begin(struct flavour_move *move)
{
	struct device *dev = move->fdev->dev;
	int ret = 0;

	device_lock(dev);
	if (dev->driver) {
		ret = flavour_begin_leaving(move->fdev);
		if (!ret) {
			move->from = dev->driver;
			if (!flavour_driver_get(move->from)) {
				/* Its module comes or goes at this moment */
				move->from = NULL;
				flavour_end_leaving(move->fdev);
				ret = -EAGAIN;
			}
		}
	}
	device_unlock(dev);
	return ret;
}

static int move_override(struct flavour_move *move)
{
	struct flavour_device *fdev = move->fdev;
	char *ours = NULL;
	int ret;

	if (!move->sets_override)
		return 0;
	if (move->to) {
		ours = kstrdup(move->to, GFP_KERNEL);
		if (!ours)
			return -ENOMEM;
	}
	ret = driver_override_set(fdev->dev, move->to);
	if (ret)
		kfree(ours);
	else
		move->ours = flavour_swap_ours(fdev, ours);
	return ret;
}

static void move_override_back(struct flavour_move *move)
{
	struct device *dev = move->fdev->dev;
	char *now = driver_override_get(dev);

	if (IS_ERR(now) || (now && move->to ? strcmp(now, move->to) : now || move->to))
		dev_info(dev, "driver_override was changed by somebody else, it stays\n");
	else if (driver_override_set(dev, move->override))
		dev_err(dev, "no memory to put driver_override back\n");
	if (!IS_ERR(now))
		kfree(now);
	kfree(flavour_swap_ours(move->fdev, move->ours));
	move->ours = NULL;
}

/*
 * Everything as it was, after the override was changed; the device may be detached or not. An
 * override by hand may name another driver than the one that was bound, written after the bind: it
 * steps aside while that one comes back.
 */
static void move_back(struct flavour_move *move)
{
	struct device_driver *from = move->from;
	struct device *dev = move->fdev->dev;
	bool aside;
	int ret;

	if (move->sets_override)
		move_override_back(move);
	if (!from)
		return;
	aside = move->override && strcmp(move->override, from->name);
	if (aside)
		driver_override_set(dev, from->name);
	ret = device_driver_attach(from, dev);
	if (aside && driver_override_set(dev, move->override))
		dev_err(dev, "no memory to put driver_override back\n");
	if (ret && !is_bound(dev, NULL) && device_is_registered(dev))
		dev_err(dev, "%s does not take the device back (%d)\n", from->name, ret);
}

/*
 * The remove function of a VFIO driver does not wait here, as we own the group; in the notifier of
 * the unbind it is given free. Should nobody have been there to unbind any more, it is now.
 */
static void move_detach(struct flavour_move *move)
{
	struct device *dev = move->fdev->dev;

	if (!move->from)
		return;
	device_release_driver(dev);
	device_lock(dev);
	if (!dev->driver)
		flavour_end_leaving(move->fdev);
	device_unlock(dev);
}

/*
 * Attach as the file "bind" does: only if the bus says that they match. It says no before the
 * device is quite there (its uevent comes earlier), and if somebody changed the override.
 */
static int attach(struct device *dev, struct device_driver *drv)
{
	bool match;
	int ret;

	device_lock(dev);
	match = dev->bus->match(dev, drv) > 0;
	device_unlock(dev);
	ret = match ? device_driver_attach(drv, dev) : -EAGAIN;
	if (ret == -EBUSY && is_bound(dev, drv))
		ret = 0;
	return ret;
}

/*
 * One driver after the other until one takes the device, as the driver core does. 0 if none
 * does: a driver that says -ENODEV or -ENXIO means that the device is none of its own, and so
 * does PCI about a VF whose PF has sriov_drivers_autoprobe off.
 */
static int attach_native(struct flavour_device *fdev)
{
	struct device_driver *drv = NULL;
	int ret, first = 0;

	while (!flavour_next_native(fdev, &drv)) {
		ret = attach(fdev->dev, drv);
		/* Whoever bound it in the meantime matched no worse */
		if (ret == -EBUSY && !READ_ONCE(fdev->vfio) && is_bound(fdev->dev, NULL))
			ret = 0;
		if (!ret) {
			flavour_driver_put(drv);
			return 0;
		}
		if (ret != -ENODEV && ret != -ENXIO)
			first = first ?: ret;
	}
	if (!first && !device_is_registered(fdev->dev))
		return -ENODEV;
	return first;
}

static int find_native(struct flavour_device *fdev)
{
	int ret = attach_native(fdev);

	if (ret || is_bound(fdev->dev, NULL))
		return ret;
	flavour_load_native(fdev);
	return is_bound(fdev->dev, NULL) ? 0 : attach_native(fdev);
}

/* To @drv, or to the native driver if that is NULL */
static int move_device(struct flavour_move *move, struct device_driver *drv)
{
	struct flavour_device *fdev = move->fdev;
	int ret;

	ret = move_begin(move);
	if (ret)
		return ret;
	ret = move_override(move);
	if (ret) {
		device_lock(fdev->dev);
		flavour_end_leaving(fdev);
		device_unlock(fdev->dev);
	} else {
		move_detach(move);
		ret = drv ? attach(fdev->dev, drv) : find_native(fdev);
		if (ret)
			move_back(move);
	}
	flavour_driver_put(move->from);
	kfree(move->ours);
	return ret;
}

/* A device whose native driver is in use is told from the others before any module is loaded */
static int native_in_use(struct flavour_device *fdev)
{
	int ret = 0;

	device_lock(fdev->dev);
	if (fdev->dev->driver && !fdev->vfio)
		ret = flavour_begin_leaving(fdev);
	device_unlock(fdev->dev);
	return ret;
}

/*
 * Return: 0; -EOPNOTSUPP for a device that VFIO cannot drive; -EBUSY if it is in use; what
 * flavour_choose_vfio() and the bus's prepare_vfio say; or what the driver's probe said.
 */
int flavour_to_vfio(struct flavour_device *fdev)
{
	struct flavour_bus *bus = fdev->bus;
	struct device *dev = fdev->dev;
	struct flavour_move move = { .fdev = fdev };
	struct device_driver *drv = NULL;
	char *override;
	bool by_hand;
	int ret;

	if (bus->offers_vfio && !bus->offers_vfio(dev))
		return -EOPNOTSUPP;
	ret = native_in_use(fdev);
	if (ret)
		return ret;
	override = driver_override_get(dev);
	if (IS_ERR(override))
		return PTR_ERR(override);
	by_hand = override && !flavour_is_ours(fdev, override);
	ret = flavour_choose_vfio(fdev, by_hand ? override : NULL, &drv);
	if (!ret && !is_bound(dev, drv)) {
		if (bus->prepare_vfio)
			ret = bus->prepare_vfio(dev);
		if (!ret) {
			move.override = override;
			move.sets_override = !by_hand;
			move.to = drv->name;
			ret = move_device(&move, drv);
		}
	}
	flavour_driver_put(drv);
	kfree(override);
	return ret;
}

/* A device with a native driver has nothing to do but to lose an override of ours */
static int stay_native(struct flavour_device *fdev, const char *override)
{
	int ret;

	if (!flavour_is_ours(fdev, override))
		return 0;
	ret = driver_override_set(fdev->dev, NULL);
	if (!ret)
		kfree(flavour_swap_ours(fdev, NULL));
	return ret;
}

/*
 * Return: 0, also if no native driver exists; -EEXIST if a driver_override that is not ours names
 * a VFIO driver; -EBUSY if the device is in use; or what the native driver's probe said.
 */
int flavour_to_native(struct flavour_device *fdev)
{
	struct flavour_move move = { .fdev = fdev };
	struct device *dev = fdev->dev;
	char *override = driver_override_get(dev);
	bool by_hand;
	int ret;

	if (IS_ERR(override))
		return PTR_ERR(override);
	by_hand = override && !flavour_is_ours(fdev, override);
	if (!READ_ONCE(fdev->vfio) && is_bound(dev, NULL)) {
		ret = stay_native(fdev, override);
	} else {
		ret = by_hand ? flavour_names_vfio(fdev, override) : 0;
		if (ret > 0)
			ret = -EEXIST;
		if (!ret) {
			move.override = override;
			move.sets_override = override && !by_hand;
			ret = move_device(&move, NULL);
		}
	}
	kfree(override);
	return ret;
}
