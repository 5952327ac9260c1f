/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the functions of a device
 */
#ifndef HW_NET_CONNECTX_FN_H
#define HW_NET_CONNECTX_FN_H

#include "base/function.h"

/* NULL when there is none. */
ConnectXFunction *cx_dev_find_function(ConnectXDevice *dev, uint16_t number);
/* Finds those only that are enabled: a VF by the PF, the PF by its driver. */
ConnectXFunction *cx_dev_find_vhca(ConnectXDevice *dev, uint16_t vhca_id);

/* The function's internal timer, which goes on in a function that was moved. */
uint64_t cx_fn_timer_ns(const ConnectXFunction *fn);

#endif /* HW_NET_CONNECTX_FN_H */
