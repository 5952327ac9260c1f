/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the one way to memory
 */
#ifndef HW_NET_CONNECTX_DMA_H
#define HW_NET_CONNECTX_DMA_H

#include "base/types.h"

/* Why a function is kept from memory, whatever bus mastering says */
enum {
    CX_SHUT_SUSPENDED   = 1 << 0,       /* its initiator is */
    CX_SHUT_DEAD        = 1 << 1,       /* its firmware is */
};

/*
 * cx_fn_may_dma - May the function touch memory, raise events, start commands?
 * Not without bus mastering, nor while there is a reason to shut it off.
 */
bool cx_fn_may_dma(const ConnectXFunction *fn);
/* Adds a reason (CX_SHUT_*), or takes it away. */
void cx_dma_shut(ConnectXFunction *fn, uint8_t why, bool shut);
/* All through the function's own requester id. False: bus error, or may not */
bool cx_dma_read(ConnectXFunction *fn, uint64_t addr, void *buf, uint64_t len);
bool cx_dma_write(ConnectXFunction *fn, uint64_t addr, const void *buf,
                  uint64_t len);

#endif /* HW_NET_CONNECTX_DMA_H */
