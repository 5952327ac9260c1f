/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: XRC shared receive queues, as objects
 */
#ifndef HW_NET_CONNECTX_XRC_SRQ_H
#define HW_NET_CONNECTX_XRC_SRQ_H


/* Pages of its ring; in: CREATE_XRC_SRQ's input. 0: makes no sense */
uint32_t cx_xrc_srq_pages(const uint8_t *in);
void cx_xrc_srq_register(void);

#endif /* HW_NET_CONNECTX_XRC_SRQ_H */
