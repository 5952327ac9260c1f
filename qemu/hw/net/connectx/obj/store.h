/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what the object store consists of, for obj/ alone
 */
#ifndef HW_NET_CONNECTX_OBJ_STORE_H
#define HW_NET_CONNECTX_OBJ_STORE_H

#include "base/types.h"
#include "obj/type.h"

/* ConnectXFunction.objs */
struct ConnectXObjStore {
    GTree *tree[CX_OBJ_KINDS];          /* by id, ascending */
    uint32_t next_id[CX_OBJ_KINDS];     /* where the rotating search goes on */
    uint64_t bytes[CX_OBJ_KINDS];       /* cx_obj_bytes() of all of the kind */
    uint64_t charged;                   /* of CX_STORE_BYTES_MAX */
    uint64_t spare;                     /* beyond that, for a while */
    ConnectXObjLog *log;                /* NULL while nobody asks */
    uint64_t generation;                /* never runs back */
};

#endif /* HW_NET_CONNECTX_OBJ_STORE_H */
