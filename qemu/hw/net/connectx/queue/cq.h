/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: completion queues
 */
#ifndef HW_NET_CONNECTX_CQ_H
#define HW_NET_CONNECTX_CQ_H

#include "base/status.h"
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
/*
 * cx_cq_resize - Go on in another ring, that of cqc over the pages of a list of
 * room big-endian addresses. The last completion in the old one says so.
 */
ConnectXStatus cx_cq_resize(ConnectXFunction *fn, ConnectXObj *cq,
                            const uint8_t *cqc, const uint8_t *list,
                            uint64_t room);
void cx_cq_register(void);

#endif /* HW_NET_CONNECTX_CQ_H */
