/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a work queue has its turn
 */
#ifndef HW_NET_CONNECTX_TURN_H
#define HW_NET_CONNECTX_TURN_H

void cx_turn_register(void);

#endif /* HW_NET_CONNECTX_TURN_H */
