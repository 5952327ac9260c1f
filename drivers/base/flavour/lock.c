// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's lock, taken so that nobody is stuck in it
 *
 * An unbind holds it until the driver has let go of the device, and a VFIO driver lets go when
 * its user does: for ever, if need be. sriov_numvfs and the unplugging of a bridge hold the locks
 * of the devices above as well. So a reader tries for a moment and does without, and a writer's
 * wait can be ended by a signal.
 *
 * The driver core's functions that bind and unbind take the lock in a way that no signal ends.
 * They are called right after we have had the lock in one of our ways. For one of them to be stuck
 * after all, a user must come and somebody must want the device from that user, all in between;
 * while the device leaves a VFIO driver even that cannot be, as we own its group then.
 */
#include <linux/delay.h>

#include "flavour.h"

/* A mutex knows no time-out. Who only binds or sets something is done by then, as a rule. */
#define LOCK_TRIES	20
#define LOCK_PAUSE_US	1000

/* For a reader: gives up after a moment */
bool flavour_trylock(struct device *dev)
{
	unsigned int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		if (device_trylock(dev))
			return true;
		usleep_range(LOCK_PAUSE_US / 2, LOCK_PAUSE_US);
	}
	return false;
}

/* For a writer that has changed nothing yet: 0, or -EINTR as any signal ends it */
int flavour_lock(struct device *dev)
{
	return device_lock_interruptible(dev);
}

/*
 * For a writer that is in the middle: 0, or -EINTR if it was killed. One that was killed before
 * still gets a lock that is free or will be soon, to put back what it has changed.
 */
int flavour_lock_midway(struct device *dev)
{
	return flavour_trylock(dev) ? 0 : mutex_lock_killable(&dev->mutex);
}
