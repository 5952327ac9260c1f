/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: QUERY and SAVE
 *
 * A SAVE hands out a snapshot, in one piece or in several: if QUERY asked for
 * chunks, or if the VF ran when it was taken, as there is another SAVE to come
 * then. It takes the snapshot first, unless one is left over. While that is
 * being written the commands of a running VF wait, so that its objects hold
 * still; frames and doorbells go on.
 *
 * With tracking the VF may run on. Each incremental image says what differs
 * from the one before, which counts as handed out with its last byte; a SAVE
 * that fails has said nothing, and the next one says what it was to say. Who
 * asks for the final image while the one before is not all out gets both.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "obj/log.h"
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
static ConnectXFunction *cx_save_source(ConnectXFunction *vf,
                                        ConnectXImageMoment *moment)
{
    ConnectXVhca *vhca = vf->vhca;
    ConnectXFunction *staged = NULL;

    /* While it is suspended a VF always gives the same image. */
    *moment = vf->suspended ? vhca->stopped : cx_vhca_now(vf);
    if (vhca->in) {
        staged = cx_image_in_staged(vhca->in, moment);
    }
    return staged ?: vf;
}

/* The image that would be taken just now, told from parent if there is one. */
static ConnectXFunction *cx_save_spec(ConnectXFunction *vf,
                                      const ConnectXImageBase *parent,
                                      ConnectXImageSpec *spec)
{
    *spec = (ConnectXImageSpec) {
        .parent = parent,
        .final = cx_vhca_stopped(vf),
        .total_max = vf->vhca->chunked ? CX_IMAGE_TOTAL_MAX :
                                         CX_IMAGE_PIECE_MAX,
    };
    return cx_save_source(vf, &spec->moment);
}

static uint64_t cx_save_size(ConnectXFunction *vf,
                             const ConnectXImageBase *parent)
{
    ConnectXImageSpec spec;
    ConnectXFunction *from = cx_save_spec(vf, parent, &spec);

    return cx_image_out_total(from, &spec);
}

static uint64_t cx_full_size(ConnectXFunction *vf)
{
    uint64_t size = cx_save_size(vf, NULL);

    if (!cx_vhca_stopped(vf)) {
        size += (size - MIN(size, vf->dev->image_pad)) / 4 + CX_GROWTH_BYTES;
    }
    size = ROUND_UP(size, CX_PAGE_SIZE);
    return vf->vhca->chunked ? size : MIN(size, CX_IMAGE_PIECE_MAX);
}

/* Is there something that an incremental SAVE could go on from? */
static bool cx_save_has_base(const ConnectXVhca *vhca)
{
    return vhca->base || vhca->out;
}

/* incremental is a word of tracking and of chunks; a PF without has neither. */
static bool cx_save_knows(const ConnectXFunction *vf, bool inc, bool track,
                          bool chunk)
{
    const ConnectXVhcaKnobs *knobs = &vf->dev->vhca;

    return (!track || knobs->tracking) && (!chunk || knobs->chunks) &&
           (!inc || knobs->tracking || knobs->chunks);
}

/* What of the snapshots is not handed out. */
static uint64_t cx_save_left(const ConnectXVhca *vhca)
{
    return cx_image_out_len(vhca->out) - vhca->out_pos +
           (vhca->follow ? cx_image_out_len(vhca->follow) : 0);
}

/* Does the final image go behind what is left of the one before? */
static bool cx_save_follows(const ConnectXFunction *vf)
{
    const ConnectXVhca *vhca = vf->vhca;

    return cx_vhca_stopped(vf) && !cx_image_out_final(vhca->out) &&
           !vhca->follow;
}

static uint64_t cx_rest_size(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;

    return cx_save_left(vhca) +
           (cx_save_follows(vf) ?
            cx_save_size(vf, cx_image_out_base(vhca->out)) : 0);
}

static bool cx_vhca_changed(ConnectXFunction *vf)
{
    return cx_image_out_differs(vf, vf->vhca->base);
}

static uint64_t cx_delta_size(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;

    if (vhca->out) {
        return cx_rest_size(vf);
    }
    if (!vhca->base) {
        return cx_full_size(vf);
    }
    return cx_vhca_stopped(vf) || cx_vhca_changed(vf) ?
           cx_save_size(vf, vhca->base) : 0;
}

static ConnectXVhcaState cx_save_state(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;

    if (vf->state != CX_FN_OPERATIONAL) {
        return CX_VHCA_UNINITIALIZED;
    }
    if (!vhca->tracked) {
        return CX_VHCA_IDLE;
    }
    if (!vhca->base || cx_obj_log_all_new(vf->objs, vhca->base->generation)) {
        return CX_VHCA_INIT;
    }
    return vhca->out || cx_vhca_changed(vf) ? CX_VHCA_DIRTY : CX_VHCA_READY;
}

static ConnectXStatus cx_save_sound(ConnectXFunction *vf)
{
    vf->vhca->syndrome = CX_SYN_VHCA_NONE;
    return vf->vhca->poisoned ? cx_vhca_refuse(vf, CX_SYN_POISONED) : CX_OK;
}

ConnectXStatus cx_vhca_query(ConnectXFunction *vf, bool inc, bool chunk,
                             ConnectXVhcaSize *size)
{
    ConnectXVhca *vhca = vf->vhca;
    ConnectXStatus status = cx_save_sound(vf);
    uint64_t bytes;

    if (!cx_save_knows(vf, inc, false, chunk)) {
        return CX_BAD_PARAM;
    }
    if (status != CX_OK) {
        return status;
    }
    if (inc && vhca->transfer && !vhca->tracked &&
        vf->dev->vhca.query_in_save_fails) {
        return cx_vhca_refuse(vf, CX_SYN_BEHAVIOUR);
    }
    if (inc && !vhca->tracked && !vhca->out) {
        return CX_BAD_RES_STATE;
    }
    vhca->chunked = chunk;
    bytes = inc ? cx_delta_size(vf) : cx_full_size(vf);
    size->remaining = chunk ? bytes : 0;
    size->required = MIN(bytes, chunk ? CX_CHUNK_BYTES : CX_IMAGE_PIECE_MAX);
    size->state = vf->dev->vhca.state ? cx_save_state(vf) : 0;
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

void cx_save_forget(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;

    g_clear_pointer(&vhca->out, cx_image_out_free);
    g_clear_pointer(&vhca->follow, cx_image_out_free);
    vhca->out_pos = 0;
    if (vhca->base) {
        cx_obj_log_trim(vf->objs, vhca->base->generation);
    } else {
        cx_obj_log_stop(vf->objs);
    }
}

void cx_save_untrack(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;

    vhca->tracked = false;
    g_clear_pointer(&vhca->base, cx_image_base_free);
    cx_save_forget(vf);
}

void cx_save_resumes(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;

    if (vhca->follow) {
        cx_save_untrack(vf);
    } else if (vhca->out && cx_image_out_final(vhca->out)) {
        cx_save_forget(vf);
    }
}

static ConnectXStatus cx_save_write(ConnectXTransfer *t, ConnectXImageOut *out)
{
    ConnectXStatus status = cx_image_out_step(out, CX_SLICE_BYTES);

    if (status != CX_OK) {
        return status;
    }
    cx_release_commands(t->vf);
    return CX_ASYNC;
}

static ConnectXStatus cx_save_slice(ConnectXTransfer *t)
{
    ConnectXVhca *vhca = t->vf->vhca;
    ConnectXImageOut *out = vhca->out;
    uint64_t at = vhca->out_pos + t->done, len;
    ConnectXStatus status;

    if (at >= cx_image_out_len(out)) {
        at -= cx_image_out_len(out);
        out = vhca->follow;
    }
    if (!cx_image_out_ready(out)) {
        return cx_save_write(t, out);
    }
    len = MIN(MIN(t->len - t->done, cx_image_out_len(out) - at),
              CX_SLICE_BYTES);
    cx_image_out_copy(out, at, t->slice, len);
    status = cx_mkey_write(t->buf.pf, t->buf.mkey, t->buf.va + t->done,
                           t->slice, len);
    if (status != CX_OK) {
        return status;
    }
    t->done += len;
    return t->done < t->len ? CX_ASYNC : CX_OK;
}

/* All of the snapshots is with the driver. */
static void cx_save_complete(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;

    if (cx_image_out_final(vhca->follow ?: vhca->out)) {
        vhca->track_asked = false;
        cx_save_untrack(vf);
        return;
    }
    cx_image_base_free(vhca->base);
    vhca->base = cx_image_out_take_base(vhca->out);
    cx_save_forget(vf);
}

/* The last byte of a piece is with the driver: now it is a fact. */
static uint32_t cx_save_commit(ConnectXTransfer *t)
{
    ConnectXVhca *vhca = t->vf->vhca;
    uint64_t left;

    vhca->out_pos += t->len;
    left = cx_save_left(vhca);
    if (t->track) {
        vhca->tracked = true;
        vhca->lost_tracking = false;
    }
    if (!left) {
        cx_save_complete(t->vf);
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
        cx_save_forget(t->vf);
    } else if (vhca->out_pos < cx_image_out_len(vhca->out)) {
        g_clear_pointer(&vhca->follow, cx_image_out_free);
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
    ConnectXStatus status = cx_save_sound(vf);

    if (!cx_save_knows(vf, inc, track, false)) {
        return CX_BAD_PARAM;
    }
    if (status != CX_OK) {
        return status;
    }
    /* Of a VF that was loaded, half a state is none to hand on. */
    if (vhca->in && !vhca->transfer && !cx_image_in_final(vhca->in)) {
        return cx_vhca_refuse(vf, CX_SYN_NOT_FINAL);
    }
    if ((inc && !cx_save_has_base(vhca)) ||
        (track && vf->suspended & CX_SUSP_RESPONDER)) {
        return CX_BAD_RES_STATE;
    }
    if (track && vf->suspended && knobs->suspended_track_fails) {
        return cx_vhca_refuse(vf, CX_SYN_BEHAVIOUR);
    }
    /* Without tracking, nothing is saved of a VF that might still change. */
    if (!track && !cx_vhca_stopped(vf) &&
        (inc || (!vhca->tracked && !vhca->out))) {
        if (!inc && vhca->track_asked) {
            vhca->track_asked = false;
            return cx_vhca_refuse(vf, CX_SYN_BEHAVIOUR);
        }
        if (!cx_vhca_lost(vf)) {
            cx_guest_error(vf->dev->pf, "VF %u: SAVE of a VF that runs",
                           vf->number);
        }
        return CX_BAD_RES_STATE;
    }
    return CX_OK;
}

static uint64_t cx_save_nonce(void)
{
    uint64_t nonce;

    do {
        nonce = (uint64_t)g_random_int() << 32 | g_random_int();
    } while (!nonce);
    return nonce;
}

/* A snapshot of what is now; told from parent, or the first of a session. */
static ConnectXImageOut *cx_save_snapshot(ConnectXFunction *vf,
                                          const ConnectXImageBase *parent,
                                          bool track)
{
    ConnectXImageSpec spec;
    ConnectXFunction *from = cx_save_spec(vf, parent, &spec);

    if (track && !parent) {
        cx_obj_log_start(vf->objs);
        spec.session = cx_save_nonce();
    }
    vf->cmds_held = true;
    return cx_image_out_begin(from, &spec);
}

static void cx_save_prepare(ConnectXFunction *vf, bool inc, bool track)
{
    ConnectXVhca *vhca = vf->vhca;

    if (!inc || !vhca->out) {
        cx_save_forget(vf);
        vhca->out = cx_save_snapshot(vf, inc ? vhca->base : NULL, track);
    } else if (cx_save_follows(vf)) {
        vhca->follow = cx_save_snapshot(vf, cx_image_out_base(vhca->out),
                                        false);
    }
}

/* Moves what there is to hand out, or what of it fits. */
static ConnectXStatus cx_save_begin(ConnectXFunction *vf, bool inc, bool track,
                                    const ConnectXVhcaBuf *buf,
                                    ConnectXVhcaDone *done, void *opaque)
{
    ConnectXVhca *vhca = vf->vhca;
    uint64_t left = inc && vhca->out ? cx_rest_size(vf) :
                    cx_save_size(vf, inc ? vhca->base : NULL);
    bool pieces = vhca->chunked || track;
    ConnectXStatus status;
    ConnectXTransfer *t;

    /* A driver that asks for the last in one piece would lose the rest. */
    if (buf->size < (pieces ? 1 : left)) {
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
    cx_save_prepare(vf, inc, track);
    return CX_ASYNC;
}

ConnectXStatus cx_vhca_save(ConnectXFunction *vf, const ConnectXVhcaBuf *buf,
                            bool inc, bool track, ConnectXVhcaDone *done,
                            void *opaque)
{
    ConnectXVhca *vhca = vf->vhca;
    ConnectXStatus status;

    vhca->track_asked |= track;
    status = cx_save_allowed(vf, inc, track);
    if (status != CX_OK) {
        return status;
    }
    if (vhca->transfer) {
        return CX_RESOURCE_BUSY;
    }
    if (!track && !cx_vhca_stopped(vf)) {
        /* Pre-copy is over without a stop: forget what was tracked. */
        vhca->track_asked = false;
        cx_save_untrack(vf);
        return CX_OK;
    }
    if (track && vf->dev->vhca.track_fails) {
        /* Changes are tracked, but what has changed cannot be told. */
        vhca->tracked = true;
        return cx_vhca_refuse(vf, CX_SYN_BEHAVIOUR);
    }
    if (inc && track && !vhca->out && !cx_vhca_changed(vf)) {
        return CX_OK;
    }
    return cx_save_begin(vf, inc, track, buf, done, opaque);
}
