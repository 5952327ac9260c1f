/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a frame on its way through the switch
 */
#ifndef HW_NET_CONNECTX_FRAME_H
#define HW_NET_CONNECTX_FRAME_H

#include "base/types.h"
#include "switch/match.h"

typedef struct ConnectXFrame {
    const uint8_t *data;
    uint32_t len;
    ConnectXFunction *src;              /* who sent it; NULL: from the wire */
    uint8_t packet[CX_PACKET_BYTES];    /* as flow tables see it */
} ConnectXFrame;

#endif /* HW_NET_CONNECTX_FRAME_H */
