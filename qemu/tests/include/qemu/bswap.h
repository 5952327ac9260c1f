/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What base/ifc.h and packet/ need of QEMU's header of this name, for programs
 * that are not QEMU.
 */
#ifndef TESTS_QEMU_BSWAP_H
#define TESTS_QEMU_BSWAP_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define QEMU_BUILD_BUG_ON_ZERO(x)   (sizeof(char[1 - 2 * !!(x)]) - 1)

static inline uint16_t lduw_be_p(const void *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return be16toh(v);
}

static inline void stw_be_p(void *p, uint16_t v)
{
    v = htobe16(v);
    memcpy(p, &v, sizeof(v));
}

static inline uint32_t ldl_be_p(const void *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return be32toh(v);
}

static inline void stl_be_p(void *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, sizeof(v));
}

static inline uint64_t ldq_be_p(const void *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return be64toh(v);
}

static inline void stq_be_p(void *p, uint64_t v)
{
    v = htobe64(v);
    memcpy(p, &v, sizeof(v));
}

#endif
