/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: which pages a function has written to
 *
 * A log has a bit for each page of its ranges, from when it is started until it
 * is stopped. Any number of them can follow one function.
 */
#ifndef HW_NET_CONNECTX_DIRTY_H
#define HW_NET_CONNECTX_DIRTY_H

#include "base/types.h"

typedef struct ConnectXDirtyRange {
    uint64_t start, len;                /* whole pages; does not wrap */
} ConnectXDirtyRange;

typedef struct ConnectXDirtySetup {
    const ConnectXDirtyRange *ranges;   /* do not overlap; copied */
    uint32_t nr_ranges;
    uint8_t page_shift;
    uint64_t bytes_max;                 /* of memory for bits */
    /* Has no more memory and forgets pages from here on. Once, within a DMA. */
    void (*overflow)(void *opaque);
    void *opaque;
} ConnectXDirtySetup;

ConnectXDirty *cx_dirty_start(ConnectXFunction *fn,
                              const ConnectXDirtySetup *setup);
/* NULL is nothing to stop. */
void cx_dirty_stop(ConnectXDirty *log);

/* Nothing was written to. */
void cx_dirty_forget(ConnectXDirty *log);
bool cx_dirty_overflown(const ConnectXDirty *log);

/* The function writes there, or may have. For host/dma.c */
void cx_dirty_mark(ConnectXFunction *fn, uint64_t addr, uint64_t len);

/*
 * cx_dirty_take - Addresses of up to n pages in *from up to end, ascending,
 * each of which is clean then. Sets *from to where to go on: end when there are
 * no more, else the address of the next one.
 */
uint32_t cx_dirty_take(ConnectXDirty *log, uint64_t *from, uint64_t end,
                       uint64_t *pages, uint32_t n);

#endif /* HW_NET_CONNECTX_DIRTY_H */
