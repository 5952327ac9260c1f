/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: events of completion queues that may come later
 *
 * A function has one timer for all its queues: an event is never later than
 * its queue allows, but may be earlier. What waits is in no image: resuming
 * looks at every queue.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "queue/moderate.h"

struct ConnectXModeration {
    QEMUTimer *timer;
    GHashTable *waiting;                /* set of numbers of queues */
};

static ConnectXModerated cx_moderated;

void cx_moderate_set_done(ConnectXModerated done)
{
    cx_moderated = done;
}

static gboolean cx_moderate_one(gpointer key, gpointer value, gpointer opaque)
{
    cx_moderated(opaque, GPOINTER_TO_UINT(key));
    return true;
}

/* Nothing that is called here adds to the set. */
static void cx_moderate_expired(void *opaque)
{
    ConnectXFunction *fn = opaque;

    g_hash_table_foreach_remove(fn->moderation->waiting, cx_moderate_one, fn);
}

void cx_moderate_wait(ConnectXFunction *fn, uint32_t cqn, uint32_t period_us)
{
    ConnectXModeration *m = fn->moderation;
    int64_t at = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                 period_us * (int64_t)SCALE_US;

    if (!timer_pending(m->timer) || !timer_expired(m->timer, at)) {
        timer_mod(m->timer, at);
    }
    g_hash_table_add(m->waiting, GUINT_TO_POINTER(cqn));
}

static void cx_moderate_stop(ConnectXFunction *fn)
{
    timer_del(fn->moderation->timer);
    g_hash_table_remove_all(fn->moderation->waiting);
}

static void cx_moderate_init(ConnectXFunction *fn)
{
    fn->moderation = g_new0(ConnectXModeration, 1);
    fn->moderation->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL,
                                         cx_moderate_expired, fn);
    fn->moderation->waiting = g_hash_table_new(NULL, NULL);
}

static void cx_moderate_uninit(ConnectXFunction *fn)
{
    timer_free(fn->moderation->timer);
    g_hash_table_unref(fn->moderation->waiting);
    g_clear_pointer(&fn->moderation, g_free);
}

static const ConnectXParticipant cx_moderate_part = {
    .name = "moderate",
    .init = cx_moderate_init,
    .uninit = cx_moderate_uninit,
    .teardown = cx_moderate_stop,
    .quiesce = cx_moderate_stop,
};

void cx_moderate_register(void)
{
    cx_fn_register(&cx_moderate_part);
}
