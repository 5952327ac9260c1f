/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_FORECAST_H
#define VFIOCTL_FORECAST_H

#include <stdbool.h>

/**
 * struct forecast_guest - what is to be moved, and how
 * @memory_bytes: of the guest
 * @dirty_rate: bytes per second of its memory that change
 * @bandwidth: bytes per second between the hosts, more than 0
 * @limit_ms: QEMU's downtime-limit
 * @state_bytes: of each VF
 * @state_dirty_rate: bytes per second of a VF's state that change
 * @vfs: how many the guest has
 * @precopy: the state is read while the guest runs, and then what has changed
 * @pages_told: what VFs write to is told; otherwise all memory is dirty at all times
 * @device_us: of the blackout, what freezing, saving, loading and starting takes beyond sending
 */
struct forecast_guest {
	double memory_bytes;
	double dirty_rate;
	double bandwidth;
	double limit_ms;
	double state_bytes;
	double state_dirty_rate;
	int vfs;
	bool precopy;
	bool pages_told;
	double device_us;
};

/**
 * struct forecast - what is to be expected
 * @ends: what is left gets small enough for the limit
 * @rounds: over the memory, while the guest runs
 * @running_ms: how long these take
 * @last_bytes: what is sent while it stands still; of one that does not end, the least that is left
 * @blackout_ms: how long it stands still, or would
 * @limit_ms: the smallest limit with which it ends
 */
struct forecast {
	bool ends;
	int rounds;
	double running_ms;
	double last_bytes;
	double blackout_ms;
	double limit_ms;
};

/**
 * forecast_make() - go through the rounds of a migration as QEMU does
 * @guest: what is to be moved
 *
 * A round sends all that is dirty; what has changed meanwhile is dirty in the next. The guest is
 * stopped when the rest can be sent within the limit.
 *
 * Return: what comes out.
 */
struct forecast forecast_make(const struct forecast_guest *guest);

#endif
