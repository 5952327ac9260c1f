/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: XRC shared receive queues, as objects
 */
#ifndef HW_NET_CONNECTX_XRC_SRQ_H
#define HW_NET_CONNECTX_XRC_SRQ_H

#include "base/ifc.h"
#include "base/types.h"
#include "obj/obj.h"
#include "queue/ring.h"

static inline uint8_t *cx_xrc_srqc(const ConnectXObj *srq)
{
    return CX_ADDR(create_xrc_srq_in, srq->in, xrc_srq_context_entry);
}

ConnectXRing cx_xrc_srq_ring(const ConnectXObj *srq);
/* Address of its doorbell record */
uint64_t cx_xrc_srq_record(const ConnectXObj *srq);
/* By which its completions name it, unless by its number: 0xffffff */
uint32_t cx_xrc_srq_user_index(const ConnectXObj *srq);
void cx_xrc_srq_register(void);

#endif /* HW_NET_CONNECTX_XRC_SRQ_H */
