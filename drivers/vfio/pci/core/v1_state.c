// SPDX-License-Identifier: GPL-2.0-only
/*
 * What device_state of struct vfio_device_migration_info, the first register of protocol v1's
 * region, means in the states of protocol v2, which are those of the engine.
 *
 * v1 has bits for RUNNING, SAVING and RESUMING, of which five combinations are states and one
 * is the error. The uAPI's text on them left linux/vfio.h with Linux 5.18; QEMU 7.2 and older
 * go by it.
 *
 * Pure code: no locks, no kernel facilities.
 */
#include <linux/errno.h>
#include <linux/vfio.h>

#include "v1_state.h"

#define V1_PRE_COPY	(VFIO_DEVICE_STATE_V1_SAVING | VFIO_DEVICE_STATE_V1_RUNNING)
#define V1_ERROR	(VFIO_DEVICE_STATE_V1_SAVING | VFIO_DEVICE_STATE_V1_RESUMING)

/*
 * Returns the engine's state, or -EINVAL for bits that are no state to go to. A device that
 * cannot be saved while it runs has nothing to do while a migration's memory is copied: it runs.
 */
int vpv_v1_to_state(u32 device_state, bool has_precopy)
{
	switch (device_state) {
	case VFIO_DEVICE_STATE_V1_STOP:
		return VFIO_DEVICE_STATE_STOP;
	case VFIO_DEVICE_STATE_V1_RUNNING:
		return VFIO_DEVICE_STATE_RUNNING;
	case VFIO_DEVICE_STATE_V1_SAVING:
		return VFIO_DEVICE_STATE_STOP_COPY;
	case V1_PRE_COPY:
		return has_precopy ? VFIO_DEVICE_STATE_PRE_COPY : VFIO_DEVICE_STATE_RUNNING;
	case VFIO_DEVICE_STATE_V1_RESUMING:
		return VFIO_DEVICE_STATE_RESUMING;
	default:
		return -EINVAL;
	}
}

/* The error only where there is nothing else to say: QEMU 7.2 aborts when it reads that */
u32 vpv_v1_from_state(u32 state)
{
	switch (state) {
	case VFIO_DEVICE_STATE_STOP:
		return VFIO_DEVICE_STATE_V1_STOP;
	case VFIO_DEVICE_STATE_RUNNING:
	case VFIO_DEVICE_STATE_RUNNING_P2P:
		return VFIO_DEVICE_STATE_V1_RUNNING;
	case VFIO_DEVICE_STATE_STOP_COPY:
		return VFIO_DEVICE_STATE_V1_SAVING;
	case VFIO_DEVICE_STATE_PRE_COPY:
	case VFIO_DEVICE_STATE_PRE_COPY_P2P:
		return V1_PRE_COPY;
	case VFIO_DEVICE_STATE_RESUMING:
		return VFIO_DEVICE_STATE_V1_RESUMING;
	default:
		return V1_ERROR;
	}
}
