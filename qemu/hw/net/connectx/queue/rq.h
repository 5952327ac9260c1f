/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: receive queues and receive memory pools
 */
#ifndef HW_NET_CONNECTX_RQ_H
#define HW_NET_CONNECTX_RQ_H

/* Their kinds of objects */
void cx_rq_register(void);

#endif /* HW_NET_CONNECTX_RQ_H */
