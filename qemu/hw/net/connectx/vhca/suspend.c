/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: suspending and resuming a VF
 *
 * The initiator, what the VF does by itself, is stopped first, so that VFs
 * which talk to each other all fall silent before one goes deaf; the responder,
 * what others do to it, next. They start in the opposite order. Another order
 * is a driver's mistake and refused; to ask for what is so already is not, as
 * a driver that got no answer has to ask again.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "base/guest_error.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "vhca/state.h"
#include "trace.h"

static ConnectXStatus cx_wrong_order(ConnectXFunction *vf, const char *what)
{
    if (!cx_vhca_lost(vf)) {
        cx_guest_error(vf->dev->pf, "VF %u: %s", vf->number, what);
    }
    return CX_BAD_RES_STATE;
}

static ConnectXStatus cx_twice(ConnectXFunction *vf)
{
    return vf->dev->vhca.twice_fails ? cx_vhca_refuse(vf, CX_SYN_BEHAVIOUR) :
                                       CX_OK;
}

static bool cx_is_tracked_save(const ConnectXTransfer *t)
{
    return t && t->kind->to_memory && t->track;
}

ConnectXStatus cx_vhca_suspend(ConnectXFunction *vf, uint8_t side)
{
    ConnectXVhca *vhca = vf->vhca;

    vhca->syndrome = CX_SYN_VHCA_NONE;
    if (side == CX_SUSP_RESPONDER && !(vf->suspended & CX_SUSP_INITIATOR)) {
        return cx_wrong_order(vf, "responder suspended before the initiator");
    }
    if (vf->suspended & side) {
        return cx_twice(vf);
    }
    trace_connectx_vhca_suspend(vf->vhca_id, side);
    if (vf->dev->vhca.suspend_ends_save && cx_is_tracked_save(vhca->transfer)) {
        cx_transfer_end(vhca->transfer, CX_BAD_RES_STATE);
    }
    if (!vf->suspended) {
        vhca->stopped = cx_vhca_now(vf);
        vhca->lost_suspension = false;
    }
    cx_fn_suspend(vf, side);
    return CX_OK;
}

/* What was loaded becomes what the VF is. */
static void cx_vhca_apply(ConnectXFunction *vf)
{
    ConnectXVhca *vhca = vf->vhca;

    if (vhca->in && cx_image_in_staged(vhca->in, &vhca->stopped)) {
        cx_image_in_apply(vhca->in);
        trace_connectx_vhca_apply(vf->vhca_id, vf->state);
    }
    g_clear_pointer(&vhca->in, cx_image_in_free);
}

ConnectXStatus cx_vhca_resume(ConnectXFunction *vf, uint8_t side)
{
    ConnectXVhca *vhca = vf->vhca;
    bool link_was_up;

    vhca->syndrome = CX_SYN_VHCA_NONE;
    if (vhca->transfer && !cx_is_tracked_save(vhca->transfer)) {
        return CX_RESOURCE_BUSY;
    }
    if (vhca->poisoned) {
        return cx_vhca_refuse(vf, CX_SYN_POISONED);
    }
    if (vhca->in && (cx_image_in_partial(vhca->in) ||
                     !cx_image_in_final(vhca->in))) {
        return cx_vhca_refuse(vf, CX_SYN_NOT_FINAL);
    }
    if (side == CX_SUSP_INITIATOR && vf->suspended & CX_SUSP_RESPONDER) {
        return cx_wrong_order(vf, "initiator resumed before the responder");
    }
    if (!(vf->suspended & side)) {
        return cx_twice(vf);
    }
    trace_connectx_vhca_resume(vf->vhca_id, side);
    cx_save_resumes(vf);
    cx_vhca_apply(vf);
    link_was_up = vhca->stopped.link_up;
    /* May run a command of the VF that resets it. */
    cx_fn_resume(vf, side);
    cx_vhca_tell_link(vf, link_was_up);
    return CX_OK;
}
