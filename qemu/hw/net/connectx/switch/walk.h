/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the way of a packet through flow tables
 */
#ifndef HW_NET_CONNECTX_WALK_H
#define HW_NET_CONNECTX_WALK_H

#include "base/types.h"
#include "switch/match.h"

/* Groups that one packet may be looked for in; more than drivers make ways */
#define CX_WALK_LOOKUPS_MAX     256

typedef enum ConnectXWalkEnd {
    CX_WALK_MISSED,                     /* no entry matched */
    CX_WALK_DROPPED,
    CX_WALK_ALLOWED,
    CX_WALK_FORWARDED,
} ConnectXWalkEnd;

typedef struct ConnectXWalk ConnectXWalk;

struct ConnectXWalk {
    ConnectXFunction *fn;               /* whose tables they are */
    const uint8_t *packet;              /* CX_PACKET_BYTES */
    /*
     * Called for each destination that is not a table: CX_DEST_*, its number.
     * NULL for tables whose entries have none.
     */
    void (*forward)(ConnectXWalk *walk, uint8_t type, uint32_t id);
    void *opaque;
    uint32_t tag;                       /* of the last entry that has one */
    uint8_t missed;                     /* CX_MISS_*, of the last table */
    unsigned lookups;                   /* left */
};

/*
 * cx_walk - Take a packet through a table and those that it leads to.
 * lookups, tag and missed are set here. A packet that would be looked for in
 * too many groups is dropped, and the driver's error.
 */
ConnectXWalkEnd cx_walk(ConnectXWalk *walk, uint32_t table);

#endif /* HW_NET_CONNECTX_WALK_H */
