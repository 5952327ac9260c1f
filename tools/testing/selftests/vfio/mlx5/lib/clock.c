// SPDX-License-Identifier: GPL-2.0-only
#include <time.h>

#include "clock.h"

__u64 clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

__u64 us_since(__u64 start_ns)
{
	return (clock_ns() - start_ns) / 1000;
}

unsigned int ms_since(__u64 start_ns)
{
	return us_since(start_ns) / 1000;
}
