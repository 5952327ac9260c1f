/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: lists of pieces of memory behind other keys
 *
 * A list is gone through from its beginning, each time that another one leads
 * to it, so keys whose lists name keys with lists could have the device at work
 * for ever: how many entries one access may look at is bounded.
 *
 * Of KLM lists an entry with a key of fixed meaning begins a repeated block:
 * of as many entries as it says each turn has a piece, and the next turn's
 * pieces lie a stride further.
 */
#include "qemu/osdep.h"
#include "obj/klm.h"

#define CX_KLM_REPEAT   0x400           /* in place of a key */

/* Words of an entry: length and key, address */
static uint32_t cx_klm_len(const uint64_t *entry)
{
    return entry[0] >> 32;
}

static uint32_t cx_klm_key(const uint64_t *entry)
{
    return entry[0];
}

/* Words of a block: bytes of a turn, and that key; turns, and its entries */
typedef struct ConnectXKlmBlock {
    const uint64_t *entries;
    uint32_t bytes, turns, n;
} ConnectXKlmBlock;

/* Words of its entries: stride, length and key; address */
static uint16_t cx_klm_stride(const uint64_t *entry)
{
    return entry[0] >> 48;
}

static uint16_t cx_klm_turn_len(const uint64_t *entry)
{
    return entry[0] >> 32;
}

static bool cx_klm_look(uint32_t *looks)
{
    return *looks && (*looks)--;
}

/* The offset is within the block's turns. */
static bool cx_klm_find_in_block(const ConnectXKlmBlock *block,
                                 uint64_t offset, ConnectXKlmPiece *piece,
                                 uint32_t *looks)
{
    uint64_t turn = offset / block->bytes;

    offset %= block->bytes;
    for (uint32_t i = 0; i < block->n; i++) {
        const uint64_t *entry = block->entries + i * 2;
        uint16_t len = cx_klm_turn_len(entry);

        if (!cx_klm_look(looks)) {
            return false;
        }
        if (offset < len) {
            *piece = (ConnectXKlmPiece) {
                .key = cx_klm_key(entry), .len = len - offset,
                .va = entry[1] + turn * cx_klm_stride(entry) + offset,
            };
            return true;
        }
        offset -= len;
    }
    return false;
}

static bool cx_klm_find_fixed(const ConnectXKlm *klm, uint64_t offset,
                              ConnectXKlmPiece *piece)
{
    uint64_t size = 1ull << klm->shift, at = offset >> klm->shift;

    if (at >= klm->n) {
        return false;
    }
    offset &= size - 1;
    *piece = (ConnectXKlmPiece) {
        .key = cx_klm_key(klm->list + at * 2), .len = size - offset,
        .va = klm->list[at * 2 + 1] + offset,
    };
    return true;
}

bool cx_klm_find(ConnectXKlm *klm, uint64_t offset, ConnectXKlmPiece *piece,
                 uint32_t *looks)
{
    if (klm->fixed) {
        return cx_klm_look(looks) && cx_klm_find_fixed(klm, offset, piece);
    }
    offset -= klm->before;
    while (klm->at < klm->n) {
        const uint64_t *entry = klm->list + klm->at * 2;
        uint64_t len = cx_klm_len(entry);
        uint32_t n = 1;
        ConnectXKlmBlock block;

        if (!cx_klm_look(looks)) {
            return false;
        }
        if (cx_klm_key(entry) == CX_KLM_REPEAT) {
            block = (ConnectXKlmBlock) {
                .entries = entry + 2, .bytes = len, .turns = entry[1] >> 32,
                .n = entry[1] & UINT16_MAX,
            };
            if (block.n > klm->n - klm->at - 1) {
                return false;
            }
            len *= block.turns;
            if (offset < len) {
                return cx_klm_find_in_block(&block, offset, piece, looks);
            }
            n += block.n;
        } else if (offset < len) {
            *piece = (ConnectXKlmPiece) {
                .key = cx_klm_key(entry), .va = entry[1] + offset,
                .len = len - offset,
            };
            return true;
        }
        offset -= len;
        klm->before += len;
        klm->at += n;
    }
    return false;
}
