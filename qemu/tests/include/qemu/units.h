/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What base/limits.h needs of QEMU's header of this name, for programs that are
 * not QEMU.
 */
#ifndef TESTS_QEMU_UNITS_H
#define TESTS_QEMU_UNITS_H

#define KiB     (1LL << 10)
#define MiB     (1LL << 20)

#endif /* TESTS_QEMU_UNITS_H */
