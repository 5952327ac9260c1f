/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the forwarding database
 */
#ifndef HW_NET_CONNECTX_FDB_H
#define HW_NET_CONNECTX_FDB_H

#include "base/types.h"
#include "switch/frame.h"

/* Has the PF's driver made one? */
bool cx_fdb_there(const ConnectXDevice *dev);
/*
 * cx_fdb_forward - By the PF's tables. What no entry matches goes from a vport
 * to the wire, and from the wire nowhere. Returns the number of copies.
 */
unsigned cx_fdb_forward(ConnectXDevice *dev, const ConnectXFrame *frame);

#endif /* HW_NET_CONNECTX_FDB_H */
