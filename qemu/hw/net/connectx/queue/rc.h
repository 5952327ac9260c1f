/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: messages from one queue pair of a function to another,
 * over the reliable connection between them
 */
#ifndef HW_NET_CONNECTX_RC_H
#define HW_NET_CONNECTX_RC_H

#include "base/types.h"

typedef enum ConnectXRcStatus {
    CX_RC_OK,
    CX_RC_NOT_READY,                    /* no receive request is posted */
    CX_RC_BROKEN,                       /* not connected, or in error */
} ConnectXRcStatus;

/*
 * cx_rc_room - Bytes that the next message from a queue pair may have: what the
 * next receive request of its peer has room for.
 */
ConnectXRcStatus cx_rc_room(ConnectXFunction *fn, uint32_t qpn,
                            uint64_t *bytes);
/*
 * cx_rc_send - A message of the firmware's, with immediate data. It lands in
 * the peer's next receive request, which completes.
 */
ConnectXRcStatus cx_rc_send(ConnectXFunction *fn, uint32_t qpn,
                            const void *buf, uint64_t len, uint32_t imm);

#endif /* HW_NET_CONNECTX_RC_H */
