/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: receive queues and receive memory pools
 */
#ifndef HW_NET_CONNECTX_RQ_H
#define HW_NET_CONNECTX_RQ_H

#include "base/types.h"
#include "host/sched.h"
#include "queue/wq.h"

/* Completes the buffer at run.pi in error, which mostly stops the queue. */
void cx_rq_fail(ConnectXFunction *fn, ConnectXObj *rq,
                ConnectXSyndrome syndrome);
/* For a queue in error; true if there is more than the budget allowed for. */
bool cx_rq_flush(ConnectXFunction *fn, ConnectXObj *rq,
                 ConnectXBudget *budget);
void cx_rq_register(void);

#endif /* HW_NET_CONNECTX_RQ_H */
