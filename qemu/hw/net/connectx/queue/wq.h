/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what send queues, receive queues and RMPs share
 */
#ifndef HW_NET_CONNECTX_WQ_H
#define HW_NET_CONNECTX_WQ_H

#include "base/types.h"
#include "base/status.h"
#include "queue/ring.h"

#define CX_WQEBB_SIZE       64

/* Queue states of sqc, rqc and rmpc */
enum {
    CX_WQ_RST = 0,
    CX_WQ_RDY = 1,
    CX_WQ_ERR = 3,
};

/* wq: the structure of that name inside of obj's creation input */
ConnectXRing cx_wq_ring(const ConnectXObj *obj, const uint8_t *wq);
/* Ring, protection domain, no UMEM. For the link functions of the kinds. */
ConnectXStatus cx_wq_link(ConnectXFunction *fn, ConnectXObj *obj,
                          const uint8_t *wq);

#endif /* HW_NET_CONNECTX_WQ_H */
