/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: register writes that wait
 *
 * While its responder is suspended a function acts on no write. The driver
 * cannot know, so what it wrote is kept, moves with an image, and is written
 * again afterwards, by the BAR.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "fn/fn.h"
#include "fn/latch.h"
#include "fn/life.h"

static ConnectXLatchCovers cx_latch_covers;

void cx_latch_set_covers(ConnectXLatchCovers covers)
{
    cx_latch_covers = covers;
}

void cx_latch_add(ConnectXFunction *fn, uint32_t offset, uint64_t value,
                  uint32_t size)
{
    ConnectXLatch w = { .offset = offset, .size = size, .value = value };

    for (guint i = fn->latch->len; i-- > 0;) {
        if (cx_latch_covers(&w, &g_array_index(fn->latch, ConnectXLatch, i))) {
            g_array_remove_index(fn->latch, i);
            break;
        }
    }
    if (fn->latch->len == CX_LATCH_MAX) {
        cx_guest_error(fn, "write to register 0x%x lost, as %u wait already",
                       offset, CX_LATCH_MAX);
        return;
    }
    g_array_append_val(fn->latch, w);
}

static void cx_latch_init(ConnectXFunction *fn)
{
    fn->latch = g_array_new(false, true, sizeof(ConnectXLatch));
}

static void cx_latch_uninit(ConnectXFunction *fn)
{
    g_array_free(g_steal_pointer(&fn->latch), true);
}

static void cx_latch_reset(ConnectXFunction *fn)
{
    g_array_set_size(fn->latch, 0);
}

GArray *cx_latch_take(ConnectXFunction *fn)
{
    GArray *latch = fn->latch;

    cx_latch_init(fn);
    return latch;
}

void cx_latch_prepend(ConnectXFunction *fn, const GArray *older)
{
    g_autoptr(GArray) own = cx_latch_take(fn);

    g_array_append_vals(fn->latch, older->data, older->len);
    for (guint i = 0; i < own->len; i++) {
        ConnectXLatch *w = &g_array_index(own, ConnectXLatch, i);

        cx_latch_add(fn, w->offset, w->value, w->size);
    }
}

static const ConnectXParticipant cx_latch_part = {
    .name = "latch",
    .init = cx_latch_init,
    .uninit = cx_latch_uninit,
    .reset = cx_latch_reset,
};

void cx_latch_register(void)
{
    cx_fn_register(&cx_latch_part);
}
