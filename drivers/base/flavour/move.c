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
 * - Somebody else holds the device's lock for long. The wait for it ends with a signal as long as
 *   nothing has changed, afterwards with a kill alone. Should even putting back have to wait then,
 *   the device is left to whoever has it.
 */
#include <linux/slab.h>

#include "flavour.h"

struct flavour_move {
	struct flavour_device *fdev;
	/* The driver before, with a reference to its module; NULL if there was none */
	struct device_driver *from;
	/* What is to be set instead, if it changes at all; NULL clears */
	bool sets_override;
	const char *to;
	/* driver_override before; was it somebody else's? */
	char *override;
	bool by_hand;
};

/* As the notifier was told. NULL stands for any driver. */
static bool is_bound(struct flavour_device *fdev, struct device_driver *drv)
{
	struct device_driver *bound = READ_ONCE(fdev->drv);

	return drv ? bound == drv : !!bound;
}

/* The same for who has changed nothing yet, when no bind or unbind is on its way; or -EINTR */
static int stays_bound(struct flavour_device *fdev, struct device_driver *drv)
{
	int ret = flavour_lock(fdev->dev);

	if (ret)
		return ret;
	ret = is_bound(fdev, drv);
	device_unlock(fdev->dev);
	return ret;
}

/* Fails, with nothing changed, if the device is in use */
static int move_begin(struct flavour_move *move)
{
	struct device *dev = move->fdev->dev;
	int ret;

	ret = flavour_lock(dev);
	if (ret)
		return ret;
	if (dev->driver) {
		ret = flavour_begin_leaving(move->fdev);
		if (!ret) {
			move->from = dev->driver;
			if (!flavour_driver_get(move->from)) {
				/* Its module comes or goes at this moment */
				move->from = NULL;
				flavour_group_release(move->fdev);
				ret = -EAGAIN;
			}
		}
	}
	device_unlock(dev);
	return ret;
}

static void put_override_back(struct flavour_device *fdev, const char *name, bool ours)
{
	struct device *dev = fdev->dev;
	int ret = flavour_override_put_back(fdev, name, ours);

	if (ret == -ESTALE)
		dev_info(dev, "driver_override was changed by somebody else, it stays\n");
	else if (ret)
		dev_err(dev, "driver_override could not be put back (%d)\n", ret);
}

/*
 * The device goes back to the driver from before. An override may name another driver than that
 * one, written after the bind, or while we were at it: it steps aside while the driver comes back.
 * So what counts is what it says at this moment. Without memory to tell it stays in the way.
 */
static int move_reattach(struct flavour_move *move)
{
	struct flavour_device *fdev = move->fdev;
	struct device_driver *from = move->from;
	bool by_hand, aside;
	char *name;
	int ret;

	ret = flavour_lock_midway(fdev->dev);
	if (ret)
		return ret;
	flavour_override_get_locked(fdev, &name, &by_hand);
	device_unlock(fdev->dev);
	aside = name && strcmp(name, from->name) && !flavour_override_set(fdev, from->name, true);
	ret = device_driver_attach(from, fdev->dev);
	if (aside)
		put_override_back(fdev, name, !by_hand);
	kfree(name);
	return ret;
}

/* Everything as it was, after the override was changed; the device may be detached or not */
static void move_back(struct flavour_move *move)
{
	struct flavour_device *fdev = move->fdev;
	struct device *dev = fdev->dev;
	int ret;

	if (move->sets_override)
		put_override_back(fdev, move->override, !move->by_hand);
	if (!move->from)
		return;
	ret = move_reattach(move);
	if (ret && !is_bound(fdev, NULL) && device_is_registered(dev))
		dev_err(dev, "%s does not take the device back (%d)\n", move->from->name, ret);
}

/*
 * The remove function of a VFIO driver does not wait here, as we own the group; in the notifier of
 * the unbind it is given free. Should nobody have been there to unbind any more, it is now.
 */
static void move_detach(struct flavour_move *move)
{
	if (!move->from)
		return;
	device_release_driver(move->fdev->dev);
	flavour_group_release(move->fdev);
}

/*
 * Attach as the file "bind" does: only if the bus says that they match. It says no before the
 * device is quite there (its uevent comes earlier), and if somebody changed the override.
 */
static int attach(struct flavour_device *fdev, struct device_driver *drv)
{
	struct device *dev = fdev->dev;
	bool match;
	int ret;

	ret = flavour_lock_midway(dev);
	if (ret)
		return ret;
	match = dev->bus->match(dev, drv) > 0;
	device_unlock(dev);
	ret = match ? device_driver_attach(drv, dev) : -EAGAIN;
	if (ret == -EBUSY && is_bound(fdev, drv))
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

	while (!(ret = flavour_next_native(fdev, &drv))) {
		ret = attach(fdev, drv);
		/* Whoever bound it in the meantime matched no worse */
		if (ret == -EBUSY && !READ_ONCE(fdev->vfio) && is_bound(fdev, NULL))
			ret = 0;
		if (!ret) {
			flavour_driver_put(drv);
			return 0;
		}
		if (ret != -ENODEV && ret != -ENXIO)
			first = first ?: ret;
	}
	if (ret != -ENOENT)
		first = first ?: ret;
	if (!first && !device_is_registered(fdev->dev))
		return -ENODEV;
	return first;
}

static int find_native(struct flavour_device *fdev)
{
	int ret = attach_native(fdev);

	if (ret || is_bound(fdev, NULL))
		return ret;
	flavour_load_native(fdev);
	return is_bound(fdev, NULL) ? 0 : attach_native(fdev);
}

/* To @drv, or to the native driver if that is NULL */
static int move_device(struct flavour_move *move, struct device_driver *drv)
{
	struct flavour_device *fdev = move->fdev;
	int ret;

	ret = move_begin(move);
	if (ret)
		return ret;
	if (move->sets_override)
		ret = flavour_override_set(fdev, move->to, true);
	if (ret) {
		flavour_group_release(fdev);
	} else {
		move_detach(move);
		ret = drv ? attach(fdev, drv) : find_native(fdev);
		if (ret)
			move_back(move);
	}
	flavour_driver_put(move->from);
	return ret;
}

/* A device whose native driver is in use is told from the others before any module is loaded */
static int native_in_use(struct flavour_device *fdev)
{
	int ret;

	ret = flavour_lock(fdev->dev);
	if (ret)
		return ret;
	if (fdev->dev->driver && !fdev->vfio)
		ret = flavour_begin_leaving(fdev);
	device_unlock(fdev->dev);
	return ret;
}

/* To the driver that was chosen, unless the device has it */
static int move_to_vfio(struct flavour_move *move, struct device_driver *drv)
{
	struct flavour_device *fdev = move->fdev;
	int ret;

	ret = stays_bound(fdev, drv);
	if (ret)
		return ret < 0 ? ret : 0;
	if (fdev->bus->prepare_vfio) {
		ret = fdev->bus->prepare_vfio(fdev->dev);
		if (ret)
			return ret;
	}
	move->sets_override = !move->by_hand;
	move->to = drv->name;
	return move_device(move, drv);
}

/*
 * Return: 0; -EOPNOTSUPP for a device that VFIO cannot drive; -EBUSY if it is in use; -EINTR; what
 * flavour_choose_vfio() and the bus's prepare_vfio say; or what the driver's probe said.
 */
int flavour_to_vfio(struct flavour_device *fdev)
{
	struct flavour_bus *bus = fdev->bus;
	struct flavour_move move = { .fdev = fdev };
	struct device_driver *drv = NULL;
	int ret;

	if (bus->offers_vfio && !bus->offers_vfio(fdev->dev))
		return -EOPNOTSUPP;
	ret = native_in_use(fdev);
	if (ret)
		return ret;
	ret = flavour_override_get(fdev, &move.override, &move.by_hand);
	if (ret)
		return ret;
	ret = flavour_choose_vfio(fdev, move.by_hand ? move.override : NULL, &drv);
	if (!ret)
		ret = move_to_vfio(&move, drv);
	if (!ret)
		flavour_group_tell(fdev);
	flavour_driver_put(drv);
	kfree(move.override);
	return ret;
}

/*
 * Return: 0, also if no native driver exists; -EEXIST if a driver_override that is not ours names
 * a VFIO driver; -EBUSY if the device is in use; -EINTR; or what the native driver's probe said.
 */
int flavour_to_native(struct flavour_device *fdev)
{
	struct flavour_move move = { .fdev = fdev };
	int ret;

	ret = flavour_override_get(fdev, &move.override, &move.by_hand);
	if (ret)
		return ret;
	move.sets_override = move.override && !move.by_hand;
	ret = stays_bound(fdev, NULL);
	if (ret > 0 && !READ_ONCE(fdev->vfio)) {
		/* Nothing to do but to lose an override of ours */
		ret = move.sets_override ? flavour_override_set(fdev, NULL, true) : 0;
	} else if (ret >= 0) {
		ret = move.by_hand ? flavour_names_vfio(fdev, move.override) : 0;
		if (ret > 0)
			ret = -EEXIST;
		if (!ret)
			ret = move_device(&move, NULL);
	}
	kfree(move.override);
	return ret;
}
