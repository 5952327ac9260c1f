/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a SAVE or LOAD on its way
 *
 * Images are large: they are written, copied, summed and taken apart in slices
 * from a timer, with a pause after each. In the pauses the big lock is free for
 * long enough that whoever waits for it gets it; a bottom half that schedules
 * itself again would be faster at the lock than a thread that has to wake up.
 *
 * A card takes its time: if it is to take some, the end is held back for it.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "fn/fn.h"
#include "obj/mkey.h"
#include "vhca/state.h"
#include "vhca/transfer.h"

#define CX_SLICE_PAUSE_NS   (20 * SCALE_US)

static void cx_transfer_free(ConnectXTransfer *t)
{
    timer_free(t->timer);
    g_free(t->slice);
    g_free(t);
}

/* After this nothing of it is left, but with whom to tell. */
static uint32_t cx_transfer_finish(ConnectXTransfer *t, ConnectXStatus status,
                                   bool cancelled)
{
    t->vf->vhca->transfer = NULL;
    timer_del(t->timer);
    cx_mkey_release(t->buf.pf, t->buf.mkey);
    return t->kind->end(t, status, cancelled);
}

void cx_transfer_end(ConnectXTransfer *t, ConnectXStatus status)
{
    uint32_t next = cx_transfer_finish(t, status, false);

    t->tell(t->opaque, status, t->done, next);
    cx_transfer_free(t);
}

void cx_transfer_cancel(ConnectXTransfer *t)
{
    cx_transfer_finish(t, CX_INTERNAL, true);
    cx_transfer_free(t);
}

static void cx_transfer_tick(void *opaque)
{
    ConnectXTransfer *t = opaque;
    int64_t now;

    if (t->status == CX_ASYNC) {
        t->status = t->kind->slice(t);
    }
    now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    if (t->status == CX_ASYNC) {
        timer_mod_ns(t->timer, now + CX_SLICE_PAUSE_NS);
    } else if (t->status == CX_OK && now < t->due_ns) {
        timer_mod_ns(t->timer, t->due_ns);
    } else {
        cx_transfer_end(t, t->status);
    }
}

ConnectXStatus cx_transfer_new(ConnectXFunction *vf,
                               const ConnectXTransferKind *kind,
                               const ConnectXVhcaBuf *buf, uint64_t len,
                               ConnectXTransfer **tp)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    ConnectXStatus status;
    ConnectXTransfer *t;

    status = cx_mkey_hold(buf->pf, buf->mkey, buf->va, len, kind->to_memory);
    if (status != CX_OK) {
        return status;
    }
    t = g_new0(ConnectXTransfer, 1);
    t->vf = vf;
    t->kind = kind;
    t->buf = *buf;
    t->len = len;
    t->status = CX_ASYNC;
    t->due_ns = now + len * buf->ms_per_mib / MiB * SCALE_MS;
    t->slice = g_malloc(CX_SLICE_BYTES);
    t->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cx_transfer_tick, t);
    timer_mod_ns(t->timer, now);
    vf->vhca->transfer = t;
    *tp = t;
    return CX_ASYNC;
}
