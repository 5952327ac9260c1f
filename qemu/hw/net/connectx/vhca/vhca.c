/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the migration commands
 *
 * The PF suspends, resumes, saves and loads a VF that it names by vhca_id.
 * Behaviour for sequences that no driver issues is our reading of the
 * interface; it was not compared with a card.
 *
 * SAVE and LOAD copy through a memory key of the PF and run in slices from a
 * bottom half, so that an image of hundreds of megabytes does not hold up the
 * main loop. The snapshot itself is taken when SAVE starts.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "obj/mkey.h"
#include "switch/vport.h"
#include "vhca/image.h"
#include "vhca/vhca.h"
#include "trace.h"

#define CX_SLICE_BYTES      (1 * MiB)
/* What a driver with a buffer per chunk is told to give. */
#define CX_CHUNK_BYTES      (8 * MiB)
/*
 * A running function may create objects between QUERY and SAVE: the size it
 * is told leaves room for a quarter more and this.
 */
#define CX_GROWTH_BYTES     (64 * KiB)

/* op_mod: the two commands number the halves in opposite order. */
enum {
    CX_SUSPEND_INITIATOR    = 0,
    CX_SUSPEND_RESPONDER    = 1,
    CX_RESUME_RESPONDER     = 0,
    CX_RESUME_INITIATOR     = 1,
};

#define CX_SUSP_BOTH        (CX_SUSP_INITIATOR | CX_SUSP_RESPONDER)

/* A SAVE or LOAD on its way; at most one per VF. */
typedef struct ConnectXTransfer {
    ConnectXCmd *cmd;
    ConnectXFunction *vf;
    QEMUBH *bh;
    uint32_t mkey;
    uint64_t va;
    uint64_t done, len;
    bool load;
    bool track;                         /* SAVE: go on tracking */
    uint8_t *slice;
} ConnectXTransfer;

/* ConnectXFunction.vhca: exists while there is something to remember. */
typedef struct ConnectXVhca {
    ConnectXImageOut *out;              /* snapshot being handed out */
    uint64_t out_pos;
    uint64_t out_generation;
    bool out_final;
    bool chunked;                       /* the last QUERY asked for chunks */
    ConnectXImageIn *in;
    ConnectXTransfer *transfer;
    ConnectXImageMoment stopped;        /* when it was suspended */
} ConnectXVhca;

static ConnectXVhca *cx_vhca(ConnectXFunction *vf)
{
    if (!vf->vhca) {
        vf->vhca = g_new0(ConnectXVhca, 1);
    }
    return vf->vhca;
}

static ConnectXImageMoment cx_vhca_now(const ConnectXFunction *vf)
{
    return (ConnectXImageMoment) {
        .timer_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                    vf->timer_offset_ns,
        .link_up = cx_vport_up(vf),
    };
}

static bool cx_vhca_stopped(const ConnectXFunction *vf)
{
    return (vf->suspended & CX_SUSP_BOTH) == CX_SUSP_BOTH;
}

/* The VF that a command names, or the status that says why not. */
static ConnectXStatus cx_vhca_find(ConnectXCmd *cmd, uint16_t vhca_id,
                                   ConnectXFunction **vfp)
{
    ConnectXFunction *vf = cx_dev_find_vhca(cmd->fn->dev, vhca_id);

    if (!CX_CAP(cmd->fn, CX_CAP_GENERAL, cmd_hca_cap, migration)) {
        return CX_BAD_OP;
    }
    if (!vf || !vf->is_vf) {
        return CX_BAD_RESOURCE;
    }
    if (!CX_CAP(vf, CX_CAP_GENERAL_2, cmd_hca_cap_2, migratable)) {
        return CX_BAD_RES_STATE;
    }
    *vfp = vf;
    return CX_OK;
}

static ConnectXStatus cx_vhca_suspend(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(suspend_vhca_in, cmd->in, vhca_id);
    ConnectXFunction *vf;
    ConnectXStatus status = cx_vhca_find(cmd, vhca_id, &vf);
    uint8_t bit;

    if (status != CX_OK) {
        return status;
    }
    switch (cmd->op_mod) {
    case CX_SUSPEND_INITIATOR:
        bit = CX_SUSP_INITIATOR;
        break;
    case CX_SUSPEND_RESPONDER:
        bit = CX_SUSP_RESPONDER;
        break;
    default:
        return CX_BAD_PARAM;
    }
    trace_connectx_vhca_suspend(vhca_id, cmd->op_mod);
    if (!vf->suspended) {
        cx_vhca(vf)->stopped = cx_vhca_now(vf);
    }
    if (!(vf->suspended & bit)) {
        cx_fn_suspend(vf, bit);
    }
    return CX_OK;
}

/* What was loaded becomes what the VF is. */
static void cx_vhca_apply(ConnectXFunction *vf, ConnectXVhca *vhca)
{
    if (vhca->in && cx_image_in_staged(vhca->in, &vhca->stopped)) {
        cx_image_in_apply(vhca->in);
        trace_connectx_vhca_apply(vf->vhca_id, vf->state);
    }
    g_clear_pointer(&vhca->in, cx_image_in_free);
}

static ConnectXStatus cx_vhca_resume(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(resume_vhca_in, cmd->in, vhca_id);
    ConnectXFunction *vf;
    ConnectXStatus status = cx_vhca_find(cmd, vhca_id, &vf);
    ConnectXVhca *vhca;
    uint8_t was_suspended;
    bool link_was_up;

    if (status != CX_OK) {
        return status;
    }
    if (cmd->op_mod > CX_RESUME_INITIATOR) {
        return CX_BAD_PARAM;
    }
    vhca = cx_vhca(vf);
    if (vhca->transfer) {
        return CX_RESOURCE_BUSY;
    }
    if (vhca->in && cx_image_in_partial(vhca->in)) {
        return CX_BAD_RES_STATE;
    }
    trace_connectx_vhca_resume(vhca_id, cmd->op_mod);
    /* A snapshot of before says nothing of what the function does now. */
    g_clear_pointer(&vhca->out, cx_image_out_free);
    cx_vhca_apply(vf, vhca);
    was_suspended = vf->suspended;
    link_was_up = vhca->stopped.link_up;
    /* May run a command of the VF that resets it, and vhca with it. */
    cx_fn_resume(vf, cmd->op_mod == CX_RESUME_RESPONDER ? CX_SUSP_RESPONDER :
                                                          CX_SUSP_INITIATOR);
    /* The link of now may be another one than the driver knows. */
    if (was_suspended && !vf->suspended && cx_vport_up(vf) != link_was_up) {
        cx_vport_link_event(vf);
    }
    return CX_OK;
}

/* NULL when the image would be too large for the interface. */
static ConnectXImageOut *cx_vhca_snapshot(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = cx_vhca(vf);
    /* While it is suspended a VF always gives the same image. */
    ConnectXImageMoment moment = vf->suspended ? vhca->stopped
                                               : cx_vhca_now(vf);
    const ConnectXFunction *from = vf, *staged = NULL;
    ConnectXImageMoment loaded;

    if (vhca->in) {
        staged = cx_image_in_staged(vhca->in, &loaded);
    }
    if (staged) {
        from = staged;
        moment = loaded;
    }
    return cx_image_snapshot(from, cx_vhca_stopped(vf) ? CX_IMAGE_FINAL : 0,
                             &moment);
}

static ConnectXStatus cx_vhca_full_size(ConnectXFunction *vf, uint64_t *size)
{
    ConnectXImageOut *out = cx_vhca_snapshot(vf);

    if (!out) {
        return CX_EXCEED_LIMIT;
    }
    *size = out->total_len;
    if (!cx_vhca_stopped(vf)) {
        *size += out->body->len / 4 + CX_GROWTH_BYTES;
    }
    *size = MIN(ROUND_UP(*size, CX_PAGE_SIZE), CX_IMAGE_TOTAL_MAX);
    cx_image_out_free(out);
    return CX_OK;
}

static bool cx_vhca_changed(const ConnectXFunction *vf)
{
    return vf->generation != vf->saved_generation;
}

static ConnectXStatus cx_vhca_query(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(query_vhca_migration_state_in, cmd->in,
                              vhca_id);
    bool inc = CX_GET(query_vhca_migration_state_in, cmd->in, incremental);
    bool chunk = CX_GET(query_vhca_migration_state_in, cmd->in, chunk);
    ConnectXFunction *vf;
    ConnectXStatus status = cx_vhca_find(cmd, vhca_id, &vf);
    ConnectXVhca *vhca;
    uint64_t size = 0;

    if (status != CX_OK) {
        return status;
    }
    vhca = cx_vhca(vf);
    if (inc && !vf->tracked && !vhca->out) {
        return CX_BAD_RES_STATE;
    }
    if (inc && vhca->out) {
        size = vhca->out->total_len - vhca->out_pos;
    } else if (!inc || cx_vhca_stopped(vf) || cx_vhca_changed(vf)) {
        status = cx_vhca_full_size(vf, &size);
        if (status != CX_OK) {
            return status;
        }
    }
    vhca->chunked = chunk;
    CX_SET64(query_vhca_migration_state_out, cmd->out, remaining_total_size,
             chunk ? size : 0);
    if (chunk) {
        size = MIN(size, CX_CHUNK_BYTES);
    }
    CX_SET(query_vhca_migration_state_out, cmd->out, required_umem_size,
           size);
    trace_connectx_vhca_query(vhca_id, inc, chunk, size);
    return CX_OK;
}

static void cx_transfer_free(ConnectXTransfer *t)
{
    qemu_bh_delete(t->bh);
    g_free(t->slice);
    g_free(t);
}

static void cx_transfer_end(ConnectXTransfer *t, ConnectXStatus status)
{
    ConnectXCmd *cmd = t->cmd;
    ConnectXVhca *vhca = t->vf->vhca;

    vhca->transfer = NULL;
    cmd->cancel = NULL;
    cmd->opaque = NULL;
    cmd->moved_bytes = t->done;
    if (t->load) {
        trace_connectx_vhca_load(t->vf->vhca_id, t->done, status);
    } else {
        trace_connectx_vhca_save(t->vf->vhca_id, t->done, status);
    }
    cx_transfer_free(t);
    cx_cmd_complete(cmd, status);
}

/* The PF is reset: the command dies without an answer. */
static void cx_transfer_cancel(ConnectXCmd *cmd)
{
    ConnectXTransfer *t = cmd->opaque;
    ConnectXVhca *vhca = t->vf->vhca;

    vhca->transfer = NULL;
    cmd->opaque = NULL;
    cmd->cancel = NULL;
    cx_transfer_free(t);
}

/* The last byte of a piece is with the driver: now it is a fact. */
static ConnectXStatus cx_save_done(ConnectXTransfer *t)
{
    ConnectXVhca *vhca = t->vf->vhca;
    ConnectXStatus status = CX_OK;
    uint64_t left;

    vhca->out_pos += t->len;
    left = vhca->out->total_len - vhca->out_pos;
    if (!left) {
        g_clear_pointer(&vhca->out, cx_image_out_free);
        t->vf->saved_generation = vhca->out_generation;
        if (t->track || vhca->out_final) {
            t->vf->tracked = t->track;
        } else {
            /* That was the rest of a pre-copy image; the final one follows. */
            status = cx_vhca_full_size(t->vf, &left);
        }
    }
    CX_SET(save_vhca_state_out, t->cmd->out, actual_image_size, t->len);
    CX_SET(save_vhca_state_out, t->cmd->out, next_required_umem_size,
           vhca->chunked || left ? MIN(left, CX_CHUNK_BYTES)
                                 : t->vf->dev->save_next);
    return status;
}

static ConnectXStatus cx_transfer_slice(ConnectXTransfer *t, uint64_t len)
{
    ConnectXVhca *vhca = t->vf->vhca;
    ConnectXFunction *pf = t->cmd->fn;
    ConnectXStatus status;

    if (t->load) {
        status = cx_mkey_read(pf, t->mkey, t->va + t->done, t->slice, len);
        return status != CX_OK ? status
                               : cx_image_in_feed(vhca->in, t->slice, len);
    }
    cx_image_out_copy(vhca->out, vhca->out_pos + t->done, t->slice, len);
    return cx_mkey_write(pf, t->mkey, t->va + t->done, t->slice, len);
}

static void cx_transfer_bh(void *opaque)
{
    ConnectXTransfer *t = opaque;
    ConnectXVhca *vhca = t->vf->vhca;
    uint64_t len = MIN(t->len - t->done, CX_SLICE_BYTES);
    ConnectXStatus status = cx_transfer_slice(t, len);

    if (status != CX_OK) {
        if (!t->load && !vhca->out_pos) {
            g_clear_pointer(&vhca->out, cx_image_out_free);
        }
        cx_transfer_end(t, status);
        return;
    }
    t->done += len;
    if (t->done < t->len) {
        qemu_bh_schedule(t->bh);
        return;
    }
    if (!t->load) {
        status = cx_save_done(t);
    }
    cx_transfer_end(t, status);
}

static ConnectXTransfer *cx_transfer_new(ConnectXCmd *cmd,
                                         ConnectXFunction *vf)
{
    ConnectXTransfer *t = g_new0(ConnectXTransfer, 1);

    t->cmd = cmd;
    t->vf = vf;
    t->bh = qemu_bh_new_guarded(cx_transfer_bh, t,
                                &DEVICE(cmd->fn->pci)->mem_reentrancy_guard);
    t->slice = g_malloc(CX_SLICE_BYTES);
    cmd->opaque = t;
    cmd->cancel = cx_transfer_cancel;
    cx_vhca(vf)->transfer = t;
    qemu_bh_schedule(t->bh);
    return t;
}

/* May this SAVE start from a new snapshot, or go on with the one begun? */
static ConnectXStatus cx_save_allowed(ConnectXFunction *vf, bool inc,
                                      bool track)
{
    bool stopped = cx_vhca_stopped(vf);

    if (inc && !vf->tracked && !cx_vhca(vf)->out) {
        return CX_BAD_RES_STATE;
    }
    if (track && vf->suspended & CX_SUSP_RESPONDER) {
        return CX_BAD_RES_STATE;
    }
    return !track && inc && !stopped ? CX_BAD_RES_STATE : CX_OK;
}

/* Makes sure that there is something to hand out into room bytes. */
static ConnectXStatus cx_save_begin(ConnectXFunction *vf, bool inc,
                                    uint64_t room, uint64_t *len)
{
    ConnectXVhca *vhca = cx_vhca(vf);
    uint64_t left;

    if (!inc || !vhca->out) {
        g_clear_pointer(&vhca->out, cx_image_out_free);
        vhca->out = cx_vhca_snapshot(vf);
        vhca->out_pos = 0;
        vhca->out_generation = vf->generation;
        vhca->out_final = cx_vhca_stopped(vf);
    }
    left = vhca->out ? vhca->out->total_len - vhca->out_pos : UINT64_MAX;
    /* Without chunks a driver ends after one SAVE and would lose the rest. */
    if (room < (vhca->chunked ? MIN(left, CX_PAGE_SIZE) : left)) {
        g_clear_pointer(&vhca->out, cx_image_out_free);
        return CX_EXCEED_LIMIT;
    }
    *len = MIN(left, room);
    return CX_OK;
}

static ConnectXStatus cx_vhca_save(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(save_vhca_state_in, cmd->in, vhca_id);
    bool inc = CX_GET(save_vhca_state_in, cmd->in, incremental);
    bool track = CX_GET(save_vhca_state_in, cmd->in, set_track);
    uint64_t len, room = CX_GET(save_vhca_state_in, cmd->in, size);
    ConnectXFunction *vf;
    ConnectXStatus status = cx_vhca_find(cmd, vhca_id, &vf);
    ConnectXVhca *vhca;
    ConnectXTransfer *t;

    if (status == CX_OK) {
        status = cx_save_allowed(vf, inc, track);
    }
    if (status != CX_OK) {
        return status;
    }
    vhca = cx_vhca(vf);
    if (vhca->transfer) {
        return CX_RESOURCE_BUSY;
    }
    if (!track && !inc && !cx_vhca_stopped(vf)) {
        /* Pre-copy is over without a stop: forget what was tracked. */
        g_clear_pointer(&vhca->out, cx_image_out_free);
        vf->tracked = false;
        return CX_OK;
    }
    if (inc && track && !vhca->out && !cx_vhca_changed(vf)) {
        return CX_OK;
    }
    status = cx_save_begin(vf, inc, room, &len);
    if (status != CX_OK) {
        return status;
    }
    t = cx_transfer_new(cmd, vf);
    t->mkey = CX_GET(save_vhca_state_in, cmd->in, mkey);
    t->va = CX_GET64(save_vhca_state_in, cmd->in, va);
    t->len = len;
    t->track = track;
    return CX_ASYNC;
}

static ConnectXStatus cx_vhca_load(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(load_vhca_state_in, cmd->in, vhca_id);
    ConnectXFunction *vf;
    ConnectXStatus status = cx_vhca_find(cmd, vhca_id, &vf);
    ConnectXVhca *vhca;
    ConnectXTransfer *t;

    if (status != CX_OK) {
        return status;
    }
    vhca = cx_vhca(vf);
    if (!cx_vhca_stopped(vf) || vf->tracked ||
        vf->state == CX_FN_OPERATIONAL) {
        return CX_BAD_RES_STATE;
    }
    if (vhca->transfer) {
        return CX_RESOURCE_BUSY;
    }
    if (!CX_GET(load_vhca_state_in, cmd->in, size)) {
        return CX_BAD_PARAM;
    }
    if (!vhca->in) {
        vhca->in = cx_image_in_new(vf);
    }
    t = cx_transfer_new(cmd, vf);
    t->load = true;
    t->mkey = CX_GET(load_vhca_state_in, cmd->in, mkey);
    t->va = CX_GET64(load_vhca_state_in, cmd->in, va);
    t->len = CX_GET(load_vhca_state_in, cmd->in, size);
    return CX_ASYNC;
}

static void cx_vhca_free(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;

    if (vhca) {
        vf->vhca = NULL;
        cx_image_out_free(vhca->out);
        cx_image_in_free(vhca->in);
        g_free(vhca);
    }
}

static void cx_vhca_reset(ConnectXFunction *fn)
{
    ConnectXVhca *vhca = fn->vhca;

    if (vhca && vhca->transfer) {
        cx_transfer_end(vhca->transfer, CX_BAD_RES_STATE);
    }
    cx_vhca_free(fn);
    fn->tracked = false;
    fn->saved_generation = 0;
    if (fn->is_vf) {
        return;
    }
    /* Nobody is left who could resume the VFs or finish their images. */
    for (unsigned i = 0; i < fn->dev->nr_vfs; i++) {
        ConnectXFunction *vf = fn->dev->vf[i];

        vhca = vf ? vf->vhca : NULL;
        if (vhca && vhca->transfer) {
            cx_transfer_cancel(vhca->transfer->cmd);
        }
        if (vf) {
            cx_vhca_free(vf);
            cx_fn_resume(vf, CX_SUSP_BOTH);
            vf->tracked = false;
        }
    }
}

#define VHCA_OP(_opcode, _handler, _layout, _mods)                            \
    { .opcode = MLX5_CMD_OP_##_opcode, .name = #_opcode,                      \
      .flags = CX_OP_PF_ONLY | (_mods), .handler = _handler,                  \
      .in_len = CX_SZ(_layout##_in), .out_len = CX_SZ(_layout##_out) }

#define CX_VHCA_HALVES (CX_OP_MOD(0) | CX_OP_MOD(1))

static const ConnectXOp vhca_ops[] = {
    VHCA_OP(SUSPEND_VHCA, cx_vhca_suspend, suspend_vhca, CX_VHCA_HALVES),
    VHCA_OP(RESUME_VHCA, cx_vhca_resume, resume_vhca, CX_VHCA_HALVES),
    VHCA_OP(QUERY_VHCA_MIGRATION_STATE, cx_vhca_query,
            query_vhca_migration_state, 0),
    VHCA_OP(SAVE_VHCA_STATE, cx_vhca_save, save_vhca_state, 0),
    VHCA_OP(LOAD_VHCA_STATE, cx_vhca_load, load_vhca_state, 0),
};

static const ConnectXParticipant cx_vhca_part = {
    .name = "vhca",
    .reset = cx_vhca_reset,
};

void cx_vhca_register(void)
{
    cx_cmd_add_ops(vhca_ops, ARRAY_SIZE(vhca_ops));
    cx_fn_register(&cx_vhca_part);
}
