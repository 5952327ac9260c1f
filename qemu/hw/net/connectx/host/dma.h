/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the one way to memory
 */
#ifndef HW_NET_CONNECTX_DMA_H
#define HW_NET_CONNECTX_DMA_H

#include "base/types.h"

/*
 * cx_fn_may_dma - May the function touch memory, raise events, start commands?
 * Not while the initiator is suspended, bus mastering is off or the firmware
 * is dead.
 */
bool cx_fn_may_dma(const ConnectXFunction *fn);
/* All through the function's own requester id. False: bus error, or may not */
bool cx_dma_read(ConnectXFunction *fn, uint64_t addr, void *buf, uint64_t len);
bool cx_dma_write(ConnectXFunction *fn, uint64_t addr, const void *buf,
                  uint64_t len);

#endif /* HW_NET_CONNECTX_DMA_H */
