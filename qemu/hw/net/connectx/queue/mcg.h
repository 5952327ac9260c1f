/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: multicast groups of queue pairs, as objects
 *
 * One object for each queue pair in a group: the command that attached it.
 */
#ifndef HW_NET_CONNECTX_MCG_H
#define HW_NET_CONNECTX_MCG_H

#include "base/types.h"
#include "obj/obj.h"

#define CX_GID_BYTES        16

/* The queue pair's part in the group, or NULL */
ConnectXObj *cx_mcg_find(ConnectXFunction *fn, const uint8_t *gid,
                         uint32_t qpn);
/* Calls visit for each queue pair of the group; returns how many they are. */
typedef void (*ConnectXMcgVisit)(ConnectXFunction *fn, ConnectXObj *qp,
                                 void *opaque);
unsigned cx_mcg_foreach(ConnectXFunction *fn, const uint8_t *gid,
                        ConnectXMcgVisit visit, void *opaque);
void cx_mcg_register(void);

#endif /* HW_NET_CONNECTX_MCG_H */
