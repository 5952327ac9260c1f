/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc says of a process or thread, and memory that it cannot touch */
#ifndef SELFTEST_VFIO_PROCESS_H
#define SELFTEST_VFIO_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/* 'R', 'S', 'D'...: 'D' is one that waits for what SIGKILL alone ends, if that. */
char vfio_process_state(pid_t pid);
/* Time that it has spent in the kernel, in ticks */
unsigned long vfio_process_kernel_ticks(pid_t pid);

/*
 * Maps @bytes of memory, @pages, whose first touch lasts until the file that is
 * returned is closed, or the range unregistered; that file can be polled for
 * touches. A negative errno where there is no userfaultfd.
 */
int __vfio_hold_pages(char **pages, size_t bytes);

#endif /* SELFTEST_VFIO_PROCESS_H */
