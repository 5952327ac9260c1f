/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: objects that nobody can reach any more
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "obj/garbage.h"
#include "trace.h"

/* Objects freed in one go, some 100 us, and the time between two slices */
#define CX_GARBAGE_SLICE    512
#define CX_GARBAGE_REST_NS  (50 * SCALE_US)
/* Not worth the waiting */
#define CX_GARBAGE_SMALL    64

static GQueue cx_garbage = G_QUEUE_INIT;
static QEMUTimer *cx_garbage_timer;

static void cx_garbage_later(void)
{
    timer_mod(cx_garbage_timer, qemu_clock_get_ns(QEMU_CLOCK_REALTIME) +
                                CX_GARBAGE_REST_NS);
}

typedef struct ConnectXGarbageSlice {
    gpointer key[CX_GARBAGE_SLICE];
    unsigned n;
} ConnectXGarbageSlice;

static gboolean cx_garbage_collect(gpointer key, gpointer value,
                                   gpointer opaque)
{
    ConnectXGarbageSlice *slice = opaque;

    slice->key[slice->n++] = key;
    return slice->n == CX_GARBAGE_SLICE;
}

static void cx_garbage_run(void *opaque)
{
    GTree *tree = g_queue_peek_head(&cx_garbage);
    ConnectXGarbageSlice slice = { .n = 0 };

    g_tree_foreach(tree, cx_garbage_collect, &slice);
    for (unsigned i = 0; i < slice.n; i++) {
        g_tree_remove(tree, slice.key[i]);
    }
    if (!g_tree_nnodes(tree)) {
        g_tree_destroy(g_queue_pop_head(&cx_garbage));
    }
    trace_connectx_garbage(slice.n, !g_queue_is_empty(&cx_garbage));
    if (!g_queue_is_empty(&cx_garbage)) {
        cx_garbage_later();
    }
}

void cx_garbage_add(GTree *tree)
{
    if (g_tree_nnodes(tree) < CX_GARBAGE_SMALL) {
        g_tree_destroy(tree);
        return;
    }
    if (!cx_garbage_timer) {
        cx_garbage_timer = timer_new_ns(QEMU_CLOCK_REALTIME, cx_garbage_run,
                                        NULL);
    }
    g_queue_push_tail(&cx_garbage, tree);
    if (!timer_pending(cx_garbage_timer)) {
        cx_garbage_later();
    }
}
