/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what changed in an object store
 *
 * An object that changed is in a list once, whatever happens to it. An object
 * that is gone leaves an entry only if somebody could still know it: one that
 * came in the running generation does not, so a driver that creates and
 * destroys fills nothing.
 */
#include "qemu/osdep.h"
#include "obj/log.h"
#include "obj/store.h"

typedef struct {
    ConnectXObjKind kind;
    uint64_t id;
    uint64_t born, gone;
} ConnectXObjLoss;

struct ConnectXObjLog {
    QTAILQ_HEAD(, ConnectXObj) changed;
    GArray *losses;                     /* ConnectXObjLoss, by time */
    /* The last generation in which all objects went in one go. */
    bool has_renewed;
    uint64_t renewed;
};

void cx_obj_log_start(ConnectXObjStore *store)
{
    if (!store->log) {
        store->log = g_new0(ConnectXObjLog, 1);
        QTAILQ_INIT(&store->log->changed);
        store->log->losses = g_array_new(false, false,
                                         sizeof(ConnectXObjLoss));
    }
}

static void cx_obj_log_drop(ConnectXObjLog *log, ConnectXObj *obj)
{
    if (obj->logged) {
        QTAILQ_REMOVE(&log->changed, obj, next_logged);
        obj->logged = false;
    }
}

static void cx_obj_log_clear(ConnectXObjLog *log)
{
    while (!QTAILQ_EMPTY(&log->changed)) {
        cx_obj_log_drop(log, QTAILQ_FIRST(&log->changed));
    }
    g_array_set_size(log->losses, 0);
}

void cx_obj_log_stop(ConnectXObjStore *store)
{
    if (store->log) {
        cx_obj_log_clear(store->log);
        g_array_unref(store->log->losses);
        g_clear_pointer(&store->log, g_free);
    }
}

uint64_t cx_obj_log_cut(ConnectXObjStore *store)
{
    return store->generation++;
}

static void cx_obj_log_trim_losses(GArray *losses, uint64_t upto)
{
    guint kept = 0;

    for (guint i = 0; i < losses->len; i++) {
        ConnectXObjLoss loss = g_array_index(losses, ConnectXObjLoss, i);

        if (loss.gone > upto && loss.born <= upto) {
            g_array_index(losses, ConnectXObjLoss, kept++) = loss;
        }
    }
    g_array_set_size(losses, kept);
}

void cx_obj_log_trim(ConnectXObjStore *store, uint64_t upto)
{
    ConnectXObj *obj, *next;

    if (!store->log) {
        return;
    }
    QTAILQ_FOREACH_SAFE(obj, &store->log->changed, next_logged, next) {
        if (obj->ran <= upto) {
            cx_obj_log_drop(store->log, obj);
        }
    }
    cx_obj_log_trim_losses(store->log->losses, upto);
}

bool cx_obj_log_all_new(const ConnectXObjStore *store, uint64_t since)
{
    return store->log->has_renewed && store->log->renewed > since;
}

void cx_obj_log_changes(const ConnectXObjStore *store, uint64_t since,
                        ConnectXObjLogChange *visit, void *opaque)
{
    ConnectXObj *obj;

    QTAILQ_FOREACH(obj, &store->log->changed, next_logged) {
        if (obj->ran > since) {
            visit(obj, obj->changed > since, opaque);
        }
    }
}

void cx_obj_log_losses(const ConnectXObjStore *store, uint64_t since,
                       ConnectXObjLogLoss *visit, void *opaque)
{
    const GArray *losses = store->log->losses;

    for (guint i = 0; i < losses->len; i++) {
        const ConnectXObjLoss *loss = &g_array_index(losses, ConnectXObjLoss,
                                                     i);

        if (loss->gone > since && loss->born <= since) {
            visit(loss->kind, loss->id, opaque);
        }
    }
}

void cx_obj_log_ran(ConnectXObjStore *store, ConnectXObj *obj)
{
    if (!store->log) {
        return;
    }
    obj->ran = store->generation;
    if (!obj->logged) {
        QTAILQ_INSERT_TAIL(&store->log->changed, obj, next_logged);
        obj->logged = true;
    }
}

void cx_obj_log_changed(ConnectXObjStore *store, ConnectXObj *obj)
{
    obj->changed = store->generation;
    cx_obj_log_ran(store, obj);
}

void cx_obj_log_born(ConnectXObjStore *store, ConnectXObj *obj)
{
    obj->born = store->generation;
    cx_obj_log_changed(store, obj);
}

void cx_obj_log_gone(ConnectXObjStore *store, ConnectXObj *obj)
{
    ConnectXObjLoss loss = {
        .kind = obj->kind, .id = obj->id, .born = obj->born,
        .gone = store->generation,
    };

    if (!store->log) {
        return;
    }
    cx_obj_log_drop(store->log, obj);
    if (loss.born < loss.gone) {
        g_array_append_val(store->log->losses, loss);
    }
}

void cx_obj_log_renew(ConnectXObjStore *store, ConnectXObjStore *old)
{
    store->generation = old->generation;
    if (old->log) {
        cx_obj_log_clear(old->log);
        store->log = g_steal_pointer(&old->log);
        store->log->has_renewed = true;
        store->log->renewed = store->generation;
    }
}
