/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs for datagrams, that for management too
 */
#ifndef HW_NET_CONNECTX_RDMA_UD_H
#define HW_NET_CONNECTX_RDMA_UD_H

#include "base/types.h"
#include "host/sched.h"
#include "packet/roce.h"
#include "switch/frame.h"

/* Sends; true if there is more than the budget allowed for. */
bool cx_ud_work(ConnectXFunction *fn, ConnectXObj *qp, ConnectXBudget *budget);
void cx_ud_receive(ConnectXFunction *fn, ConnectXObj *qp,
                   const ConnectXFrame *frame, const ConnectXRoceEnds *ends,
                   const ConnectXRoce *packet);

#endif /* HW_NET_CONNECTX_RDMA_UD_H */
