/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers at random that are the same again for the same seed.
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>

/* The next one; @seed is anything but 0 to begin with. */
uint32_t random_next(uint32_t *seed);
/* One from 0 to n - 1. */
uint32_t random_below(uint32_t *seed, uint32_t n);

#endif
