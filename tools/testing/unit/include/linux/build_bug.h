/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_BUILD_BUG_H
#define UNIT_LINUX_BUILD_BUG_H

/* The kernel's needs no message */
#define static_assert(expr)	_Static_assert(expr, #expr)

#endif /* UNIT_LINUX_BUILD_BUG_H */
