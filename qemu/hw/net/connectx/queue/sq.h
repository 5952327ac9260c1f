/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: send queues
 */
#ifndef HW_NET_CONNECTX_SQ_H
#define HW_NET_CONNECTX_SQ_H

#include "base/types.h"
#include "host/sched.h"
#include "queue/ring.h"
#include "queue/wq.h"

/*
 * Sends what the request of blocks blocks at run.pi describes, and takes what
 * that costs from the budget. When that is spent amid the request, run.count
 * says with which frame to go on the next time; else it is 0.
 */
typedef ConnectXSyndrome (*ConnectXSqSend)(ConnectXFunction *fn,
                                           ConnectXObj *sq,
                                           const ConnectXRing *ring,
                                           uint32_t blocks,
                                           ConnectXBudget *budget);
enum {
    CX_SQ_SENT,             /* run.count: frames of the request at run.pi */
};
/* Who knows of frames: the port. Once. */
void cx_sq_set_sender(ConnectXSqSend send);
/* page: the UAR page that it came by, an index in BAR0 */
void cx_sq_doorbell(ConnectXFunction *fn, uint32_t page, uint32_t sqn);
/* In its turn; true if there is more than the budget allowed for. */
bool cx_sq_work(ConnectXFunction *fn, ConnectXObj *sq, ConnectXBudget *budget);
void cx_sq_register(void);

#endif /* HW_NET_CONNECTX_SQ_H */
