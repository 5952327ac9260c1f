/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection of XRC, and shared queues that its messages can be for.
 */
#ifndef TESTS_XRC_BENCH_H
#define TESTS_XRC_BENCH_H

#include "srq.h"
#include "vhca-bench.h"

#define XRC_NO_USER_INDEX   0xffffff
/* VFs: an end is on the first, and can move to the second, of its two */
#define XRC_SLOTS           4

/* An initiator at a; at b a target, and shared queues of its domain. */
typedef struct Xrc {
    VhcaBench v;
    RdmaBench r;
    uint32_t pd;                        /* the target's own, of no memory */
    uint32_t xrcd, other_xrcd;
    HcaCq cq, cq2;                      /* the shared queues' */
    /* The second has no user index; one is of another domain. */
    Srq srq, srq2, foreign;
    Srq a_srq;                          /* what a's queue pair must name */
} Xrc;

void xrc_start(Xrc *x, void **state);
/* A target that names that queue. Returns the status. */
int xrc_try_target(Xrc *x, HcaQp *qp, uint32_t srqn, uint32_t xrcd);
/* As rdma_wr(), for the first of the shared queues */
HcaWr xrc_wr(const Xrc *x, unsigned opcode, uint32_t at, uint32_t len);

#endif
