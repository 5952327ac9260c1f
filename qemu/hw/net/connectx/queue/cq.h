/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: completion queues
 */
#ifndef HW_NET_CONNECTX_CQ_H
#define HW_NET_CONNECTX_CQ_H

#include "base/types.h"
#include "queue/ring.h"

ConnectXRing cx_cq_ring(const ConnectXObj *cq);
/* page: the UAR page that it came by, an index in BAR0 */
void cx_cq_arm(ConnectXFunction *fn, uint32_t page, uint32_t cqn,
               uint32_t request);
/*
 * Writes the CQE (64 bytes; its owner bit is this function's business). False
 * if the queue is in error, by this one or since before.
 */
bool cx_cq_post(ConnectXFunction *fn, uint32_t cqn, uint8_t cqe[64],
                bool solicited);
void cx_cq_register(void);

#endif /* HW_NET_CONNECTX_CQ_H */
