/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what a vport and the port's wire count of frames
 */
#ifndef HW_NET_CONNECTX_TRAFFIC_H
#define HW_NET_CONNECTX_TRAFFIC_H

typedef enum ConnectXTrafficKind {
    CX_TRAFFIC_ETH,
    CX_TRAFFIC_RDMA,        /* between queue pairs */
} ConnectXTrafficKind;

enum {                      /* whom a frame is for; RDMA's are counted apart */
    CX_UNICAST,
    CX_MULTICAST,
    CX_BROADCAST,
    CX_RDMA_UNICAST,
    CX_RDMA_MULTICAST,
    CX_CASTS,
};

enum {                      /* what is counted of it */
    CX_PACKETS,
    CX_BYTES,
    CX_TALLIES,
};

typedef uint64_t ConnectXTally[CX_TALLIES];
typedef ConnectXTally ConnectXTraffic[CX_CASTS];

#endif /* HW_NET_CONNECTX_TRAFFIC_H */
