// SPDX-License-Identifier: GPL-2.0-only
/*
 * The harness gives each test a number of seconds, of which 30 are few where others keep the
 * machine busy; what hangs does so for longer, too. On a kernel that is many times slower
 * than others, as one with KASAN and lockdep in an emulated machine, LAB_SLOWNESS says how
 * many times. The linker makes the harness's call of alarm() one of this (see Makefile).
 */
#include <stdlib.h>

#include "deadline.h"

#define LEAST_SECONDS	120

unsigned int __wrap_alarm(unsigned int seconds)
{
	const char *slowness = getenv("LAB_SLOWNESS");

	/* None calls the alarm off */
	if (seconds && seconds < LEAST_SECONDS)
		seconds = LEAST_SECONDS;
	return __real_alarm(seconds * (slowness ? atoi(slowness) : 1));
}
