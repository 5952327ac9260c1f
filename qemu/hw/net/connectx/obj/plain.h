/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the kinds that are no more than a number
 */
#ifndef HW_NET_CONNECTX_PLAIN_H
#define HW_NET_CONNECTX_PLAIN_H

void cx_plain_register(void);

#endif /* HW_NET_CONNECTX_PLAIN_H */
