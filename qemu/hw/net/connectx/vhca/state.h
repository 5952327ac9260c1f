/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what is kept of a VF's migration between commands
 *
 * For the files that carry the commands out: suspend.c, save.c, load.c.
 */
#ifndef HW_NET_CONNECTX_VHCA_STATE_H
#define HW_NET_CONNECTX_VHCA_STATE_H

#include "base/types.h"
#include "fn/fn.h"
#include "vhca/image_base.h"
#include "vhca/image_in.h"
#include "vhca/image_out.h"
#include "vhca/transfer.h"
#include "vhca/vhca.h"

#define CX_SUSP_BOTH        (CX_SUSP_INITIATOR | CX_SUSP_RESPONDER)

/* ConnectXFunction.vhca */
struct ConnectXVhca {
    ConnectXTransfer *transfer;         /* the SAVE or LOAD on its way */
    ConnectXImageMoment stopped;        /* when it was suspended */

    /*
     * SAVE: the snapshot being handed out and, where that is the rest of one
     * taken while the VF ran, the final one behind it; how far it is in both.
     */
    ConnectXImageOut *out, *follow;
    uint64_t out_pos;
    bool chunked;                       /* the last QUERY asked for chunks */
    bool tracked;
    /*
     * A SAVE with tracking was asked for. A driver that saw it fail does not
     * know whether changes are tracked: to end that is no error.
     */
    bool track_asked;
    /* The last image that was handed out whole; NULL: no delta can be told. */
    ConnectXImageBase *base;

    /* LOAD: images that came. */
    ConnectXImageIn *in;
    /* One was refused: what the VF is, nobody knows. Ends with a reset. */
    bool poisoned;

    /*
     * A reset ended its suspension; or the tracking of its changes, or the
     * SAVE that was to begin that. What its PF's driver had under way comes too
     * late, by nobody's fault: the one until the driver suspends it again, the
     * other until it is saved with tracking.
     */
    bool lost_suspension, lost_tracking;

    ConnectXVhcaSyndrome syndrome;      /* of the last command, if refused */
    QEMUBH *later;                      /* looks after commands that waited */
};

static inline bool cx_vhca_stopped(const ConnectXFunction *vf)
{
    return (vf->suspended & CX_SUSP_BOTH) == CX_SUSP_BOTH;
}

static inline bool cx_vhca_lost(const ConnectXFunction *vf)
{
    return vf->vhca->lost_suspension || vf->vhca->lost_tracking;
}

ConnectXImageMoment cx_vhca_now(const ConnectXFunction *vf);
/* Tells a VF that runs again of its link, if that is another than it was. */
void cx_vhca_tell_link(ConnectXFunction *vf, bool was_up);
static inline ConnectXStatus cx_vhca_refuse(ConnectXFunction *vf,
                                            ConnectXVhcaSyndrome syndrome)
{
    vf->vhca->syndrome = syndrome;
    return CX_BAD_RES_STATE;
}

/* Drops the snapshot that is being handed out. */
void cx_save_forget(ConnectXFunction *vf);
/* And ends tracking. */
void cx_save_untrack(ConnectXFunction *vf);
/* The VF is going to run: what is said of it standing still ends. */
void cx_save_resumes(ConnectXFunction *vf);

#endif /* HW_NET_CONNECTX_VHCA_STATE_H */
