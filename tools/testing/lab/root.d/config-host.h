/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU's headers must be told so that structures have the layout of
 * Debian's amd64 binary, whose own config-host.h is in no package. The
 * plug-in compares offsets with the binary when it is loaded.
 */
#ifndef LAB_CONFIG_HOST_H
#define LAB_CONFIG_HOST_H

#define CONFIG_POSIX 1
#define CONFIG_LINUX 1
#define CONFIG_EVENTFD 1
#define CONFIG_IOVEC 1
#define CONFIG_INT128 1
#define CONFIG_INT128_TYPE 1
#define CONFIG_CMPXCHG128 1
#define CONFIG_ATOMIC64 1
#define CONFIG_TCG 1
#define HOST_X86_64 1

#endif
