/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What base/ifc.h needs of QEMU's header of this name, for programs that
 * are not QEMU.
 */
#ifndef TESTS_QEMU_BITOPS_H
#define TESTS_QEMU_BITOPS_H

#define BIT(n)                      (1UL << (n))
#define BIT_ULL(n)                  (1ULL << (n))

#endif /* TESTS_QEMU_BITOPS_H */
