/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: register writes that wait
 */
#ifndef HW_NET_CONNECTX_LATCH_H
#define HW_NET_CONNECTX_LATCH_H

#include "base/types.h"

/* A register write that came while the responder was suspended. */
typedef struct ConnectXLatch {
    uint32_t offset;
    uint32_t size;
    uint64_t value;
} ConnectXLatch;

#define CX_LATCH_MAX        1024

/* Does a later write say all that an earlier one did? Who decodes it knows. */
typedef bool (*ConnectXLatchCovers)(const ConnectXLatch *later,
                                    const ConnectXLatch *earlier);
/* Once. */
void cx_latch_set_covers(ConnectXLatchCovers covers);

/*
 * cx_latch_add - One more that waits.
 * It takes the place of one that it covers, so that it does not matter how
 * often a driver rings for a queue. What is over CX_LATCH_MAX is lost, which is
 * an error of the driver: it has not that many doorbells that it may ring.
 */
void cx_latch_add(ConnectXFunction *fn, uint32_t offset, uint64_t value,
                  uint32_t size);
/* Has those wait before all others. */
void cx_latch_prepend(ConnectXFunction *fn, const GArray *older);
/* All that wait, in the order in which they came. Caller frees. */
GArray *cx_latch_take(ConnectXFunction *fn);
void cx_latch_register(void);

#endif /* HW_NET_CONNECTX_LATCH_H */
