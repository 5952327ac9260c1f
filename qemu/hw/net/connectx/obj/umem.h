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
/*
 * cx_umem_pages - Addresses of n pages of CX_PAGE_SIZE (g_malloc), from the one
 * on that has the byte at offset. cx_umem_in_page() says where it is in there.
 */
ConnectXStatus cx_umem_pages(ConnectXFunction *fn, uint32_t id,
                             uint64_t offset, uint32_t n, uint64_t **pages);
uint32_t cx_umem_in_page(ConnectXFunction *fn, uint32_t id, uint64_t offset);
void cx_umem_register(void);

#endif /* HW_NET_CONNECTX_UMEM_H */
