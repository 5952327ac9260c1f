/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: memory of user space (UMEM), which queues can lie in
 *
 * A UMEM is a list of pages. What names one when it is created gets addresses
 * out of it, and keeps those: the UMEM must not go before it does.
 */
#ifndef HW_NET_CONNECTX_UMEM_H
#define HW_NET_CONNECTX_UMEM_H

#include "base/types.h"
#include "base/status.h"

/* From within .link of what may lie in one: takes the reference if it does. */
ConnectXStatus cx_umem_use(ConnectXFunction *fn, ConnectXObj *obj, bool valid,
                           uint32_t id);
/* Of a UMEM, n pages from the one on that has the byte at offset */
typedef struct ConnectXUmemPart {
    uint32_t id;
    uint64_t offset;
    uint8_t shift;                      /* of a page: at most the UMEM's own */
    uint32_t n;
} ConnectXUmemPart;

/* Their addresses (g_malloc) */
ConnectXStatus cx_umem_pages(ConnectXFunction *fn, const ConnectXUmemPart *part,
                             uint64_t **pages);
/* Where the byte at offset is in its page of CX_PAGE_SIZE. */
uint32_t cx_umem_in_page(ConnectXFunction *fn, uint32_t id, uint64_t offset);
/* The largest pages in which it is where start is in one */
uint8_t cx_umem_shift_for(ConnectXFunction *fn, uint32_t id, uint64_t offset,
                          uint64_t start);
void cx_umem_register(void);

#endif /* HW_NET_CONNECTX_UMEM_H */
