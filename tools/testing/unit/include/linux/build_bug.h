/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_BUILD_BUG_H
#define UNIT_LINUX_BUILD_BUG_H

/* C11's needs a message, the kernel's does not */
#define static_assert(expr)	extern char unit_static_assert[(expr) ? 1 : -1]

#endif /* UNIT_LINUX_BUILD_BUG_H */
