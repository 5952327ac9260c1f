/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: QUERY and SAVE
 *
 * A SAVE hands out a snapshot, in one piece or, if QUERY asked for chunks, in
 * several. It takes the snapshot first, unless one is left over. While that is
 * being written the commands of a running VF wait, so that its objects hold
 * still; frames and doorbells go on.
 *
 * With tracking the VF may run on: what was saved counts as long as no command
 * of the VF changed anything since.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "obj/mkey.h"
#include "vhca/state.h"
#include "trace.h"

/* What a driver with a buffer per chunk is told to give. */
#define CX_CHUNK_BYTES      (8 * MiB)
/*
 * A running function may create objects between QUERY and SAVE: the size it
 * is told leaves room for a quarter more and this.
 */
#define CX_GROWTH_BYTES     (64 * KiB)

/* What an image would be of: a loaded state counts before it is applied. */
static const ConnectXFunction *cx_save_source(ConnectXFunction *vf,
                                              ConnectXImageMoment *moment)
{
    ConnectXVhca *vhca = vf->vhca;
    const ConnectXFunction *staged = NULL;

    /* While it is suspended a VF always gives the same image. */
    *moment = vf->suspended ? vhca->stopped : cx_vhca_now(vf);
    if (vhca->in) {
        staged = cx_image_in_staged(vhca->in, moment);
    }
    return staged ?: vf;
}

static uint64_t cx_save_size(ConnectXFunction *vf)
{
    ConnectXImageMoment moment;

    return cx_image_out_total(cx_save_source(vf, &moment));
}

static uint64_t cx_full_size(ConnectXFunction *vf)
{
    uint64_t size = cx_save_size(vf);

    if (!cx_vhca_stopped(vf)) {
        size += (size - MIN(size, vf->dev->image_pad)) / 4 + CX_GROWTH_BYTES;
    }
    return MIN(ROUND_UP(size, CX_PAGE_SIZE), CX_IMAGE_TOTAL_MAX);
}

static bool cx_vhca_changed(const ConnectXFunction *vf)
{
    return vf->generation != vf->vhca->saved_generation;
}

/* Is there something that an incremental QUERY or SAVE could go on from? */
static bool cx_save_has_base(const ConnectXVhca *vhca)
{
    return vhca->tracked || vhca->out;
}

/* incremental is a word of tracking and of chunks; a PF without has neither. */
static bool cx_save_knows(const ConnectXFunction *vf, bool inc, bool track,
                          bool chunk)
{
    const ConnectXVhcaKnobs *knobs = &vf->dev->vhca;

    return (!track || knobs->tracking) && (!chunk || knobs->chunks) &&
           (!inc || knobs->tracking || knobs->chunks);
}

static uint64_t cx_query_size(ConnectXFunction *vf, bool inc)
{
    ConnectXVhca *vhca = vf->vhca;

    if (inc && vhca->out) {
        return cx_image_out_len(vhca->out) - vhca->out_pos;
    }
    return !inc || cx_vhca_stopped(vf) || cx_vhca_changed(vf) ?
           cx_full_size(vf) : 0;
}

ConnectXStatus cx_vhca_query(ConnectXFunction *vf, bool inc, bool chunk,
                             ConnectXVhcaSize *size)
{
    ConnectXVhca *vhca = vf->vhca;
    uint64_t bytes;

    if (!cx_save_knows(vf, inc, false, chunk)) {
        return CX_BAD_PARAM;
    }
    if (vhca->poisoned || (inc && !cx_save_has_base(vhca)) ||
        (inc && vhca->transfer && !vhca->tracked &&
         vf->dev->vhca.query_in_save_fails)) {
        return CX_BAD_RES_STATE;
    }
    bytes = cx_query_size(vf, inc);
    vhca->chunked = chunk;
    size->remaining = chunk ? bytes : 0;
    size->required = chunk ? MIN(bytes, CX_CHUNK_BYTES) : bytes;
    trace_connectx_vhca_query(vf->vhca_id, inc, chunk, size->required);
    return CX_OK;
}

static void cx_release_commands(ConnectXFunction *vf)
{
    vf->cmds_held = false;
    if (vf->pending) {
        qemu_bh_schedule(vf->vhca->later);
    }
}

void cx_save_forget(ConnectXVhca *vhca)
{
    g_clear_pointer(&vhca->out, cx_image_out_free);
    vhca->out_final = false;
}

static ConnectXStatus cx_save_write(ConnectXTransfer *t)
{
    ConnectXStatus status = cx_image_out_step(t->vf->vhca->out,
                                              CX_SLICE_BYTES);

    if (status != CX_OK) {
        return status;
    }
    cx_release_commands(t->vf);
    return CX_ASYNC;
}

static ConnectXStatus cx_save_slice(ConnectXTransfer *t)
{
    ConnectXVhca *vhca = t->vf->vhca;
    uint64_t len = MIN(t->len - t->done, CX_SLICE_BYTES);
    ConnectXStatus status;

    if (!cx_image_out_ready(vhca->out)) {
        return cx_save_write(t);
    }
    cx_image_out_copy(vhca->out, vhca->out_pos + t->done, t->slice, len);
    status = cx_mkey_write(t->buf.pf, t->buf.mkey, t->buf.va + t->done,
                           t->slice, len);
    if (status != CX_OK) {
        return status;
    }
    t->done += len;
    return t->done < t->len ? CX_ASYNC : CX_OK;
}

/* The last byte of a piece is with the driver: now it is a fact. */
static uint32_t cx_save_commit(ConnectXTransfer *t)
{
    ConnectXVhca *vhca = t->vf->vhca;
    uint64_t left;

    vhca->out_pos += t->len;
    left = cx_image_out_len(vhca->out) - vhca->out_pos;
    if (t->track) {
        vhca->tracked = true;
    }
    if (!left) {
        vhca->saved_generation = vhca->out_generation;
        if (vhca->out_final) {
            vhca->tracked = false;
        } else if (!t->track) {
            /* That was the rest of a pre-copy image; the final one follows. */
            left = cx_full_size(t->vf);
        }
        cx_save_forget(vhca);
    }
    return vhca->chunked ? MIN(left, CX_CHUNK_BYTES) : t->vf->dev->save_next;
}

static uint32_t cx_save_end(ConnectXTransfer *t, ConnectXStatus status,
                            bool cancelled)
{
    ConnectXVhca *vhca = t->vf->vhca;

    trace_connectx_vhca_save(t->vf->vhca_id, t->done, status);
    if (t->vf->cmds_held) {
        cx_release_commands(t->vf);
    }
    if (status == CX_OK) {
        return cx_save_commit(t);
    }
    /* What was begun is begun again; what follows a piece is asked for again */
    if (!vhca->out_pos) {
        cx_save_forget(vhca);
    }
    return 0;
}

static const ConnectXTransferKind cx_save_kind = {
    .to_memory = true,
    .slice = cx_save_slice,
    .end = cx_save_end,
};

/* May this SAVE begin a snapshot, or go on with the one begun? */
static ConnectXStatus cx_save_allowed(ConnectXFunction *vf, bool inc,
                                      bool track)
{
    const ConnectXVhcaKnobs *knobs = &vf->dev->vhca;
    ConnectXVhca *vhca = vf->vhca;

    if (!cx_save_knows(vf, inc, track, false)) {
        return CX_BAD_PARAM;
    }
    if (vhca->poisoned || (inc && !cx_save_has_base(vhca)) ||
        (track && vf->suspended & CX_SUSP_RESPONDER) ||
        (track && vf->suspended && knobs->suspended_track_fails)) {
        return CX_BAD_RES_STATE;
    }
    /* Without tracking, nothing is saved of a VF that might still change. */
    if (!track && !cx_vhca_stopped(vf) && (inc || !cx_save_has_base(vhca))) {
        if (!vhca->overtaken) {
            cx_guest_error(vf->dev->pf, "VF %u: SAVE of a VF that runs",
                           vf->number);
        }
        return CX_BAD_RES_STATE;
    }
    return CX_OK;
}

static void cx_save_snapshot(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;
    bool final = cx_vhca_stopped(vf);
    const ConnectXFunction *from;
    ConnectXImageMoment moment;

    cx_save_forget(vhca);
    from = cx_save_source(vf, &moment);
    vhca->out = cx_image_out_begin(from, final ? CX_IMAGE_FINAL : 0, &moment);
    vhca->out_pos = 0;
    vhca->out_generation = vf->generation;
    vhca->out_final = final;
    vf->cmds_held = true;
}

/* Moves what there is to hand out, or what of it fits. */
static ConnectXStatus cx_save_begin(ConnectXFunction *vf, bool inc, bool track,
                                    const ConnectXVhcaBuf *buf,
                                    ConnectXVhcaDone *done, void *opaque)
{
    ConnectXVhca *vhca = vf->vhca;
    bool fresh = !inc || !vhca->out;
    uint64_t left = fresh ? cx_save_size(vf) :
                            cx_image_out_len(vhca->out) - vhca->out_pos;
    ConnectXStatus status;
    ConnectXTransfer *t;

    /* Without chunks a driver ends after one SAVE and would lose the rest. */
    if (buf->size < (vhca->chunked ? MIN(left, CX_PAGE_SIZE) : left)) {
        return CX_EXCEED_LIMIT;
    }
    status = cx_transfer_new(vf, &cx_save_kind, buf, MIN(left, buf->size),
                             &t);
    if (status != CX_ASYNC) {
        return status;
    }
    t->track = track;
    t->tell = done;
    t->opaque = opaque;
    if (fresh) {
        cx_save_snapshot(vf);
    }
    return CX_ASYNC;
}

ConnectXStatus cx_vhca_save(ConnectXFunction *vf, const ConnectXVhcaBuf *buf,
                            bool inc, bool track, ConnectXVhcaDone *done,
                            void *opaque)
{
    ConnectXVhca *vhca = vf->vhca;
    ConnectXStatus status = cx_save_allowed(vf, inc, track);

    if (status != CX_OK) {
        return status;
    }
    if (vhca->transfer) {
        return CX_RESOURCE_BUSY;
    }
    if (!track && !cx_vhca_stopped(vf)) {
        /* Pre-copy is over without a stop: forget what was tracked. */
        cx_save_forget(vhca);
        vhca->tracked = false;
        return CX_OK;
    }
    if (track && vf->dev->vhca.track_fails) {
        /* Changes are tracked, but what has changed cannot be told. */
        vhca->tracked = true;
        return CX_BAD_RES_STATE;
    }
    if (inc && track && !vhca->out && !cx_vhca_changed(vf)) {
        return CX_OK;
    }
    return cx_save_begin(vf, inc, track, buf, done, opaque);
}
