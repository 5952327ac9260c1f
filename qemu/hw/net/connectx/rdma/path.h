/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: from where to where a queue pair's packets go
 */
#ifndef HW_NET_CONNECTX_RDMA_PATH_H
#define HW_NET_CONNECTX_RDMA_PATH_H

#include "base/types.h"
#include "host/sched.h"
#include "packet/roce.h"

/* Bytes of a packet's data, at most */
uint32_t cx_path_mtu(const ConnectXObj *qp);
/* CX_ROCE_*: the upper bits of its packets' opcodes */
uint8_t cx_path_transport(const ConnectXObj *qp);
/* To the peer of a connected one. False: from no address that there is */
bool cx_path_of_qp(const ConnectXFunction *fn, const ConnectXObj *qp,
                   ConnectXRoceEnds *ends);
/* As a datagram's request says: mlx5_wqe_datagram_seg */
bool cx_path_of_datagram(const ConnectXFunction *fn, const uint8_t *segment,
                         ConnectXRoceEnds *ends);
/* Is the packet to an address of the function? */
bool cx_path_is_ours(const ConnectXFunction *fn, const ConnectXRoceEnds *ends);
/*
 * Sends a packet, by the switch. ends: NULL if it is from an address that is
 * not there (any more); it is lost then.
 */
void cx_path_send(ConnectXFunction *fn, const ConnectXObj *qp,
                  const ConnectXRoceEnds *ends, const ConnectXRoce *packet,
                  ConnectXBudget *budget);

#endif /* HW_NET_CONNECTX_RDMA_PATH_H */
