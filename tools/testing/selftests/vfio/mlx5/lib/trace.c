// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trace events, by tracefs.
 */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "trace.h"
#include "vfio_mig.h"

#define TRACING		"/sys/kernel/tracing/"
#define TRACE_BYTES	(4U << 20)

static void enable_path(char *path, const char *system)
{
	snprintf(path, PATH_MAX, TRACING "events/%s/enable", system);
}

bool vfio_trace_exists(const char *system)
{
	char path[PATH_MAX];

	enable_path(path, system);
	return !access(path, W_OK);
}

void vfio_trace_start(const char *system)
{
	char path[PATH_MAX];
	int fd;

	enable_path(path, system);
	VFIO_ASSERT(!__vfio_sysfs_write(path, "1"), "write %s", path);
	/* Opening it so makes it empty. */
	fd = open(TRACING "trace", O_WRONLY | O_TRUNC);
	VFIO_ASSERT(fd >= 0, "make the trace empty");
	close(fd);
}

void vfio_trace_stop(const char *system)
{
	char path[PATH_MAX];

	enable_path(path, system);
	__vfio_sysfs_write(path, "0");
}

int __vfio_trace_probe(const char *line)
{
	return __vfio_sysfs_write(TRACING "kprobe_events", line);
}

int __vfio_trace_filter(const char *event, const char *filter)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), TRACING "events/%s/filter", event);
	return __vfio_sysfs_write(path, filter);
}

char *vfio_trace_read(void)
{
	char *text = malloc(TRACE_BYTES);
	size_t done = 0;
	ssize_t got;
	int fd;

	fd = open(TRACING "trace", O_RDONLY);
	VFIO_ASSERT(text && fd >= 0, "open the trace");
	while ((got = read(fd, text + done, TRACE_BYTES - 1 - done)) > 0)
		done += got;
	close(fd);
	text[done] = '\0';
	return text;
}
