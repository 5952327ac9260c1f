// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arc table of the migration state machine of VFIO's protocol v2
 *
 * The uAPI (comment on enum vfio_device_mig_state in linux/vfio.h) names the arcs and says
 * which walk a request stands for: the shortest, and none that passes through the saving
 * states (PRE_COPY, PRE_COPY_P2P, STOP_COPY) unless it begins and ends in them. The
 * kernel's own helper does the same, but that of 6.1 knows no PRE_COPY.
 *
 * Pure code: no locks, no kernel facilities.
 */
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/vfio.h>

#include "arcs.h"

enum {
	ERR = VFIO_DEVICE_STATE_ERROR,
	STOP = VFIO_DEVICE_STATE_STOP,
	RUN = VFIO_DEVICE_STATE_RUNNING,
	COPY = VFIO_DEVICE_STATE_STOP_COPY,
	RESUM = VFIO_DEVICE_STATE_RESUMING,
	RUNP = VFIO_DEVICE_STATE_RUNNING_P2P,
	PRE = VFIO_DEVICE_STATE_PRE_COPY,
	PREP = VFIO_DEVICE_STATE_PRE_COPY_P2P,
	NR_STATES = VFIO_DEVICE_STATE_NR,
};

/* What a device must support to be in a state; a state of which it lacks a flag is skipped */
static const unsigned int state_flags[NR_STATES] = {
	[STOP] = VFIO_MIGRATION_STOP_COPY,
	[RUN] = VFIO_MIGRATION_STOP_COPY,
	[COPY] = VFIO_MIGRATION_STOP_COPY,
	[RESUM] = VFIO_MIGRATION_STOP_COPY,
	[RUNP] = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P,
	[PRE] = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY,
	[PREP] = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY,
};

/*
 * next_state[from][to] is the first state on the walk from one to the other, ERR (0) when
 * there is no walk. Columns are in the order of the uAPI's numbers. clang-format keeps off:
 * one row is one state.
 */
/* clang-format off */
static const unsigned char next_state[NR_STATES][NR_STATES] = {
	/*	    ERR   STOP  RUN   COPY  RESUM RUNP  PRE   PREP */
	[STOP]	= { ERR,  STOP, RUNP, COPY, RESUM, RUNP, RUNP, RUNP },
	[RUN]	= { ERR,  RUNP, RUN,  RUNP, RUNP, RUNP, PRE,  RUNP },
	[COPY]	= { ERR,  STOP, STOP, COPY, STOP, STOP, ERR,  ERR  },
	[RESUM]	= { ERR,  STOP, STOP, STOP, RESUM, STOP, STOP, STOP },
	[RUNP]	= { ERR,  STOP, RUN,  STOP, STOP, RUNP, RUN,  PREP },
	[PRE]	= { ERR,  RUN,  RUN,  PREP, RUN,  RUN,  PRE,  PREP },
	[PREP]	= { ERR,  RUNP, RUNP, COPY, RUNP, RUNP, PRE,  PREP },
};

/* clang-format on */

static bool is_supported(unsigned int state, unsigned int migration_flags)
{
	return state < NR_STATES && state != ERR &&
	       (state_flags[state] & migration_flags) == state_flags[state];
}

/*
 * Returns the state that the next arc on the way to target leads to, which is target itself
 * when the device is there already; -EINVAL when a state is none that this device has or
 * when there is no way.
 */
int vpv_arc_next(unsigned int state, unsigned int target, unsigned int migration_flags)
{
	unsigned int next;

	if (!is_supported(state, migration_flags) || !is_supported(target, migration_flags))
		return -EINVAL;

	next = next_state[state][target];
	while (next != ERR && !is_supported(next, migration_flags))
		next = next_state[next][target];

	return next == ERR ? -EINVAL : (int)next;
}
