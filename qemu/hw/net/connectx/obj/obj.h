/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the object store
 */
#ifndef HW_NET_CONNECTX_OBJ_H
#define HW_NET_CONNECTX_OBJ_H

#include "qemu/queue.h"
#include "base/ifc.h"
#include "base/types.h"
#include "base/status.h"
#include "obj/type.h"

/*
 * What changes by itself while an object lives, for all kinds alike, so that
 * an image carries one shape. Each kind uses what it needs:
 *   EQ: pi, ci, armed
 *   CQ: pi, ci (of the last arm), armed, solicited, dead (overrun)
 *   SQ, RQ, RMP, QP, XRC SRQ: pi (next WQE to process), state (wire value)
 *   RMP that is a list: ci is which one that is, pi how many were taken, armed
 *     that the driver wants to know when few are left
 *   SQ, QP: armed, when its doorbell rang since it left reset
 *   SQ: count[0] is how many frames of the request at pi have been sent
 *   CQ: count[0] and [1] are the requests to be told: see queue/cq.c
 */
typedef struct ConnectXObjRun {
    uint32_t pi;
    uint32_t ci;
    uint8_t state;
    bool armed;
    bool solicited;
    bool dead;
    uint64_t count[2];
} ConnectXObjRun;

struct ConnectXObj {
    ConnectXObjKind kind;
    uint64_t id;
    /*
     * The creation command's input (header and fixed part, list members of
     * RQTs and flow entries with it), kept up to date by the MODIFY commands:
     * with pas and run it is all there is to know of the object.
     */
    uint8_t *in;
    uint32_t in_len;
    /* Page or translation list that followed it, host byte order. */
    uint64_t *pas;
    uint32_t npas;
    /* const: written through cx_obj_run() alone, so that no change is missed */
    const ConnectXObjRun run;
    /*
     * What of that is the kind's own, if a run has no room for it: as many
     * words as its type says, 0 at first, written through cx_obj_more() alone.
     */
    const uint64_t *more;
    /* In which generation it came, changed, ran on last: see obj/log.h */
    uint64_t born, changed, ran;
    bool logged;
    QTAILQ_ENTRY(ConnectXObj) next_logged;
    /* Derived by cx_obj_link() from the above; never in an image. */
    GPtrArray *uses;        /* objects this one holds a reference on */
    uint32_t refs;          /* objects that hold one on this */
};

/* What there is to know of an object, in bytes, but for its number and run. */
static inline uint64_t cx_obj_bytes(uint32_t in_len, uint32_t npas)
{
    return ROUND_UP((uint64_t)in_len, 8) + npas * 8ull;
}

/*
 * Whose a command is, or an object by the command that created it: the driver's
 * own, a user context's, or the driver's for all of these to name.
 */
#define CX_UID_DRIVER   0
#define CX_UID_SHARED   0xffff

/* All commands have it where this one has it. */
static inline uint16_t cx_uid(const uint8_t *in)
{
    return CX_GET(create_cq_in, in, uid);
}

static inline void cx_set_uid(uint8_t *in, uint16_t uid)
{
    CX_SET(create_cq_in, in, uid, uid);
}

static inline bool cx_uid_is_user(uint16_t uid)
{
    return uid != CX_UID_DRIVER && uid != CX_UID_SHARED;
}

void cx_obj_register(void);
/* An empty store: of a function, or of what shall become one */
ConnectXObjStore *cx_obj_store_new(void);
void cx_obj_store_free(ConnectXObjStore *store);
/*
 * cx_obj_store_stretch/settle - A delta brings what grew before what shrank, or
 * after it: in between there may be more than there can be. False: still is
 */
void cx_obj_store_stretch(ConnectXObjStore *store);
bool cx_obj_store_settle(ConnectXObjStore *store);

/*
 * cx_obj_create - Store a new object under the next free number.
 * Copies in; takes over pas (g_malloc), also on failure. On success *objp is
 * linked and belongs to the store.
 */
ConnectXStatus cx_obj_create(ConnectXFunction *fn, ConnectXObjKind kind,
                             const void *in, uint32_t in_len,
                             uint64_t *pas, uint32_t npas, ConnectXObj **objp);
/* The same under a given number and without linking: for images and FTEs. */
ConnectXStatus cx_obj_insert(ConnectXFunction *fn, ConnectXObjKind kind,
                             uint64_t id, const void *in, uint32_t in_len,
                             uint64_t *pas, uint32_t npas, ConnectXObj **objp);
/* Drops the references that obj holds and takes those its fields ask for. */
ConnectXStatus cx_obj_link(ConnectXFunction *fn, ConnectXObj *obj);
/* Replaces part of an object's input; puts it back if it does not link. */
ConnectXStatus cx_obj_patch(ConnectXFunction *fn, ConnectXObj *obj,
                            uint32_t at, const void *bytes, uint32_t len);
ConnectXObj *cx_obj_find(const ConnectXFunction *fn, ConnectXObjKind kind,
                         uint64_t id);
/* The first object with that number or a higher one; NULL behind the last. */
ConnectXObj *cx_obj_from(const ConnectXFunction *fn, ConnectXObjKind kind,
                         uint64_t id);
/*
 * Replaces all that is known of an object but for its number and its run; those
 * that use it go on to. Takes over pas, and wants cx_obj_link() afterwards.
 */
ConnectXStatus cx_obj_replace(ConnectXFunction *fn, ConnectXObj *obj,
                              const void *in, uint32_t in_len, uint64_t *pas,
                              uint32_t npas);
/*
 * cx_obj_list_grow/cut - Makes its list as long as that, if it is shorter, with
 * zeroes, or longer. What costs is what is new of it.
 */
ConnectXStatus cx_obj_list_grow(ConnectXFunction *fn, ConnectXObj *obj,
                                uint32_t npas);
void cx_obj_list_cut(ConnectXFunction *fn, ConnectXObj *obj, uint32_t npas);
/* Takes an object out of the store, used or not; cx_obj_discard() frees it. */
ConnectXObj *cx_obj_steal(ConnectXFunction *fn, ConnectXObjKind kind,
                          uint64_t id);
void cx_obj_discard(ConnectXObj *obj);
/* Its input was written to by other means than the above. */
void cx_obj_touch(ConnectXFunction *fn, ConnectXObj *obj);
/* The object's run, to be written. */
ConnectXObjRun *cx_obj_run(ConnectXFunction *fn, ConnectXObj *obj);
uint64_t *cx_obj_more(ConnectXFunction *fn, ConnectXObj *obj);
/* By whose they are: what the driver created names what it will. */
bool cx_obj_may_name(const ConnectXObj *obj, const ConnectXObj *used);
/*
 * From within .link: reference the object, or CX_BAD_RESOURCE, also if it is
 * none that obj's user context may name.
 */
ConnectXStatus cx_obj_use(ConnectXFunction *fn, ConnectXObj *obj,
                          ConnectXObjKind kind, uint64_t id);
/* CX_BAD_RESOURCE when there is none, CX_RESOURCE_BUSY when it is in use. */
ConnectXStatus cx_obj_destroy(ConnectXFunction *fn, ConnectXObjKind kind,
                              uint64_t id);
uint32_t cx_obj_count(const ConnectXFunction *fn, ConnectXObjKind kind);
/* cx_obj_bytes() of all objects of the kind */
uint64_t cx_obj_kind_bytes(const ConnectXFunction *fn, ConnectXObjKind kind);
/* Where the search for the kind's next free number begins */
uint32_t cx_obj_next_id(const ConnectXFunction *fn, ConnectXObjKind kind);
void cx_obj_set_next_id(ConnectXFunction *fn, ConnectXObjKind kind,
                        uint32_t id);
/* Calls visit for each object in ascending id until it returns true. */
typedef bool (*ConnectXObjVisit)(ConnectXObj *obj, void *opaque);
bool cx_obj_foreach(ConnectXFunction *fn, ConnectXObjKind kind,
                    ConnectXObjVisit visit, void *opaque);

#endif /* HW_NET_CONNECTX_OBJ_H */
