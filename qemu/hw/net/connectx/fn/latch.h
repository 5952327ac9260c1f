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


/* One more that waits; lost when there are CX_LATCH_MAX. */
void cx_latch_add(ConnectXFunction *fn, uint32_t offset, uint64_t value,
                  uint32_t size);
/* All that wait, in the order in which they came. Caller frees. */
GArray *cx_latch_take(ConnectXFunction *fn);
void cx_latch_register(void);

#endif /* HW_NET_CONNECTX_LATCH_H */
