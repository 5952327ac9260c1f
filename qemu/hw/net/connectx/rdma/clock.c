/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs that wait for a time
 *
 * A function has one timer for all of them. What waits is in no image: resuming
 * gives every queue pair a turn.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/sched.h"
#include "rdma/clock.h"

#define CX_CLOCK_LOOK_NS    (60 * NANOSECONDS_PER_SECOND)

/* From now; whoever waits longer looks in between, and waits again. */
static int64_t cx_clock_left(ConnectXFunction *fn, uint64_t at)
{
    uint64_t now = cx_fn_timer_ns(fn);

    return at <= now ? 0 : MIN(at - now, CX_CLOCK_LOOK_NS);
}

static void cx_clock_set(ConnectXFunction *fn, int64_t left)
{
    timer_mod(fn->rdma->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + left);
}

/* Nothing that is called here adds to the table. */
static void cx_clock_expired(void *opaque)
{
    ConnectXFunction *fn = opaque;
    uint64_t now = cx_fn_timer_ns(fn), next = UINT64_MAX;
    GHashTableIter iter;
    gpointer qpn, value;

    g_hash_table_iter_init(&iter, fn->rdma->waiting);
    while (g_hash_table_iter_next(&iter, &qpn, &value)) {
        uint64_t at = (uintptr_t)value;

        if (at <= now) {
            g_hash_table_iter_remove(&iter);
            cx_sched_add(fn, GPOINTER_TO_UINT(qpn));
        } else {
            next = MIN(next, at);
        }
    }
    if (next != UINT64_MAX) {
        cx_clock_set(fn, cx_clock_left(fn, next));
    }
}

void cx_clock_wait(ConnectXFunction *fn, uint32_t qpn, uint64_t at)
{
    ConnectXRdma *rdma = fn->rdma;
    int64_t left = cx_clock_left(fn, at);
    int64_t deadline = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + left;

    /* By then one that is gone is forgotten; one that is there waits again. */
    at = cx_fn_timer_ns(fn) + left;
    g_hash_table_insert(rdma->waiting, GUINT_TO_POINTER(qpn),
                        (gpointer)(uintptr_t)at);
    if (!timer_pending(rdma->timer) || !timer_expired(rdma->timer, deadline)) {
        cx_clock_set(fn, left);
    }
}

static void cx_clock_stop(ConnectXFunction *fn)
{
    timer_del(fn->rdma->timer);
    g_hash_table_remove_all(fn->rdma->waiting);
}

static void cx_clock_init(ConnectXFunction *fn)
{
    fn->rdma = g_new0(ConnectXRdma, 1);
    fn->rdma->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cx_clock_expired, fn);
    fn->rdma->waiting = g_hash_table_new(NULL, NULL);
}

static void cx_clock_uninit(ConnectXFunction *fn)
{
    timer_free(fn->rdma->timer);
    g_hash_table_unref(fn->rdma->waiting);
    g_clear_pointer(&fn->rdma, g_free);
}

static const ConnectXParticipant cx_clock_part = {
    .name = "clock",
    .init = cx_clock_init,
    .uninit = cx_clock_uninit,
    .teardown = cx_clock_stop,
    .quiesce = cx_clock_stop,
};

void cx_clock_register(void)
{
    cx_fn_register(&cx_clock_part);
}
