// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which device plays what.
 */
#include <unistd.h>

#include "migratable.h"
#include "roles.h"
#include "session.h"

/*
 * In the order in which devices are given out, so that few devices play what
 * matters most. RUNNING is there a second time for a guest with a driver.
 */
static const __u32 states[VFIO_MAX_ROLES] = {
	[1] = VFIO_DEVICE_STATE_RUNNING,
	[2] = VFIO_DEVICE_STATE_STOP_COPY,
	[3] = VFIO_DEVICE_STATE_RESUMING,
	[4] = VFIO_DEVICE_STATE_STOP,
	[5] = VFIO_DEVICE_STATE_RUNNING_P2P,
	[6] = VFIO_DEVICE_STATE_STOP_COPY,
	[7] = VFIO_DEVICE_STATE_RUNNING,
};

/* The second session of STOP_COPY has not been read from. */
#define UNREAD_ROLE	6

static const char *open_role(struct vfio_role *role, unsigned int index)
{
	const char *skip = open_migratable(&role->dev, index);

	role->fd = -1;
	if (skip)
		return skip;
	role->idle = !index;
	role->state = states[index];
	if (!role->idle && !vfio_state_exists(role->dev.mig_flags, role->state))
		role->state = VFIO_DEVICE_STATE_STOP;
	vfio_image_save(&role->dev, &role->image, VFIO_DEVICE_STATE_RUNNING);
	if (role->idle)
		vfio_dev_close(&role->dev);
	return NULL;
}

const char *vfio_cast_open(struct vfio_cast *cast)
{
	const char *skip = NULL;
	unsigned int i;

	memset(cast, 0, sizeof(*cast));
	if (__vfio_physfn_of(vfio_bdf(0), cast->pf, sizeof(cast->pf)))
		return "the first device is no VF";
	for (i = 0; i < vfio_nr_bdfs() && i < VFIO_MAX_ROLES && !skip; i++) {
		skip = open_role(&cast->roles[i], i);
		cast->nr = i + 1;
	}
	if (!skip && cast->nr < 4)
		skip = "needs four VFs of one PF in VFIO_BDFS";
	if (skip)
		vfio_cast_close(cast);
	return skip;
}

static void play(struct vfio_role *role, bool unread)
{
	if (role->idle)
		return;
	if (unread)
		role->fd = vfio_mig_enter(&role->dev, role->state, NULL);
	else
		role->fd = vfio_session_enter(&role->dev, role->state,
					      &role->image, &role->got);
}

void vfio_cast_play(struct vfio_cast *cast)
{
	unsigned int i;

	for (i = 0; i < cast->nr; i++)
		play(&cast->roles[i], i == UNREAD_ROLE);
}

static bool finish_save(struct vfio_role *role)
{
	vfio_image_read(role->fd, &role->got);
	vfio_mig_set_state(&role->dev, VFIO_DEVICE_STATE_RUNNING);
	/* Whoever takes the device away keeps it from being reset */
	return vfio_image_comes_back(&role->dev, &role->got);
}

static bool finish_load(struct vfio_role *role)
{
	if (vfio_session_end_of_load(role->fd, &role->image))
		return false;
	vfio_mig_set_state(&role->dev, VFIO_DEVICE_STATE_STOP);
	vfio_image_save(&role->dev, &role->got, VFIO_DEVICE_STATE_RUNNING);
	return vfio_image_equal(&role->image, &role->got);
}

bool vfio_role_finish(struct vfio_role *role)
{
	if (role->idle)
		return true;
	if (vfio_mig_state(&role->dev) != role->state)
		return false;
	if (role->state == VFIO_DEVICE_STATE_STOP_COPY)
		return finish_save(role);
	if (role->state == VFIO_DEVICE_STATE_RESUMING)
		return finish_load(role);
	vfio_mig_set_state(&role->dev, VFIO_DEVICE_STATE_RUNNING);
	return vfio_image_round_trip(&role->dev, &role->image);
}

void vfio_cast_close(struct vfio_cast *cast)
{
	unsigned int i;

	for (i = 0; i < cast->nr; i++) {
		struct vfio_role *role = &cast->roles[i];

		if (role->fd >= 0)
			close(role->fd);
		role->fd = -1;
		vfio_image_free(&role->image);
		vfio_image_free(&role->got);
		vfio_dev_close(&role->dev);
	}
	cast->nr = 0;
}
