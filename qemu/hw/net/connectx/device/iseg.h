/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the initialization segment
 */
#ifndef HW_NET_CONNECTX_ISEG_H
#define HW_NET_CONNECTX_ISEG_H

#include "base/types.h"

/* Words of CX_ISEG_SIZE bytes at the beginning of BAR0 */
uint32_t cx_iseg_read(ConnectXFunction *fn, uint32_t offset);
void cx_iseg_write(ConnectXFunction *fn, uint32_t offset, uint32_t value);

#endif /* HW_NET_CONNECTX_ISEG_H */
