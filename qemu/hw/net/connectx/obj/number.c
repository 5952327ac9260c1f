/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the numbers of objects
 */
#include "qemu/osdep.h"
#include "base/function.h"
#include "obj/number.h"
#include "obj/store.h"

bool cx_number_taken(const ConnectXFunction *fn, ConnectXObjKind kind,
                     uint64_t id)
{
    GTree *const *tree = fn->objs->tree;
    uint8_t space = cx_obj_type(kind)->space;

    if (space == CX_SPACE_OWN) {
        return g_tree_lookup(tree[kind], &id);
    }
    for (int k = 0; k < CX_OBJ_KINDS; k++) {
        if (cx_obj_type(k)->space == space && g_tree_lookup(tree[k], &id)) {
            return true;
        }
    }
    return false;
}

uint32_t cx_number_last(const ConnectXFunction *fn,
                        const ConnectXObjType *type)
{
    return fn->is_vf && type->vf_last_id ? type->vf_last_id : type->last_id;
}

/*
 * Numbers rotate: one just freed comes back as late as possible, so that a
 * late doorbell for the old object cannot hit a new one.
 */
bool cx_number_next(ConnectXFunction *fn, ConnectXObjKind kind, uint32_t *idp)
{
    const ConnectXObjType *type = cx_obj_type(kind);
    uint32_t last = cx_number_last(fn, type);
    uint32_t id = fn->objs->next_id[kind];
    /* A shared space has at most all the kinds' objects before a free one. */
    uint64_t tries = (uint64_t)type->limit * CX_OBJ_KINDS + 1;

    while (tries--) {
        if (id < type->first_id || id > last) {
            id = type->first_id;
        }
        if (!cx_number_taken(fn, kind, id)) {
            fn->objs->next_id[kind] = id == last ? type->first_id : id + 1;
            *idp = id;
            return true;
        }
        id++;
    }
    return false;
}

/*
 * Each function and kind begins elsewhere: a driver that takes a number of one
 * for that of another hits nothing. The first stride has no factor in common
 * with a kind's numbers, so that all functions differ.
 */
#define CX_START_PER_FUNCTION   0x10001
#define CX_START_PER_KIND       1009

uint32_t cx_number_start(const ConnectXFunction *fn,
                         const ConnectXObjType *type)
{
    uint32_t span = cx_number_last(fn, type) - type->first_id + 1;

    return type->first_id +
           (fn->number * CX_START_PER_FUNCTION +
            type->kind * CX_START_PER_KIND) % span;
}
