/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: between work queues and the switch
 */
#ifndef HW_NET_CONNECTX_PORT_H
#define HW_NET_CONNECTX_PORT_H

#include "base/types.h"
#include "base/status.h"
#include "queue/ring.h"

/* Work request: at most 63 units of 16 bytes */
#define CX_WQE_MAX          1024

/* Makes the port the sender of what send queues have. */
void cx_tx_register(void);

/* Into a receive queue of the function; drops and counts without a buffer. */
void cx_rx_deliver(ConnectXFunction *fn, const uint8_t *frame, uint32_t len);

#endif /* HW_NET_CONNECTX_PORT_H */
