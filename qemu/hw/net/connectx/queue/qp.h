/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs, as objects
 */
#ifndef HW_NET_CONNECTX_QP_H
#define HW_NET_CONNECTX_QP_H

#include "base/types.h"
#include "queue/ring.h"

enum {                      /* qpc.state */
    CX_QP_RST,
    CX_QP_INIT,
    CX_QP_RTR,
    CX_QP_RTS,
    CX_QP_SQER,
    CX_QP_SQD,
    CX_QP_ERR,
};

/* Pages of its one buffer, of which qpc speaks; 0 without one */
uint32_t cx_qp_pages(const uint8_t *qpc);
/* Has it a receive queue of its own, and where? */
bool cx_qp_has_rq(const uint8_t *qpc);
ConnectXRing cx_qp_recv_ring(const ConnectXObj *qp);
void cx_qp_register(void);

#endif /* HW_NET_CONNECTX_QP_H */
