/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: kinds of objects
 *
 * A kind is registered by the module that gives it its meaning; the store
 * knows none by name but user contexts, to which objects of all kinds belong.
 */
#ifndef HW_NET_CONNECTX_OBJ_TYPE_H
#define HW_NET_CONNECTX_OBJ_TYPE_H

#include "base/types.h"
#include "base/status.h"

/*
 * In an order in which every object follows the ones it needs, but for flow
 * entries and tables, which may name tables created later: cx_obj_link() of
 * all objects therefore comes after cx_obj_insert() of all.
 */
typedef enum ConnectXObjKind {
    CX_OBJ_UAR,
    CX_OBJ_PD,
    CX_OBJ_TD,
    CX_OBJ_XRCD,
    CX_OBJ_Q_COUNTER,
    CX_OBJ_UMEM,
    CX_OBJ_MKEY,            /* number = index; the key is index << 8 | byte */
    CX_OBJ_EQ,
    CX_OBJ_CQ,
    CX_OBJ_TIS,
    CX_OBJ_RMP,
    CX_OBJ_RQ,
    CX_OBJ_SQ,
    CX_OBJ_QP,
    CX_OBJ_XRC_SRQ,
    CX_OBJ_MCG,             /* a queue pair's part in a multicast group */
    CX_OBJ_RQT,
    CX_OBJ_TIR,
    CX_OBJ_FLOW_TABLE,
    CX_OBJ_FLOW_GROUP,
    CX_OBJ_FTE,             /* number = table id << 32 | flow index */
    CX_OBJ_ROCE_ADDRESS,    /* number = index in the function's table */
    CX_OBJ_PAGE_TRACK,      /* of the PF, in no image */
    CX_OBJ_UCTX,            /* number = uid; others but name it */
    CX_OBJ_KINDS
} ConnectXObjKind;

/* 24-bit numbers; the low ones are left out as drivers give some a meaning. */
#define CX_ID24_FIRST   0x80
#define CX_ID24_LAST    0xffffff

typedef enum ConnectXObjSpace {
    CX_SPACE_OWN,
    /* Send queue doorbells and CQEs carry a number without saying its kind. */
    CX_SPACE_WQ,
} ConnectXObjSpace;

/*
 * What the store must know of a kind. The image code saves every object
 * of every kind for which .saved is set as {id, in, pas, run}.
 */
typedef struct ConnectXObjType {
    ConnectXObjKind kind;
    const char *name;
    uint32_t in_len_min;    /* fixed part of the creation input */
    uint32_t in_len_max;    /* what an image may claim at most */
    uint32_t first_id;
    uint32_t last_id;       /* 0: numbers say something, .link checks them */
    uint32_t vf_last_id;    /* of a VF, if not the same */
    uint32_t limit;         /* how many a function may have */
    ConnectXObjSpace space; /* kinds with the same one share ids */
    bool has_pas;
    bool saved;
    uint32_t more;          /* words of a run of the kind's own: obj/obj.h */
    /*
     * Checks the object's own fields and takes references on what they name.
     * Called after creation and after a load, when the object is in its store.
     */
    ConnectXStatus (*link)(ConnectXFunction *fn, ConnectXObj *obj);
    /*
     * The object leaves its store or becomes another one; may not have been
     * linked. Not called when the whole store goes: see ConnectXParticipant.
     */
    void (*unlink)(ConnectXFunction *fn, ConnectXObj *obj);
} ConnectXObjType;

/* The creation input of most kinds has one length. */
#define CX_OBJ_IN(_in) \
    .in_len_min = CX_SZ(_in), .in_len_max = CX_SZ(_in)
#define CX_OBJ_ID24 \
    .first_id = CX_ID24_FIRST, .last_id = CX_ID24_LAST

/* type must live forever. Once for each kind, before there is a device. */
void cx_obj_add_type(const ConnectXObjType *type);
const ConnectXObjType *cx_obj_type(ConnectXObjKind kind);

#endif /* HW_NET_CONNECTX_OBJ_TYPE_H */
