/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: register writes that wait
 *
 * While its responder is suspended a function acts on no write. The driver
 * cannot know, so what it wrote is kept, moves with an image, and is written
 * again afterwards, by the BAR.
 */
#include "qemu/osdep.h"
#include "fn/fn.h"
#include "fn/latch.h"
#include "fn/life.h"

void cx_latch_add(ConnectXFunction *fn, uint32_t offset, uint64_t value,
                  uint32_t size)
{
    ConnectXLatch w = { .offset = offset, .size = size, .value = value };

    if (fn->latch->len < CX_LATCH_MAX) {
        g_array_append_val(fn->latch, w);
    }
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
