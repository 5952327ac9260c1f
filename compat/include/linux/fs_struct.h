/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMPAT_LINUX_FS_STRUCT_H
#define COMPAT_LINUX_FS_STRUCT_H

#include_next <linux/fs_struct.h>

/* Of 7.x, where kernel threads have another root than the first process */
#ifndef HAVE_USERSPACE_INIT_FS
#include <linux/sched/task.h>
#define userspace_init_fs (init_task.fs)
#endif

#endif /* COMPAT_LINUX_FS_STRUCT_H */
