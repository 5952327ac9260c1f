/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a frame that leaves the switch by a vport
 */
#ifndef HW_NET_CONNECTX_EGRESS_H
#define HW_NET_CONNECTX_EGRESS_H

#include "base/types.h"
#include "switch/frame.h"

/*
 * cx_egress - Hand a frame to the function behind a vport, which is open: if
 * its egress ACL lets it, and without the tag that the PF has for it. Returns
 * how many copies of it the function made.
 */
unsigned cx_egress(ConnectXFunction *fn, const ConnectXFrame *frame);

#endif /* HW_NET_CONNECTX_EGRESS_H */
