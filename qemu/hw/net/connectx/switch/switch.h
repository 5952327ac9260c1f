/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the switch between vports and the wire
 */
#ifndef HW_NET_CONNECTX_SWITCH_H
#define HW_NET_CONNECTX_SWITCH_H

#include "base/traffic.h"
#include "base/types.h"

/*
 * From a vport, by a send queue or a queue pair. Returns how many copies of the
 * frame were made, which is what it cost.
 */
unsigned cx_switch_forward(ConnectXFunction *src, ConnectXTrafficKind kind,
                           uint32_t queue, const uint8_t *data, uint32_t len);
void cx_switch_from_wire(ConnectXDevice *dev, const uint8_t *data,
                         uint32_t len);

/*
 * From a function's queue pair to itself: not even the forwarding database of
 * the PF is in between, as a card has it.
 */
unsigned cx_switch_loop(ConnectXFunction *fn, uint32_t qpn,
                        const uint8_t *data, uint32_t len);

#endif /* HW_NET_CONNECTX_SWITCH_H */
