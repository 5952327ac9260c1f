/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs that wait for a time
 *
 * Times are of the function's own timer, which goes on in a function that was
 * moved. A queue pair keeps what it waits for itself; when the time has come it
 * has its turn, and looks.
 */
#ifndef HW_NET_CONNECTX_RDMA_CLOCK_H
#define HW_NET_CONNECTX_RDMA_CLOCK_H

#include "base/types.h"
#include "switch/vport.h"

/* ConnectXFunction.rdma */
struct ConnectXRdma {
    QEMUTimer *timer;
    GHashTable *waiting;        /* number to time; one for each queue pair */
    ConnectXReceive others;     /* who takes what is not for queue pairs */
    uint32_t gsi;               /* number of the one for management, or 0 */
};

/* The queue pair has its turn at that time, in place of one told before. */
void cx_clock_wait(ConnectXFunction *fn, uint32_t qpn, uint64_t at);
void cx_clock_register(void);

#endif /* HW_NET_CONNECTX_RDMA_CLOCK_H */
