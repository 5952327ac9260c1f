/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the requester of a connection
 */
#ifndef HW_NET_CONNECTX_RDMA_REQUESTER_H
#define HW_NET_CONNECTX_RDMA_REQUESTER_H

#include "base/types.h"
#include "host/sched.h"
#include "packet/roce.h"
#include "queue/wq.h"

/* Sends what may be sent; true if there is more than the budget allowed for. */
bool cx_requester_work(ConnectXFunction *fn, ConnectXObj *qp,
                       ConnectXBudget *budget);
/* A packet of the peer's responder. Sends nothing itself. */
void cx_requester_answer(ConnectXFunction *fn, ConnectXObj *qp,
                         const ConnectXRoce *packet);

#endif /* HW_NET_CONNECTX_RDMA_REQUESTER_H */
