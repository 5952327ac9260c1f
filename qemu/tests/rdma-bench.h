/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two ends that speak RoCE: functions with a queue pair each, memory, and keys.
 */
#ifndef TESTS_RDMA_BENCH_H
#define TESTS_RDMA_BENCH_H

#include "machine.h"
#include "qp.h"

#define RDMA_BUF_BYTES      (1u << 20)
#define RDMA_LOG_WQ         4
#define RDMA_SLOTS          (1u << RDMA_LOG_WQ)
#define RDMA_MTU            1024

typedef struct RdmaEnd {
    Hca *hca;
    HcaRoce roce;
    HcaEq async_eq, comp_eq;
    HcaCq send_cq, recv_cq;
    HcaQp qp;
    uint32_t pd, mkey;                  /* mkey: as requests name it */
    uint32_t counters;                  /* from the next connection on */
    uint64_t buf;
    uint8_t *bytes;                     /* the same, the test's view */
} RdmaEnd;

typedef struct RdmaBench {
    Machine *m;
    RdmaEnd a, b;
    HcaQpWay way;                       /* numbers that both have */
} RdmaBench;

/* Between two VFs of one PF; connected, type HCA_QP_RC or _UD. */
void rdma_start(RdmaBench *r, void **state, unsigned type, bool v6);
/* Between two functions of a machine that runs */
void rdma_join(RdmaBench *r, Machine *m, Hca *a, Hca *b, unsigned type,
               bool v6);
/* The parts of it */
void rdma_end_create(RdmaEnd *e, Hca *hca, unsigned nth, bool v6);
void rdma_end_qp(RdmaEnd *e, unsigned type);
/* Its function's state is another function's now; the driver goes on. */
void rdma_end_moves(RdmaEnd *e, Hca *to);
void rdma_connect(RdmaBench *r);
/* Out of whatever state both are in, and connected anew */
void rdma_reconnect(RdmaBench *r);
/* The same, with an end that may be away for a second, or not be ready */
void rdma_be_patient(RdmaBench *r);
/* Anew as far as the device lets it */
void rdma_reconnect_if_may(RdmaBench *r);

/* A key over an end's memory with other rights, or other than its length. */
typedef struct RdmaKey {
    uint32_t pd;
    bool no_remote_read, no_remote_write, no_local_write, atomic;
} RdmaKey;

uint32_t rdma_create_key(RdmaEnd *e, const RdmaKey *key);

/* Bytes that tell where they belong */
void rdma_fill(uint8_t *p, uint32_t len, uint32_t seed);
void rdma_check(const uint8_t *p, uint32_t len, uint32_t seed);

/* A request with one segment: of a's memory from at on */
HcaWr rdma_wr(const RdmaBench *r, unsigned opcode, uint32_t at, uint32_t len);
/* A datagram to b: from a's memory, as an HCA_WR_SEND */
HcaWr rdma_datagram(const RdmaBench *r, uint32_t len);
/*
 * Rings for the requests that were posted and waits for them. Returns how many
 * were done before the device rested from what it does in one go.
 */
unsigned rdma_done_in_a_go(HcaQp *qp, HcaCq *cq, unsigned posted);
/* A receive request over the end's own memory */
void rdma_post_recv(RdmaEnd *e, uint32_t at, uint32_t len);

#endif
