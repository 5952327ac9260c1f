/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_SORT_H
#define UNIT_LINUX_SORT_H

#include <stdlib.h>

/* libc finds out by itself how to swap */
static inline void sort(void *base, size_t nr, size_t size,
			int (*compare)(const void *, const void *), void *swap)
{
	(void)swap;
	qsort(base, nr, size, compare);
}

#endif /* UNIT_LINUX_SORT_H */
