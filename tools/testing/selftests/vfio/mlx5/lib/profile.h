/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the kernel is at even intervals of its work, on a machine with one CPU */
#ifndef SELFTEST_VFIO_PROFILE_H
#define SELFTEST_VFIO_PROFILE_H

/* Gets ready to look. NULL, or why it cannot be had. */
const char *vfio_profile_open(void);
/* Looks on from here, and no longer */
void vfio_profile_start(void);
void vfio_profile_stop(void);
/*
 * Prints all that was seen so far, and forgets it: a line "KIND at:INNER<CALLER<... TIMES"
 * for each way that the calls went. What a task did outside of the kernel is at:user.
 */
void vfio_profile_print(const char *kind);

#endif /* SELFTEST_VFIO_PROFILE_H */
