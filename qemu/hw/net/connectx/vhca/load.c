/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: LOAD
 *
 * Takes one piece of the stream of images. An image that is refused, or of
 * which a piece did not come through, poisons the VF: what it is, nobody can
 * say, so it is not resumed, saved or loaded before it was reset.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "obj/mkey.h"
#include "vhca/state.h"
#include "trace.h"

/* The slice's bytes go into the stream; an image that ends there is work. */
static ConnectXStatus cx_load_feed(ConnectXTransfer *t, ConnectXImageIn *in)
{
    uint64_t used;
    ConnectXStatus status = cx_image_in_feed(in, t->slice + t->used,
                                             t->have - t->used, &used);

    t->used += used;
    return status;
}

static ConnectXStatus cx_load_read(ConnectXTransfer *t)
{
    t->used = 0;
    t->have = MIN(t->len - t->done, CX_SLICE_BYTES);
    t->done += t->have;
    return cx_mkey_read(t->buf.pf, t->buf.mkey, t->buf.va + t->done - t->have,
                        t->slice, t->have);
}

static ConnectXStatus cx_load_is_over(ConnectXTransfer *t, ConnectXImageIn *in)
{
    if (t->used < t->have || t->done < t->len || cx_image_in_has_work(in)) {
        return CX_ASYNC;
    }
    if (!t->vf->dev->vhca.multi_load && cx_image_in_partial(in)) {
        return cx_image_bad(t->vf, "not in one piece");
    }
    return CX_OK;
}

static ConnectXStatus cx_load_slice(ConnectXTransfer *t)
{
    ConnectXImageIn *in = t->vf->vhca->in;
    ConnectXStatus status = CX_OK;

    if (cx_image_in_has_work(in)) {
        status = cx_image_in_work(in, CX_SLICE_BYTES);
    } else {
        if (t->used == t->have) {
            status = cx_load_read(t);
            if (status == CX_OK && t->done == t->have) {
                cx_image_in_restart(in, t->slice, t->have);
            }
        }
        if (status == CX_OK) {
            status = cx_load_feed(t, in);
        }
    }
    return status == CX_OK ? cx_load_is_over(t, in) : status;
}

static uint32_t cx_load_end(ConnectXTransfer *t, ConnectXStatus status,
                            bool cancelled)
{
    ConnectXVhca *vhca = t->vf->vhca;

    trace_connectx_vhca_load(t->vf->vhca_id, t->done, status);
    if (status != CX_OK) {
        vhca->poisoned = true;
        vhca->syndrome = cx_image_in_syndrome(vhca->in);
        g_clear_pointer(&vhca->in, cx_image_in_free);
    }
    return 0;
}

static const ConnectXTransferKind cx_load_kind = {
    .slice = cx_load_slice,
    .end = cx_load_end,
};

ConnectXStatus cx_vhca_load(ConnectXFunction *vf, const ConnectXVhcaBuf *buf,
                            ConnectXVhcaDone *done, void *opaque)
{
    ConnectXVhca *vhca = vf->vhca;
    ConnectXStatus status;
    ConnectXTransfer *t;

    vhca->syndrome = CX_SYN_VHCA_NONE;
    if (vhca->poisoned) {
        return cx_vhca_refuse(vf, CX_SYN_POISONED);
    }
    if (!cx_vhca_stopped(vf) || vhca->tracked ||
        vf->state == CX_FN_OPERATIONAL) {
        return CX_BAD_RES_STATE;
    }
    if (vhca->transfer) {
        return CX_RESOURCE_BUSY;
    }
    if (!buf->size) {
        /* A delta in which nothing has changed; there is no empty image. */
        return vhca->in && !cx_image_in_partial(vhca->in) ? CX_OK :
                                                            CX_BAD_PARAM;
    }
    if (vhca->in && !vf->dev->vhca.multi_load) {
        cx_guest_error(buf->pf, "VF %u: a second LOAD", vf->number);
        return CX_BAD_RES_STATE;
    }
    status = cx_transfer_new(vf, &cx_load_kind, buf, buf->size, &t);
    if (status != CX_ASYNC) {
        return status;
    }
    if (!vhca->in) {
        vhca->in = cx_image_in_new(vf);
    }
    t->tell = done;
    t->opaque = opaque;
    return CX_ASYNC;
}
