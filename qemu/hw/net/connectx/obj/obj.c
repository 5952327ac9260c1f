/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the object store
 *
 * Every object that a command creates lives here, whatever its kind, so that
 * numbers, references, limits and the migration image are handled once. An
 * object is its creation input plus a page list plus a little run state;
 * everything else (who refers to whom) is derived by its kind's link function.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "base/guest_error.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "obj/garbage.h"
#include "obj/log.h"
#include "obj/number.h"
#include "obj/obj.h"
#include "obj/store.h"
#include "trace.h"

static gint cx_obj_compare(gconstpointer a, gconstpointer b, gpointer opaque)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void cx_obj_free(gpointer p)
{
    ConnectXObj *obj = p;

    g_clear_pointer(&obj->uses, g_ptr_array_unref);
    g_free(obj->in);
    g_free(obj->pas);
    g_free((void *)obj->more);
    g_free(obj);
}

static void cx_obj_drop_uses(GPtrArray *uses)
{
    for (guint i = 0; uses && i < uses->len; i++) {
        ConnectXObj *used = g_ptr_array_index(uses, i);

        used->refs--;
    }
    g_clear_pointer(&uses, g_ptr_array_unref);
}

ConnectXObjStore *cx_obj_store_new(void)
{
    ConnectXObjStore *store = g_new0(ConnectXObjStore, 1);

    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        store->tree[kind] = g_tree_new_full(cx_obj_compare, NULL, NULL,
                                            cx_obj_free);
        store->next_id[kind] = cx_obj_type(kind)->first_id;
    }
    return store;
}

void cx_obj_store_free(ConnectXObjStore *store)
{
    cx_obj_log_stop(store);
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        cx_garbage_add(store->tree[kind]);
    }
    g_free(store);
}

void cx_obj_store_stretch(ConnectXObjStore *store)
{
    /* What was there and what the delta has, which is at most as much again */
    store->spare = CX_STORE_BYTES_MAX;
}

bool cx_obj_store_settle(ConnectXObjStore *store)
{
    store->spare = 0;
    return store->charged <= CX_STORE_BYTES_MAX;
}

static uint64_t cx_obj_store_room(const ConnectXObjStore *store)
{
    return CX_STORE_BYTES_MAX + store->spare - store->charged;
}

ConnectXObj *cx_obj_find(const ConnectXFunction *fn, ConnectXObjKind kind,
                         uint64_t id)
{
    return g_tree_lookup(fn->objs->tree[kind], &id);
}

uint32_t cx_obj_count(const ConnectXFunction *fn, ConnectXObjKind kind)
{
    return g_tree_nnodes(fn->objs->tree[kind]);
}

uint64_t cx_obj_kind_bytes(const ConnectXFunction *fn, ConnectXObjKind kind)
{
    return fn->objs->bytes[kind];
}

uint32_t cx_obj_next_id(const ConnectXFunction *fn, ConnectXObjKind kind)
{
    return fn->objs->next_id[kind];
}

void cx_obj_set_next_id(ConnectXFunction *fn, ConnectXObjKind kind,
                        uint32_t id)
{
    fn->objs->next_id[kind] = id;
}

typedef struct {
    ConnectXObjVisit visit;
    void *opaque;
    bool stopped;
} ConnectXObjWalk;

static gboolean cx_obj_walk(gpointer key, gpointer value, gpointer opaque)
{
    ConnectXObjWalk *walk = opaque;

    walk->stopped = walk->visit(value, walk->opaque);
    return walk->stopped;
}

bool cx_obj_foreach(ConnectXFunction *fn, ConnectXObjKind kind,
                    ConnectXObjVisit visit, void *opaque)
{
    ConnectXObjWalk walk = { .visit = visit, .opaque = opaque };

    g_tree_foreach(fn->objs->tree[kind], cx_obj_walk, &walk);
    return walk.stopped;
}

typedef struct {
    uint64_t id;
    ConnectXObj *best;
} ConnectXObjSearch;

/* On the way down, the last number not below the one wanted is the next one. */
static gint cx_obj_search(gconstpointer key, gconstpointer opaque)
{
    ConnectXObjSearch *search = (void *)opaque;
    ConnectXObj *obj = container_of(key, ConnectXObj, id);

    if (obj->id < search->id) {
        return 1;
    }
    search->best = obj;
    return obj->id == search->id ? 0 : -1;
}

ConnectXObj *cx_obj_from(const ConnectXFunction *fn, ConnectXObjKind kind,
                         uint64_t id)
{
    ConnectXObjSearch search = { .id = id };

    g_tree_search(fn->objs->tree[kind], cx_obj_search, &search);
    return search.best;
}

/* What an object takes of CX_STORE_BYTES_MAX. */
static uint64_t cx_obj_charge(const ConnectXObjType *type, uint32_t in_len,
                              uint32_t npas)
{
    return CX_OBJ_OVERHEAD_BYTES + type->more * 8 + cx_obj_bytes(in_len, npas);
}

ConnectXStatus cx_obj_insert(ConnectXFunction *fn, ConnectXObjKind kind,
                             uint64_t id, const void *in, uint32_t in_len,
                             uint64_t *pas, uint32_t npas, ConnectXObj **objp)
{
    const ConnectXObjType *type = cx_obj_type(kind);
    ConnectXStatus status = CX_OK;
    ConnectXObj *obj;

    if (in_len < type->in_len_min || in_len > type->in_len_max ||
        (npas && !type->has_pas)) {
        status = CX_BAD_INPUT_LEN;
    } else if (type->last_id && (id < type->first_id ||
                                 id > cx_number_last(fn, type))) {
        status = CX_BAD_INDEX;
    } else if (cx_obj_count(fn, kind) >= type->limit ||
               cx_obj_charge(type, in_len, npas) >
               cx_obj_store_room(fn->objs)) {
        status = CX_EXCEED_LIMIT;
    } else if (cx_number_taken(fn, kind, id)) {
        status = CX_BAD_PARAM;
    }
    if (status != CX_OK) {
        g_free(pas);
        return status;
    }

    obj = g_new0(ConnectXObj, 1);
    obj->kind = kind;
    obj->id = id;
    obj->in = g_memdup2(in, in_len);
    obj->in_len = in_len;
    obj->pas = pas;
    obj->npas = npas;
    obj->more = type->more ? g_new0(uint64_t, type->more) : NULL;
    fn->objs->bytes[kind] += cx_obj_bytes(in_len, npas);
    fn->objs->charged += cx_obj_charge(type, in_len, npas);
    g_tree_insert(fn->objs->tree[kind], &obj->id, obj);
    cx_obj_log_born(fn->objs, obj);
    *objp = obj;
    return CX_OK;
}

static void cx_obj_unlink(ConnectXFunction *fn, ConnectXObj *obj)
{
    const ConnectXObjType *type = cx_obj_type(obj->kind);

    if (type->unlink) {
        type->unlink(fn, obj);
    }
}

/* What a store knows of an object, but for the object itself. */
static void cx_obj_forget(ConnectXFunction *fn, ConnectXObj *obj)
{
    cx_obj_unlink(fn, obj);
    cx_obj_drop_uses(g_steal_pointer(&obj->uses));
    cx_obj_log_gone(fn->objs, obj);
    fn->objs->bytes[obj->kind] -= cx_obj_bytes(obj->in_len, obj->npas);
    fn->objs->charged -= cx_obj_charge(cx_obj_type(obj->kind), obj->in_len,
                                       obj->npas);
}

static void cx_obj_remove(ConnectXFunction *fn, ConnectXObj *obj)
{
    cx_obj_forget(fn, obj);
    g_tree_remove(fn->objs->tree[obj->kind], &obj->id);
}

ConnectXObj *cx_obj_steal(ConnectXFunction *fn, ConnectXObjKind kind,
                          uint64_t id)
{
    ConnectXObj *obj = cx_obj_find(fn, kind, id);

    if (obj) {
        cx_obj_forget(fn, obj);
        g_tree_steal(fn->objs->tree[kind], &id);
    }
    return obj;
}

void cx_obj_discard(ConnectXObj *obj)
{
    cx_obj_free(obj);
}

ConnectXStatus cx_obj_replace(ConnectXFunction *fn, ConnectXObj *obj,
                              const void *in, uint32_t in_len, uint64_t *pas,
                              uint32_t npas)
{
    const ConnectXObjType *type = cx_obj_type(obj->kind);
    uint64_t before = cx_obj_charge(type, obj->in_len, obj->npas);
    uint64_t charge = cx_obj_charge(type, in_len, npas);

    if (in_len < type->in_len_min || in_len > type->in_len_max ||
        (npas && !type->has_pas)) {
        g_free(pas);
        return CX_BAD_INPUT_LEN;
    }
    if (charge > cx_obj_store_room(fn->objs) + before) {
        g_free(pas);
        return CX_EXCEED_LIMIT;
    }
    cx_obj_unlink(fn, obj);
    fn->objs->bytes[obj->kind] += cx_obj_bytes(in_len, npas) -
                                 cx_obj_bytes(obj->in_len, obj->npas);
    fn->objs->charged += charge - before;
    g_free(obj->in);
    g_free(obj->pas);
    obj->in = g_memdup2(in, in_len);
    obj->in_len = in_len;
    obj->pas = pas;
    obj->npas = npas;
    cx_obj_touch(fn, obj);
    return CX_OK;
}

static void cx_obj_list_resize(ConnectXFunction *fn, ConnectXObj *obj,
                               uint32_t npas)
{
    uint64_t more = ((uint64_t)npas - obj->npas) * sizeof(*obj->pas);

    fn->objs->bytes[obj->kind] += more;
    fn->objs->charged += more;
    obj->pas = g_renew(uint64_t, obj->pas, npas);
    obj->npas = npas;
}

ConnectXStatus cx_obj_list_grow(ConnectXFunction *fn, ConnectXObj *obj,
                                uint32_t npas)
{
    uint32_t before = obj->npas;

    if (npas <= before) {
        return CX_OK;
    }
    g_assert(cx_obj_type(obj->kind)->has_pas);
    if ((npas - before) * 8ull > cx_obj_store_room(fn->objs)) {
        return CX_EXCEED_LIMIT;
    }
    cx_obj_list_resize(fn, obj, npas);
    memset(obj->pas + before, 0, (npas - before) * 8ull);
    return CX_OK;
}

void cx_obj_list_cut(ConnectXFunction *fn, ConnectXObj *obj, uint32_t npas)
{
    if (npas < obj->npas) {
        cx_obj_list_resize(fn, obj, npas);
    }
}

void cx_obj_touch(ConnectXFunction *fn, ConnectXObj *obj)
{
    cx_obj_log_changed(fn->objs, obj);
}

ConnectXObjRun *cx_obj_run(ConnectXFunction *fn, ConnectXObj *obj)
{
    cx_obj_log_ran(fn->objs, obj);
    /* No object was defined const: their memory is from the heap. */
    return (ConnectXObjRun *)&obj->run;
}

uint64_t *cx_obj_more(ConnectXFunction *fn, ConnectXObj *obj)
{
    cx_obj_log_ran(fn->objs, obj);
    return (uint64_t *)obj->more;
}

ConnectXStatus cx_obj_create(ConnectXFunction *fn, ConnectXObjKind kind,
                             const void *in, uint32_t in_len,
                             uint64_t *pas, uint32_t npas, ConnectXObj **objp)
{
    ConnectXStatus status;
    uint32_t id;

    if (!cx_number_next(fn, kind, &id)) {
        g_free(pas);
        return CX_EXCEED_LIMIT;
    }
    status = cx_obj_insert(fn, kind, id, in, in_len, pas, npas, objp);
    if (status != CX_OK) {
        return status;
    }
    status = cx_obj_link(fn, *objp);
    if (status != CX_OK) {
        cx_obj_remove(fn, *objp);
        *objp = NULL;
        return status;
    }
    trace_connectx_obj_create(fn->number, cx_obj_type(kind)->name, id, npas);
    return CX_OK;
}

ConnectXStatus cx_obj_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const ConnectXObjType *type = cx_obj_type(obj->kind);
    g_autoptr(GPtrArray) old = g_steal_pointer(&obj->uses);
    ConnectXStatus status = CX_OK;

    obj->uses = g_ptr_array_new();
    if (cx_uid_is_user(cx_uid(obj->in))) {
        status = cx_obj_use(fn, obj, CX_OBJ_UCTX, cx_uid(obj->in));
    }
    if (status == CX_OK && type->link) {
        status = type->link(fn, obj);
    }
    if (status == CX_OK) {
        cx_obj_drop_uses(g_steal_pointer(&old));
    } else {
        cx_obj_drop_uses(g_steal_pointer(&obj->uses));
        obj->uses = g_steal_pointer(&old);
    }
    return status;
}

ConnectXStatus cx_obj_patch(ConnectXFunction *fn, ConnectXObj *obj,
                            uint32_t at, const void *bytes, uint32_t len)
{
    g_autofree uint8_t *old = g_memdup2(obj->in + at, len);
    ConnectXStatus status;

    g_assert(at + len <= obj->in_len);
    memcpy(obj->in + at, bytes, len);
    status = cx_obj_link(fn, obj);
    if (status != CX_OK) {
        memcpy(obj->in + at, old, len);
    } else {
        cx_obj_touch(fn, obj);
    }
    return status;
}

bool cx_obj_may_name(const ConnectXObj *obj, const ConnectXObj *used)
{
    uint16_t uid = cx_uid(obj->in), owner = cx_uid(used->in);

    return !cx_uid_is_user(uid) || owner == uid || owner == CX_UID_SHARED ||
           (used->kind == CX_OBJ_UCTX && used->id == uid);
}

ConnectXStatus cx_obj_use(ConnectXFunction *fn, ConnectXObj *obj,
                          ConnectXObjKind kind, uint64_t id)
{
    ConnectXObj *used = cx_obj_find(fn, kind, id);

    if (!used) {
        cx_guest_error(fn, "%s 0x%" PRIx64 " names %s 0x%" PRIx64
                       ", which does not exist", cx_obj_type(obj->kind)->name,
                       obj->id, cx_obj_type(kind)->name, id);
        return CX_BAD_RESOURCE;
    }
    if (!cx_obj_may_name(obj, used)) {
        cx_guest_error(fn, "%s 0x%" PRIx64 " of user context 0x%x names %s 0x%"
                       PRIx64 " of 0x%x", cx_obj_type(obj->kind)->name,
                       obj->id, cx_uid(obj->in), cx_obj_type(kind)->name, id,
                       cx_uid(used->in));
        return CX_BAD_RESOURCE;
    }
    used->refs++;
    g_ptr_array_add(obj->uses, used);
    return CX_OK;
}

ConnectXStatus cx_obj_destroy(ConnectXFunction *fn, ConnectXObjKind kind,
                              uint64_t id)
{
    ConnectXObj *obj = cx_obj_find(fn, kind, id);

    if (!obj) {
        return CX_BAD_RESOURCE;
    }
    if (obj->refs) {
        cx_guest_error(fn, "destroying %s 0x%" PRIx64 ", in use by %u",
                       cx_obj_type(kind)->name, id, obj->refs);
        return CX_RESOURCE_BUSY;
    }
    trace_connectx_obj_destroy(fn->number, cx_obj_type(kind)->name, id);
    cx_obj_remove(fn, obj);
    return CX_OK;
}

static void cx_obj_init(ConnectXFunction *fn)
{
    fn->objs = cx_obj_store_new();
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        if (cx_obj_type(kind)->last_id) {
            fn->objs->next_id[kind] = cx_number_start(fn, cx_obj_type(kind));
        }
    }
}

static void cx_obj_uninit(ConnectXFunction *fn)
{
    g_clear_pointer(&fn->objs, cx_obj_store_free);
}

/* Frees every object without regard to references. */
static void cx_obj_teardown(ConnectXFunction *fn)
{
    ConnectXObjStore *old = fn->objs;

    cx_obj_init(fn);
    cx_obj_log_renew(fn->objs, old);
    cx_obj_store_free(old);
}

static const ConnectXParticipant cx_obj_part = {
    .name = "obj",
    .init = cx_obj_init,
    .uninit = cx_obj_uninit,
    .teardown = cx_obj_teardown,
};

void cx_obj_register(void)
{
    cx_fn_register(&cx_obj_part);
}
