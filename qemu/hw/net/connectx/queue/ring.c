/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: rings of queue entries in the memory of the host
 */
#include "qemu/osdep.h"
#include "host/dma.h"
#include "obj/obj.h"
#include "queue/ring.h"

uint32_t cx_ring_pages(const ConnectXRing *ring)
{
    uint64_t bytes;

    if (ring->page_shift > 40 || ring->log_size + ring->log_stride > 32 ||
        ring->offset >= 1ull << ring->page_shift) {
        return 0;
    }
    bytes = ring->offset + (1ull << (ring->log_size + ring->log_stride));
    return DIV_ROUND_UP(bytes, 1ull << ring->page_shift);
}

/*
 * An entry may straddle two pages only when the ring starts at an offset that
 * is no multiple of the entry's size, so the copy is cut at page borders.
 */
static bool cx_ring_rw(ConnectXFunction *fn, const ConnectXRing *ring,
                       uint32_t index, uint32_t at, uint8_t *buf, uint32_t len,
                       bool write)
{
    uint64_t page_size = 1ull << ring->page_shift;
    uint64_t mask = (1ull << ring->log_size) - 1;
    uint64_t pos = ring->offset + ((index & mask) << ring->log_stride) + at;

    while (len) {
        uint64_t page = pos >> ring->page_shift;
        uint64_t in_page = pos & (page_size - 1);
        uint32_t n = MIN(len, page_size - in_page);
        uint64_t addr;

        if (page >= ring->obj->npas) {
            return false;
        }
        addr = (ring->obj->pas[page] & ~(page_size - 1)) + in_page;
        if (!(write ? cx_dma_write(fn, addr, buf, n) :
                      cx_dma_read(fn, addr, buf, n))) {
            return false;
        }
        pos += n;
        buf += n;
        len -= n;
    }
    return true;
}

bool cx_ring_read(ConnectXFunction *fn, const ConnectXRing *ring,
                  uint32_t index, uint32_t at, void *buf, uint32_t len)
{
    return cx_ring_rw(fn, ring, index, at, buf, len, false);
}

bool cx_ring_write(ConnectXFunction *fn, const ConnectXRing *ring,
                   uint32_t index, uint32_t at, const void *buf, uint32_t len)
{
    return cx_ring_rw(fn, ring, index, at, (uint8_t *)buf, len, true);
}
