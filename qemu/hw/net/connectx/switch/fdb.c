/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the forwarding database, which is the flow tables of
 * the PF whose destinations are vports
 */
#include "qemu/osdep.h"
#include "fn/fn.h"
#include "switch/egress.h"
#include "switch/fdb.h"
#include "switch/fte.h"
#include "switch/uplink.h"
#include "switch/vport.h"
#include "switch/walk.h"

typedef struct ConnectXFdb {
    ConnectXDevice *dev;
    const ConnectXFrame *frame;
    unsigned copies;
} ConnectXFdb;

bool cx_fdb_there(const ConnectXDevice *dev)
{
    return dev->pf && dev->pf->flow_root[CX_TABLE_FDB];
}

/* See ConnectXWalk. A frame from the wire does not go back to it. */
static void cx_fdb_send(ConnectXWalk *walk, uint8_t type, uint32_t id)
{
    ConnectXFdb *fdb = walk->opaque;
    ConnectXFunction *fn;

    if (type == CX_DEST_UPLINK || id == CX_VPORT_UPLINK) {
        if (fdb->frame->src) {
            cx_uplink_send(fdb->dev, fdb->frame->data, fdb->frame->len);
            fdb->copies++;
        }
        return;
    }
    fn = type == CX_DEST_VPORT ? cx_dev_find_function(fdb->dev, id) : NULL;
    if (fn && cx_vport_open(fn)) {
        fdb->copies += cx_egress(fn, fdb->frame);
    }
}

unsigned cx_fdb_forward(ConnectXDevice *dev, const ConnectXFrame *frame)
{
    ConnectXFdb fdb = { .dev = dev, .frame = frame };
    ConnectXWalk walk = {
        .fn = dev->pf, .packet = frame->packet, .forward = cx_fdb_send,
        .opaque = &fdb,
    };

    if (cx_walk(&walk, dev->pf->flow_root[CX_TABLE_FDB]) == CX_WALK_MISSED) {
        cx_fdb_send(&walk, CX_DEST_UPLINK, 0);
    }
    return fdb.copies;
}
