/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: events of completion queues that may come later
 */
#ifndef HW_NET_CONNECTX_MODERATE_H
#define HW_NET_CONNECTX_MODERATE_H

#include "base/types.h"

/* The time is up for a queue, which may be gone, or not due by now. Once. */
typedef void (*ConnectXModerated)(ConnectXFunction *fn, uint32_t cqn);
void cx_moderate_set_done(ConnectXModerated done);
/* Has done called for the queue within that time. */
void cx_moderate_wait(ConnectXFunction *fn, uint32_t cqn, uint32_t period_us);
void cx_moderate_register(void);

#endif /* HW_NET_CONNECTX_MODERATE_H */
