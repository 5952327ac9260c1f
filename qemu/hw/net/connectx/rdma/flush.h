/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs in error
 */
#ifndef HW_NET_CONNECTX_RDMA_FLUSH_H
#define HW_NET_CONNECTX_RDMA_FLUSH_H

#include "base/types.h"
#include "host/sched.h"

/*
 * cx_flush_work - Completes what is outstanding as flushed: what was to be
 * sent, and, but for those that are in error as senders alone, what was to
 * receive. True if there is more than the budget allowed for.
 */
bool cx_flush_work(ConnectXFunction *fn, ConnectXObj *qp,
                   ConnectXBudget *budget);

#endif /* HW_NET_CONNECTX_RDMA_FLUSH_H */
