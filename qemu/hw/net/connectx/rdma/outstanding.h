/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: requests of a reliable connection that were sent and
 * are not completed
 *
 * They are not remembered: the first one's index and PSN are, and the requests
 * themselves stand in the driver's ring. So nothing has to be said of them in
 * an image, and going back means no more than to set an index.
 */
#ifndef HW_NET_CONNECTX_RDMA_OUTSTANDING_H
#define HW_NET_CONNECTX_RDMA_OUTSTANDING_H

#include "queue/qp.h"
#include "queue/wq.h"
#include "rdma/wqe.h"

/* Packets without an answer. So many requests can be under way at most. */
#define CX_WINDOW           128

/* PSNs that the request takes; 0: it is not for the peer */
uint32_t cx_wqe_packets(const ConnectXWqe *wqe, uint32_t mtu);
/*
 * cx_outstanding_done - All before psn is answered: completes requests.
 * False: an answer with data should have come first, and did not.
 */
bool cx_outstanding_done(ConnectXFunction *fn, ConnectXObj *qp, uint32_t psn);
/* Everything from what the peer did not answer on is sent again. */
void cx_outstanding_again(ConnectXFunction *fn, ConnectXObj *qp);
/* The same, why being counted, CX_COUNT_*; too often, and it fails. */
void cx_outstanding_retry(ConnectXFunction *fn, ConnectXObj *qp,
                          ConnectXCount why);
/* The oldest one fails, and with it the queue pair. */
void cx_outstanding_fail(ConnectXFunction *fn, ConnectXObj *qp,
                         ConnectXSyndrome syndrome);
/* Waits for an answer from now on, or for none if all came. */
void cx_outstanding_wait(ConnectXFunction *fn, ConnectXObj *qp);

#endif /* HW_NET_CONNECTX_RDMA_OUTSTANDING_H */
