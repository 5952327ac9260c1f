/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection whose ends can move: each has two VFs to be on.
 */
#ifndef TESTS_RDMA_MOVES_H
#define TESTS_RDMA_MOVES_H

#include "rdma-bench.h"
#include "vhca-bench.h"

/* VFs, counted from 0, that a and b are on at first; the next is their other */
#define RDMA_MOVES_A    0
#define RDMA_MOVES_B    2

typedef struct RdmaMoves {
    VhcaBench v;
    RdmaBench r;
    unsigned a_on, b_on;                /* VFs */
} RdmaMoves;

/* Connected, of a PF's four VFs; the peer of who moves is patient. */
void rdma_moves_start(RdmaMoves *t, void **state, unsigned type);
/* An end goes to its other VF; its driver knows nothing of it. */
void rdma_moves_end(RdmaMoves *t, RdmaEnd *e);
/* The VF that it is on stops sending; what comes there is carried out. */
void rdma_moves_suspend(RdmaMoves *t, const RdmaEnd *e);

#endif
