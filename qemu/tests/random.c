/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marsaglia's xorshift with 32 bits: good enough to hit everything.
 */
#include "random.h"

uint32_t random_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

uint32_t random_below(uint32_t *seed, uint32_t n)
{
    return random_next(seed) % n;
}
