/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the switch between vports and the wire
 */
#ifndef HW_NET_CONNECTX_SWITCH_H
#define HW_NET_CONNECTX_SWITCH_H

#include "base/types.h"

/*
 * From a vport, by the send queue sqn, or from the wire when src is NULL.
 * Returns how many copies of the frame were made, which is what it cost.
 */
unsigned cx_switch_forward(ConnectXDevice *dev, ConnectXFunction *src,
                           uint32_t sqn, const uint8_t *data, uint32_t len);

/*
 * From a function to itself: not even the forwarding database of the PF is in
 * between, as a card has it for queue pairs.
 */
unsigned cx_switch_loop(ConnectXFunction *fn, uint32_t sqn,
                        const uint8_t *data, uint32_t len);

#endif /* HW_NET_CONNECTX_SWITCH_H */
