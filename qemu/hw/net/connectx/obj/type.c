/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: kinds of objects
 */
#include "qemu/osdep.h"
#include "obj/type.h"

static const ConnectXObjType *cx_obj_types[CX_OBJ_KINDS];

void cx_obj_add_type(const ConnectXObjType *type)
{
    g_assert(!cx_obj_types[type->kind]);
    cx_obj_types[type->kind] = type;
}

const ConnectXObjType *cx_obj_type(ConnectXObjKind kind)
{
    return cx_obj_types[kind];
}
