/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the responder of a connection
 */
#ifndef HW_NET_CONNECTX_RDMA_RESPONDER_H
#define HW_NET_CONNECTX_RDMA_RESPONDER_H

#include "base/types.h"
#include "host/sched.h"
#include "packet/roce.h"
#include "queue/qp.h"

/* A packet of the peer's requester. What it is owed is sent in turns. */
void cx_responder_request(ConnectXFunction *fn, ConnectXObj *qp,
                          const ConnectXRoce *packet);
/* Sends what is owed; true if there is more than the budget allowed for. */
bool cx_responder_work(ConnectXFunction *fn, ConnectXObj *qp,
                       ConnectXBudget *budget);

/* For the responder's files. An acknowledgement, or a refusal: CX_AETH_* */
void cx_responder_owe(ConnectXFunction *fn, ConnectXObj *qp, uint32_t psn,
                      uint8_t syndrome);
/* Of an unreliable connection: no more comes of the message under way. */
void cx_responder_lose(ConnectXFunction *fn, ConnectXObj *qp);
/*
 * The request at the expected PSN is refused, and the queue pair fails; of an
 * unreliable connection only for its own driver's fault (CX_AETH_OPERATION).
 */
void cx_responder_refuse(ConnectXFunction *fn, ConnectXObj *qp,
                         uint8_t syndrome);
/* An answer with data is to be given; false: there are too many. */
bool cx_responder_promise(ConnectXFunction *fn, ConnectXObj *qp,
                          const ConnectXQpAnswer *answer);
/* What was promised from that PSN on is not wanted any more, or not yet. */
void cx_responder_forget(ConnectXFunction *fn, ConnectXObj *qp, uint32_t psn);

#endif /* HW_NET_CONNECTX_RDMA_RESPONDER_H */
