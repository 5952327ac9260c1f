/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The luck of the fuzz tests: a program has one, which is the same again for
 * the same seed. FUZZ_SEED and FUZZ_ROUNDS in the environment choose others
 * than the tests' own.
 */
#ifndef TESTS_LUCK_H
#define TESTS_LUCK_H

#include <stdint.h>

/* Begins with the environment's seed; returns how many rounds to do. */
unsigned luck_begin(unsigned default_rounds);
/* The environment's seed, or the default one */
uint32_t luck_first_seed(void);
/* Begins with @seed, which may be anything. */
void luck_seed(uint32_t seed);
/* What luck_seed() needs to go on from here */
uint32_t luck_now(void);

uint32_t luck(void);
uint64_t luck_64(void);
/* From 0 to n - 1 */
uint32_t luck_below(uint32_t n);

/* An opcode of a folder in which the interface keeps its commands */
uint16_t luck_opcode(void);
/*
 * A request that looks like a frame to all, with headers that are mostly right,
 * in LUCK_WQE_BYTES that hold what the caller wants to see elsewhere in it.
 */
#define LUCK_WQE_BYTES  1024
void luck_frame(uint8_t *wqe, uint32_t sqn, uint32_t mkey, uint64_t payload);

#endif
