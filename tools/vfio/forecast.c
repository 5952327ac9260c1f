// SPDX-License-Identifier: GPL-2.0-only
/* How long a guest will stand still when it is moved: pure arithmetic. */

#include "forecast.h"

#define MAX_ROUNDS	1000
/* A round that leaves hardly less than the one before does not lead anywhere. */
#define PROGRESS	0.99

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* Of the memory, after a round of so many seconds. */
static double dirty_memory(const struct forecast_guest *guest, double seconds)
{
	return guest->pages_told ? smaller(guest->memory_bytes, guest->dirty_rate * seconds) :
				   guest->memory_bytes;
}

/* The same of the states of all VFs. */
static double dirty_state(const struct forecast_guest *guest, double seconds)
{
	return guest->vfs * smaller(guest->state_bytes, guest->state_dirty_rate * seconds);
}

struct forecast forecast_make(const struct forecast_guest *guest)
{
	/* Without pre-copy no round sends any of it, and all is left at the end. */
	double kept = guest->precopy ? 0 : guest->vfs * guest->state_bytes;
	double left = guest->memory_bytes + guest->vfs * guest->state_bytes - kept;
	struct forecast forecast = { };
	double before, seconds;

	do {
		before = left;
		seconds = left / guest->bandwidth;
		left = dirty_memory(guest, seconds) +
		       (guest->precopy ? dirty_state(guest, seconds) : 0);
		forecast.running_ms += seconds * 1000;
		forecast.rounds++;
		forecast.limit_ms = (left + kept) / guest->bandwidth * 1000;
		forecast.ends = forecast.limit_ms <= guest->limit_ms;
	} while (!forecast.ends && left < before * PROGRESS && forecast.rounds < MAX_ROUNDS);
	forecast.last_bytes = left + kept;
	forecast.blackout_ms = forecast.limit_ms + guest->device_us / 1000;
	return forecast;
}
