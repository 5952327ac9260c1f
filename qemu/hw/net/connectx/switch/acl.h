/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what the PF has set up for a vport: which frames may
 * pass, and the tag of a virtual LAN that its function knows nothing of
 */
#ifndef HW_NET_CONNECTX_ACL_H
#define HW_NET_CONNECTX_ACL_H

#include "base/types.h"
#include "switch/frame.h"

enum {                      /* as the function's driver sees it: out, in */
    CX_ACL_INGRESS,
    CX_ACL_EGRESS,
    CX_ACLS,
};

/* May the frame enter, or leave, the switch by that vport? */
bool cx_acl_allows(ConnectXDevice *dev, const ConnectXVport *vport,
                   unsigned direction, const ConnectXFrame *frame);
/* Does what comes from the vport get a tag, and which? */
bool cx_acl_inserts(const ConnectXVport *vport, const ConnectXFrame *frame,
                    uint16_t *tci);
/* Is the outermost tag taken off what goes to the vport? */
bool cx_acl_strips(const ConnectXVport *vport);

#endif /* HW_NET_CONNECTX_ACL_H */
