/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include <stdio.h>
#include <stdlib.h>

#include "luck.h"
#include "random.h"

#define DEFAULT_SEED    0xc0ffee

static uint32_t state = DEFAULT_SEED;

uint32_t luck_first_seed(void)
{
    const char *env = getenv("FUZZ_SEED");

    return env ? strtoul(env, NULL, 0) : DEFAULT_SEED;
}

void luck_seed(uint32_t seed)
{
    state = seed ? seed : 1;
}

uint32_t luck_now(void)
{
    return state;
}

unsigned luck_begin(unsigned default_rounds)
{
    const char *env = getenv("FUZZ_ROUNDS");
    unsigned rounds = env ? strtoul(env, NULL, 0) : default_rounds;

    luck_seed(luck_first_seed());
    printf("# FUZZ_SEED=0x%x FUZZ_ROUNDS=%u\n", state, rounds);
    return rounds;
}

uint32_t luck(void)
{
    return random_next(&state);
}

uint64_t luck_64(void)
{
    uint64_t high = luck();

    return high << 32 | luck();
}

uint32_t luck_below(uint32_t n)
{
    return random_below(&state, n);
}

uint16_t luck_opcode(void)
{
    static const uint16_t base[] = {
        0x100, 0x110, 0x200, 0x300, 0x400, 0x500, 0x700, 0x750, 0x760, 0x770,
        0x780, 0x800, 0x810, 0x820, 0x900, 0x910, 0x920, 0x930, 0x940, 0xa00,
        0xb00,
    };

    return base[luck_below(ARRAY_SIZE(base))] + luck_below(16);
}

/* The Ethernet, IP and transport headers that a request may have inlined */
static void some_headers(uint8_t *wqe, unsigned bytes)
{
    uint8_t *frame = wqe + 30;

    wqe[28] = bytes >> 8;
    wqe[29] = bytes;
    memset(frame, luck_below(3) ? 0xff : luck(), 6);
    frame[12] = luck_below(2) ? 0x08 : 0x86;
    frame[13] = frame[12] == 0x08 ? 0x00 : 0xdd;
    frame[14] = frame[12] == 0x08 ? 0x45 : 0x60;
    /* The protocol, where IPv4 or IPv6 has it */
    frame[23] = luck_below(2) ? 6 : 17;
    frame[20] = frame[23];
}

void luck_frame(uint8_t *wqe, uint32_t sqn, uint32_t mkey, uint64_t payload)
{
    static const uint8_t opcodes[] = { 0x00, 0x0a, 0x0a, 0x0e, 0x0e, 0x25 };
    static const uint16_t inlined[] = {
        0, 1, 2, 14, 18, 34, 54, 66, 94, 200, 1000, 0x7fff,
        0x8000, 0x8012, 0x8001,         /* a tag to insert, instead */
    };
    unsigned header = inlined[luck_below(ARRAY_SIZE(inlined))];
    unsigned at;

    stl_be_p(wqe, luck() << 8 | opcodes[luck_below(sizeof(opcodes))]);
    wqe[11] = luck() & 8;
    wqe[20] = luck();
    wqe[22] = luck_below(8);
    wqe[23] = luck();
    some_headers(wqe, header);
    at = 32 + (header > 2 && header < 128 ? (header - 2 + 15) / 16 * 16 : 0);
    for (; at + 16 <= LUCK_WQE_BYTES && luck_below(4); at += 16) {
        stl_be_p(wqe + at, luck_below(8) ? luck_below(3000) : luck());
        stl_be_p(wqe + at + 4, luck_below(16) ? mkey : luck());
        stq_be_p(wqe + at + 8, luck_below(16) ? payload : luck_64());
    }
    stl_be_p(wqe + 4, sqn << 8 | (luck_below(4) ? at / 16 : luck_below(64)));
}
