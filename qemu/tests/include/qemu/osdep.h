/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What packet/ needs of QEMU's header of this name, for programs that are not
 * QEMU.
 */
#ifndef TESTS_QEMU_OSDEP_H
#define TESTS_QEMU_OSDEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MIN(a, b)   ((a) < (b) ? (a) : (b))
#define ARRAY_SIZE(a)   (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)  (((n) + (d) - 1) / (d))

#endif /* TESTS_QEMU_OSDEP_H */
