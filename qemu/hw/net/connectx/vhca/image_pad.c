/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the padding of a migration image
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "vhca/image_pad.h"

/* An odd factor: no two words of a padding are alike. */
static uint64_t cx_pad_word(uint64_t offset)
{
    return cpu_to_le64((offset / 8 + 1) * 0x9e3779b97f4a7c15ULL);
}

void cx_image_pad_fill(uint64_t offset, uint8_t *buf, uint64_t len)
{
    /* A piece may start or end in the middle of a word. */
    while (len) {
        uint64_t word = cx_pad_word(offset);
        unsigned skip = offset % 8;
        uint64_t part = MIN(len, 8 - skip);

        memcpy(buf, (uint8_t *)&word + skip, part);
        buf += part;
        offset += part;
        len -= part;
        for (; len >= 8; buf += 8, offset += 8, len -= 8) {
            word = cx_pad_word(offset);
            memcpy(buf, &word, 8);
        }
    }
}

bool cx_image_pad_is_good(uint64_t offset, const uint8_t *buf, uint64_t len)
{
    uint8_t wanted[4096];

    while (len) {
        uint64_t part = MIN(len, sizeof(wanted));

        cx_image_pad_fill(offset, wanted, part);
        if (memcmp(buf, wanted, part)) {
            return false;
        }
        buf += part;
        offset += part;
        len -= part;
    }
    return true;
}
