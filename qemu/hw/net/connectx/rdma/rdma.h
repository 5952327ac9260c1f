/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs at work
 */
#ifndef HW_NET_CONNECTX_RDMA_H
#define HW_NET_CONNECTX_RDMA_H

/* Makes it the user of queue pairs, and who looks first at what vports take. */
void cx_rdma_register(void);

#endif /* HW_NET_CONNECTX_RDMA_H */
