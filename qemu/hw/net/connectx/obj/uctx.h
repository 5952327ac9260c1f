/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: user contexts
 *
 * Whom a driver lets send commands of its own, through it, it gives a user
 * context, and writes that one's number (uid) into each command. The objects
 * that such a command creates belong to the context (cx_uid()): they name its
 * own and what the driver shares, see cx_obj_use(), and its commands are about
 * its own, see cx_cmd_find(). It stays as long as there are any.
 */
#ifndef HW_NET_CONNECTX_UCTX_H
#define HW_NET_CONNECTX_UCTX_H

#include "base/types.h"

bool cx_uctx_offered(const ConnectXFunction *fn);
/*
 * Has the driver given the object's user context that right (MLX5_UCTX_CAP_*)?
 * What is the driver's own has all.
 */
bool cx_uctx_may(const ConnectXFunction *fn, const ConnectXObj *obj,
                 uint32_t right);
void cx_uctx_register(void);

#endif /* HW_NET_CONNECTX_UCTX_H */
