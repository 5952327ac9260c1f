/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: writes that a test has a function make
 *
 * A function writes where its driver told it to. Tests of who notices need
 * writes in places of their own choice, and many of them, with no driver.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "device/device.h"
#include "fn/fn.h"
#include "host/dma.h"

#define CX_BURST_BYTES      8           /* of each write, aligned */
/* They are made at once, under the big lock. */
#define CX_BURST_MAX        (1u << 20)

enum {                      /* of the text, between colons */
    CX_BURST_FUNCTION,
    CX_BURST_START,
    CX_BURST_SIZE,
    CX_BURST_COUNT,
    CX_BURST_SEED,
    CX_BURST_WORDS
};

/* xorshift64: any state but 0 has a next one, never 0 */
static uint64_t cx_burst_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static bool cx_burst_parse(const char *text, uint64_t words[CX_BURST_WORDS])
{
    g_auto(GStrv) list = g_strsplit(text, ":", 0);

    if (g_strv_length(list) != CX_BURST_WORDS) {
        return false;
    }
    for (unsigned i = 0; i < CX_BURST_WORDS; i++) {
        if (qemu_strtou64(list[i], NULL, 0, &words[i]) < 0) {
            return false;
        }
    }
    return !(words[CX_BURST_START] % CX_BURST_BYTES) &&
           words[CX_BURST_SIZE] >= CX_BURST_BYTES &&
           words[CX_BURST_COUNT] <= CX_BURST_MAX && words[CX_BURST_SEED];
}

void cx_burst(ConnectXDevice *dev, const char *text, Error **errp)
{
    uint64_t words[CX_BURST_WORDS], places, value;
    ConnectXFunction *fn;

    if (!cx_burst_parse(text, words)) {
        error_setg(errp, "'%s' is not FUNCTION:START:BYTES:COUNT:SEED with "
                   "START in steps of %u, at most %u writes, and a seed",
                   text, CX_BURST_BYTES, CX_BURST_MAX);
        return;
    }
    fn = cx_dev_find_function(dev, words[CX_BURST_FUNCTION]);
    if (!fn) {
        error_setg(errp, "there is no function %" PRIu64,
                   words[CX_BURST_FUNCTION]);
        return;
    }
    places = words[CX_BURST_SIZE] / CX_BURST_BYTES;
    for (uint64_t i = 0; i < words[CX_BURST_COUNT]; i++) {
        uint64_t addr = words[CX_BURST_START] +
                        cx_burst_next(&words[CX_BURST_SEED]) % places *
                        CX_BURST_BYTES;

        value = cpu_to_be64(words[CX_BURST_SEED]);
        if (!cx_dma_write(fn, addr, &value, sizeof(value))) {
            error_setg(errp, "write %" PRIu64 " of %" PRIu64 ", to 0x%" PRIx64
                       ", failed", i + 1, words[CX_BURST_COUNT], addr);
            return;
        }
    }
}
