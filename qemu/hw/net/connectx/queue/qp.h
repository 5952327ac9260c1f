/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs, as objects
 */
#ifndef HW_NET_CONNECTX_QP_H
#define HW_NET_CONNECTX_QP_H


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
void cx_qp_register(void);

#endif /* HW_NET_CONNECTX_QP_H */
