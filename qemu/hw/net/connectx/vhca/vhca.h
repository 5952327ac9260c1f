/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: migration of virtual functions
 */
#ifndef HW_NET_CONNECTX_VHCA_H
#define HW_NET_CONNECTX_VHCA_H

void cx_vhca_register(void);

#endif /* HW_NET_CONNECTX_VHCA_H */
