/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: BAR0
 */
#ifndef HW_NET_CONNECTX_BAR_H
#define HW_NET_CONNECTX_BAR_H

#include "exec/memory.h"

/* opaque is the function */
extern const MemoryRegionOps cx_bar_ops;
void cx_bar_register(void);

#endif /* HW_NET_CONNECTX_BAR_H */
