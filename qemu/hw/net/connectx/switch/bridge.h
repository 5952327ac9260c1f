/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: forwarding by address
 */
#ifndef HW_NET_CONNECTX_BRIDGE_H
#define HW_NET_CONNECTX_BRIDGE_H

#include "base/types.h"
#include "switch/frame.h"

/*
 * cx_bridge_forward - By what the vports' drivers put into their lists, and
 * their permanent addresses. Returns the number of copies.
 */
unsigned cx_bridge_forward(ConnectXDevice *dev, const ConnectXFrame *frame);

#endif /* HW_NET_CONNECTX_BRIDGE_H */
