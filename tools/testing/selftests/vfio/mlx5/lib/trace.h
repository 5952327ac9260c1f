/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events of the kernel, in the instance that all share: tracefs at its usual place */
#ifndef SELFTEST_VFIO_TRACE_H
#define SELFTEST_VFIO_TRACE_H

#include <stdbool.h>

/* Is there such a system of events, which can be switched on? */
bool vfio_trace_exists(const char *system);
/* Switches all of its events on, with nothing in the trace, or off. */
void vfio_trace_start(const char *system);
void vfio_trace_stop(const char *system);
/*
 * A line of kprobe_events, which makes an event of a kernel's function or takes it away, and
 * which of an event ("SYSTEM/EVENT") are wanted. Both return 0 or a negative errno.
 */
int __vfio_trace_probe(const char *line);
int __vfio_trace_filter(const char *event, const char *filter);
/* The whole trace so far; the caller frees it. */
char *vfio_trace_read(void);

#endif /* SELFTEST_VFIO_TRACE_H */
