/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: lists of pieces of memory behind other keys
 *
 * What an indirect memory key (KLM, KSM) has in place of pages: an entry of 16
 * bytes names a key, an address behind it and a length. Entries of a key that
 * is KSM have all the same length.
 */
#ifndef HW_NET_CONNECTX_KLM_H
#define HW_NET_CONNECTX_KLM_H

#include "base/types.h"

/* Entries looked at in one access, whatever leads to what; see klm.c. */
#define CX_KLM_LOOKS_MAX    (1u << 15)
/* How many bytes can be copied while one is looked at, or its key is */
#define CX_KLM_LOOK_BYTES   16
#define CX_KLM_PIECE_BYTES  128

typedef struct ConnectXKlm {
    const uint64_t *list;               /* two words an entry */
    uint32_t n;
    uint8_t shift;                      /* KSM: of an entry's length */
    bool fixed;                         /* it is KSM */
    /* Where cx_klm_find() goes on: entries, and bytes before that one */
    uint32_t at;
    uint64_t before;
} ConnectXKlm;

typedef struct ConnectXKlmPiece {
    uint32_t key;
    uint64_t va, len;
} ConnectXKlmPiece;

/*
 * cx_klm_find - What lies at that offset of all that the list has, from there
 * to the end of its piece. The offset is not below the one of the last time.
 * False behind the end, in a list that makes no sense, and if looks, which
 * is counted down, is used up.
 */
bool cx_klm_find(ConnectXKlm *klm, uint64_t offset, ConnectXKlmPiece *piece,
                 uint32_t *looks);

#endif /* HW_NET_CONNECTX_KLM_H */
