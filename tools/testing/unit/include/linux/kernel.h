/* SPDX-License-Identifier: GPL-2.0-only */
/* Of the kernel's helpers those that pure code uses, for user space */
#ifndef UNIT_LINUX_KERNEL_H
#define UNIT_LINUX_KERNEL_H

#include <stdarg.h>
#include <stdio.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* As snprintf(), but returns what was really written */
static inline int scnprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	if (!size)
		return 0;
	va_start(args, format);
	n = vsnprintf(buf, size, format, args);
	va_end(args);
	return n < (int)size ? n : (int)size - 1;
}

#endif /* UNIT_LINUX_KERNEL_H */
