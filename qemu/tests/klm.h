/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory keys with lists of other keys, made at an end of a connection, and
 * what a peer writes through them.
 */
#ifndef TESTS_KLM_H
#define TESTS_KLM_H

#include "rdma-bench.h"

#define KLM_REPEAT      0x400           /* in place of an entry's key */
#define KLM_LIST_MAX    4096
#define KLM_DEPTH_MAX   4
#define KLM_START       0x123456000ull  /* a key's first address */

enum {                      /* mkc.access_mode */
    KLM_PIECES      = 2,
    KLM_FIXED       = 3,                /* all pieces have one size */
};

typedef struct KlmEntry {
    uint32_t len, key;
    uint64_t va;
} KlmEntry;

typedef struct KlmKey {
    unsigned mode, shift;
    const KlmEntry *entries;
    unsigned n;
    uint64_t len;
    bool free;
} KlmKey;

/* Returns the status; *key: as requests name it */
int klm_create(RdmaEnd *e, const KlmKey *k, uint32_t *key);
uint32_t klm_must_create(RdmaEnd *e, const KlmKey *k);
/* A request of a's to write at that offset of the key, which is b's */
HcaWr klm_write(const RdmaBench *r, uint32_t key, uint64_t at, uint32_t len);
void klm_must_write(RdmaBench *r, uint32_t key, uint64_t at, uint32_t len,
                    uint32_t seed);
/* The peer is told so; its bytes go nowhere. */
void klm_must_refuse(RdmaBench *r, uint32_t key, uint64_t at, uint32_t len);

#endif
