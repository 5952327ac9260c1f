/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: doorbells
 */
#ifndef HW_NET_CONNECTX_UAR_H
#define HW_NET_CONNECTX_UAR_H

#include "base/types.h"
#include "fn/latch.h"

/* A write to a page of doorbells; offset is that in BAR0. */
void cx_uar_write(ConnectXFunction *fn, uint32_t offset, uint64_t value,
                  unsigned size);
/* See ConnectXLatchCovers. */
bool cx_uar_covers(const ConnectXLatch *later, const ConnectXLatch *earlier);
void cx_uar_register(void);

#endif /* HW_NET_CONNECTX_UAR_H */
