/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the wire, as the backend of QEMU behind the port
 */
#ifndef HW_NET_CONNECTX_UPLINK_H
#define HW_NET_CONNECTX_UPLINK_H

#include "base/types.h"

/* Sends a frame to the wire, soon. */
void cx_uplink_send(ConnectXDevice *dev, const uint8_t *frame, uint32_t len);
void cx_uplink_register(void);

#endif /* HW_NET_CONNECTX_UPLINK_H */
