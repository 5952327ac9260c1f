// SPDX-License-Identifier: GPL-2.0-only
/*
 * driver_override: whose it is, and what readers are told of it
 *
 * Ours is the very string that we have set, known by its address: somebody who writes the same
 * name has written by hand.
 *
 * Some kernels keep driver_override under the device's lock, for which a reader must not wait. The
 * record has a copy of what was seen last. It is taken whenever a driver comes or goes, in the
 * notifier, which has the lock; in each write; and in each read that gets the lock. A driver is
 * told of before it starts to go, so for a device whose unbind waits for a user the copy is
 * true: to change driver_override takes the lock as well. For a device whose lock is held for
 * another one's sake (the PF, while its VFs go) it is as old as the last of these occasions.
 */
#include <linux/driver_override.h>
#include <linux/slab.h>

#include "flavour.h"

static int override_lock(struct device *dev)
{
	return DRIVER_OVERRIDE_UNDER_DEVICE_LOCK ? flavour_lock_midway(dev) : 0;
}

static void override_unlock(struct device *dev)
{
	if (DRIVER_OVERRIDE_UNDER_DEVICE_LOCK)
		device_unlock(dev);
}

/*
 * Note what readers are told. To be called under the device's lock.
 *
 * Return: 0, or -ENOMEM with the note as it was.
 */
int flavour_override_note(struct flavour_device *fdev)
{
	const void *which;
	char *name, *old;

	spin_lock(&fdev->override_lock);
	name = driver_override_copy(fdev->dev, &which);
	if (IS_ERR(name)) {
		spin_unlock(&fdev->override_lock);
		return PTR_ERR(name);
	}
	if (which == fdev->ours) {
		kfree(name);
		name = NULL;
	}
	old = fdev->seen;
	fdev->seen = name;
	spin_unlock(&fdev->override_lock);
	kfree(old);
	return 0;
}

/*
 * For a reader: note it if the lock can be had, else the note is as good as it gets.
 *
 * Return: 0 or -ENOMEM.
 */
int flavour_override_look(struct flavour_device *fdev)
{
	int ret;

	if (DRIVER_OVERRIDE_UNDER_DEVICE_LOCK && !flavour_trylock(fdev->dev))
		return 0;
	ret = flavour_override_note(fdev);
	override_unlock(fdev->dev);
	return ret;
}

/*
 * A copy for the caller to kfree(), NULL if there is none; and did somebody else set it? To be
 * called under the device's lock.
 *
 * Return: 0, or -ENOMEM with NULL.
 */
int flavour_override_get_locked(struct flavour_device *fdev, char **name, bool *by_hand)
{
	const void *which;
	char *copy;

	spin_lock(&fdev->override_lock);
	copy = driver_override_copy(fdev->dev, &which);
	*by_hand = which && which != fdev->ours;
	spin_unlock(&fdev->override_lock);
	*name = IS_ERR(copy) ? NULL : copy;
	return PTR_ERR_OR_ZERO(copy);
}

/* The same for a writer that has changed nothing yet; or -EINTR */
int flavour_override_get(struct flavour_device *fdev, char **name, bool *by_hand)
{
	int ret;

	ret = DRIVER_OVERRIDE_UNDER_DEVICE_LOCK ? flavour_lock(fdev->dev) : 0;
	if (ret)
		return ret;
	ret = flavour_override_get_locked(fdev, name, by_hand);
	override_unlock(fdev->dev);
	return ret;
}

/* With @untouched, only if nobody has changed what we have set, or cleared */
static int override_replace(struct flavour_device *fdev, const char *name, bool ours,
			    bool untouched)
{
	const void *which = NULL;
	char *new = NULL, *now;
	int ret;

	if (name) {
		new = driver_override_alloc(name);
		if (!new)
			return -ENOMEM;
	}
	ret = override_lock(fdev->dev);
	if (ret)
		goto out;
	spin_lock(&fdev->override_lock);
	if (untouched) {
		now = driver_override_copy(fdev->dev, &which);
		if (!IS_ERR(now))
			kfree(now);
	}
	ret = untouched && which != fdev->ours ? -ESTALE : driver_override_set(fdev->dev, new);
	if (!ret)
		fdev->ours = ours ? new : NULL;
	spin_unlock(&fdev->override_lock);
	/* Without memory readers see it later */
	flavour_override_note(fdev);
	override_unlock(fdev->dev);
out:
	if (ret)
		kfree(new);
	return ret;
}

/*
 * Set driver_override, or clear it if @name is NULL; is it to count as @ours?
 *
 * Return: 0; -EINTR or -ENOMEM with nothing changed.
 */
int flavour_override_set(struct flavour_device *fdev, const char *name, bool ours)
{
	return override_replace(fdev, name, ours, false);
}

/* The same, to undo what was set as ours: -ESTALE if somebody else has changed it meanwhile */
int flavour_override_put_back(struct flavour_device *fdev, const char *name, bool ours)
{
	return override_replace(fdev, name, ours, true);
}
