/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's strscpy() for user space, beside the C library's functions */
#ifndef UNIT_LINUX_STRING_H
#define UNIT_LINUX_STRING_H

#include <string.h>
#include <sys/types.h>

/* Copies with a NUL always, and cuts what does not fit */
static inline void strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

#endif /* UNIT_LINUX_STRING_H */
