/* SPDX-License-Identifier: GPL-2.0-only */
/* How long something takes, by CLOCK_MONOTONIC. */
#ifndef SELFTEST_CLOCK_H
#define SELFTEST_CLOCK_H

#include <linux/types.h>

/* A moment, in nanoseconds */
__u64 clock_ns(void);

/* What has gone by since such a moment, in whole microseconds or milliseconds */
__u64 us_since(__u64 start_ns);
unsigned int ms_since(__u64 start_ns);

#endif /* SELFTEST_CLOCK_H */
