/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: send queues
 */
#ifndef HW_NET_CONNECTX_SQ_H
#define HW_NET_CONNECTX_SQ_H

#include "base/types.h"
#include "base/status.h"

/* See ConnectXObjType */
ConnectXStatus cx_sq_link(ConnectXFunction *fn, ConnectXObj *obj);
/* From a UAR page */
void cx_sq_doorbell(ConnectXFunction *fn, uint32_t sqn);
void cx_sq_register(void);

#endif /* HW_NET_CONNECTX_SQ_H */
