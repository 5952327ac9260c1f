/* SPDX-License-Identifier: GPL-2.0-only */
/* A memory control group for a test's child */
#ifndef SELFTEST_VFIO_CGROUP_H
#define SELFTEST_VFIO_CGROUP_H

#include <linux/types.h>

/* Makes the one group there is. NULL, or why it cannot be had. */
const char *vfio_cgroup_make(void);
/* Removes it when all who were in it have ended. */
void vfio_cgroup_remove(void);

/* Moves the calling process into it. */
void vfio_cgroup_enter(void);
/* Moves it back to where all begin. What it was charged stays with the group. */
void vfio_cgroup_leave(void);
void vfio_cgroup_write(const char *file, const char *value);
__u64 vfio_cgroup_memory_bytes(void);
/* The most that it ever was */
__u64 vfio_cgroup_memory_peak_bytes(void);

#endif /* SELFTEST_VFIO_CGROUP_H */
