/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the numbers of objects, for the store
 */
#ifndef HW_NET_CONNECTX_NUMBER_H
#define HW_NET_CONNECTX_NUMBER_H

#include "base/types.h"
#include "obj/type.h"

/* In use by the kind, or by one that shares its space? */
bool cx_number_taken(const ConnectXFunction *fn, ConnectXObjKind kind,
                     uint64_t id);
/* The highest that the kind may have in this function */
uint32_t cx_number_last(const ConnectXFunction *fn,
                        const ConnectXObjType *type);
/* Draws the next free one; false if there is none. */
bool cx_number_next(ConnectXFunction *fn, ConnectXObjKind kind, uint32_t *idp);
/* Where a function begins that has just been made */
uint32_t cx_number_start(const ConnectXFunction *fn,
                         const ConnectXObjType *type);

#endif /* HW_NET_CONNECTX_NUMBER_H */
