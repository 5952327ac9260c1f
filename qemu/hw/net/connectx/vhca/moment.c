/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what belongs to the moment at which a VF stops, and
 * may be another when it goes on
 */
#include "qemu/osdep.h"
#include "fn/fn.h"
#include "switch/vport.h"
#include "vhca/state.h"

ConnectXImageMoment cx_vhca_now(const ConnectXFunction *vf)
{
    return (ConnectXImageMoment) {
        .timer_ns = cx_fn_timer_ns(vf),
        .link_up = cx_vport_up(vf),
    };
}

/* The link of now may be another one than the VF's driver knows. */
void cx_vhca_tell_link(ConnectXFunction *vf, bool was_up)
{
    if (!vf->suspended && cx_vport_up(vf) != was_up) {
        cx_vport_link_event(vf);
    }
}
