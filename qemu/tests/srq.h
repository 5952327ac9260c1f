/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receive requests that queue pairs share: a list, in which each request names
 * the one behind it.
 */
#ifndef TESTS_SRQ_H
#define TESTS_SRQ_H

#include "rdma-bench.h"

#define SRQ_LOG         3
#define SRQ_SLOTS       (1u << SRQ_LOG)
#define SRQ_USER_INDEX  0x765

typedef struct Srq {
    RdmaEnd *e;
    uint32_t number;
    uint64_t buf, dbr;
    uint16_t posted;
} Srq;

/* An RMP */
void srq_create(Srq *s, RdmaEnd *e);
/* One of XRC: of a domain, with a completion queue of its own. */
void srq_create_xrc(Srq *s, RdmaEnd *e, uint32_t xrcd, uint32_t cqn);
/* Returns the status. user_index: 0xffffff for none */
int srq_try_xrc(Srq *s, RdmaEnd *e, uint32_t xrcd, uint32_t cqn,
                uint32_t user_index);
/* Request index of the list, over the end's memory, is there to be taken. */
void srq_post(Srq *s, unsigned index, uint32_t at, uint32_t len);
/* By another key than that */
void srq_set_key(Srq *s, unsigned index, uint32_t key);

#endif
