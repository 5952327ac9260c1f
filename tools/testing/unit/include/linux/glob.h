/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's glob_match() by the C library's function of that kind */
#ifndef UNIT_LINUX_GLOB_H
#define UNIT_LINUX_GLOB_H

#include <fnmatch.h>
#include <stdbool.h>

static inline bool glob_match(const char *pattern, const char *text)
{
	return !fnmatch(pattern, text, 0);
}

#endif /* UNIT_LINUX_GLOB_H */
