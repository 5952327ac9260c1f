/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: rings of queue entries in the memory of the host
 */
#ifndef HW_NET_CONNECTX_RING_H
#define HW_NET_CONNECTX_RING_H

#include "base/types.h"

/* EQ and CQ indices are 24 bits wide, as doorbells carry them; WQ's 16. */
#define CX_INDEX_MASK       0xffffff
#define CX_WQ_INDEX_MASK    0xffff

/* Where a queue's entries lie: the geometry that its context gives. */
typedef struct ConnectXRing {
    const ConnectXObj *obj;
    uint64_t offset;            /* of entry 0 in the first page */
    uint8_t page_shift;
    uint8_t log_size;           /* entries */
    uint8_t log_stride;         /* bytes of an entry */
} ConnectXRing;

/* Contexts tell where in its first page a queue begins in 64ths of a page. */
static inline uint64_t cx_ring_offset(uint32_t page_offset, uint8_t page_shift)
{
    return ((uint64_t)page_offset << page_shift) / 64;
}

/* Pages that the ring needs; 0 if its geometry is out of range. */
uint32_t cx_ring_pages(const ConnectXRing *ring);
/* Entries are counted modulo the ring's size; at + len stays in the entry. */
bool cx_ring_read(ConnectXFunction *fn, const ConnectXRing *ring,
                  uint32_t index, uint32_t at, void *buf, uint32_t len);
bool cx_ring_write(ConnectXFunction *fn, const ConnectXRing *ring,
                   uint32_t index, uint32_t at, const void *buf, uint32_t len);

#endif /* HW_NET_CONNECTX_RING_H */
