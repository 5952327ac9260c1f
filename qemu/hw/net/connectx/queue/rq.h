/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: receive queues and receive memory pools
 */
#ifndef HW_NET_CONNECTX_RQ_H
#define HW_NET_CONNECTX_RQ_H

#include "base/types.h"
#include "base/status.h"

/* See ConnectXObjType */
ConnectXStatus cx_rq_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_rmp_link(ConnectXFunction *fn, ConnectXObj *obj);

#endif /* HW_NET_CONNECTX_RQ_H */
