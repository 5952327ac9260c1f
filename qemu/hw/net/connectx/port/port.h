/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: between work queues and the switch
 */
#ifndef HW_NET_CONNECTX_PORT_H
#define HW_NET_CONNECTX_PORT_H

/* Makes the port the sender of what send queues have. */
void cx_tx_register(void);

/* Makes it the receiver of all vports. */
void cx_rx_register(void);

/* Kinds: TIS, TIR, RQT */
void cx_rss_register(void);

#endif /* HW_NET_CONNECTX_PORT_H */
