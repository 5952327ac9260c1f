/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what changed in an object store
 *
 * Time is cut into generations, numbered from 0. While there is a log, each
 * object knows in which one it came, changed (its input or page list) and ran
 * on last, and who is gone is remembered. So, of any generation that was not
 * trimmed, the log tells what happened after it, at the cost of that alone,
 * however many objects there are.
 */
#ifndef HW_NET_CONNECTX_OBJ_LOG_H
#define HW_NET_CONNECTX_OBJ_LOG_H

#include "obj/obj.h"

/* Begins a log, unless there is one. Nothing has happened yet. */
void cx_obj_log_start(ConnectXObjStore *store);
void cx_obj_log_stop(ConnectXObjStore *store);
/* Ends a generation; returns its number. */
uint64_t cx_obj_log_cut(ConnectXObjStore *store);
/* From now on somebody may ask for what is since upto, and of nothing else. */
void cx_obj_log_trim(ConnectXObjStore *store, uint64_t upto);

/* All objects that there were at the end of since are gone, in one go. */
bool cx_obj_log_all_new(const ConnectXObjStore *store, uint64_t since);

/* whole: more than the object's run changed. */
typedef void ConnectXObjLogChange(ConnectXObj *obj, bool whole, void *opaque);
typedef void ConnectXObjLogLoss(ConnectXObjKind kind, uint64_t id,
                                void *opaque);

/* What is different from what was at the end of since. */
void cx_obj_log_changes(const ConnectXObjStore *store, uint64_t since,
                        ConnectXObjLogChange *visit, void *opaque);
void cx_obj_log_losses(const ConnectXObjStore *store, uint64_t since,
                       ConnectXObjLogLoss *visit, void *opaque);

/* For the store: it happens just now. */
void cx_obj_log_born(ConnectXObjStore *store, ConnectXObj *obj);
void cx_obj_log_changed(ConnectXObjStore *store, ConnectXObj *obj);
void cx_obj_log_ran(ConnectXObjStore *store, ConnectXObj *obj);
void cx_obj_log_gone(ConnectXObjStore *store, ConnectXObj *obj);
/* store takes the place of old, all whose objects are gone. */
void cx_obj_log_renew(ConnectXObjStore *store, ConnectXObjStore *old);

#endif /* HW_NET_CONNECTX_OBJ_LOG_H */
