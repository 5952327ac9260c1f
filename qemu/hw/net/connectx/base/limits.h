/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: PCI ids, sizes, and the limits that both the
 * capability pages and the layers that keep them speak of
 */
#ifndef HW_NET_CONNECTX_LIMITS_H
#define HW_NET_CONNECTX_LIMITS_H

#include "qemu/units.h"

#define CX_VENDOR_ID        0x15b3
#define CX_IEEE_VENDOR_ID   0x02c9
#define CX_NODE_DESC        "ConnectX model"   /* 64 bytes at most */
#define CX_VF_DEVICE_ID     0x101e      /* ConnectX Family mlx5Gen VF */

#define CX_VFS_MAX          64          /* the vfs property's upper bound */
#define CX_PAGE_SIZE        4096
#define CX_PAGE_SHIFT       12

/*
 * BAR0. The MSI-X table and PBA lie behind the initialization segment
 * (0x2010 bytes) and before the first UAR page that may be allocated.
 */
#define CX_PF_BAR_SIZE      (32 * MiB)
#define CX_VF_BAR_SIZE      (1 * MiB)
#define CX_ISEG_SIZE        0x2010
#define CX_MSIX_TABLE_OFF   0x4000
#define CX_MSIX_PBA_OFF     0x5000
#define CX_UAR_FIRST        8           /* page index in BAR0 */
#define CX_PF_VECTORS       64
#define CX_VF_VECTORS       12

/* Queues */
#define CX_EQS_MAX          64
#define CX_LOG_EQ_SIZE_MAX  22
#define CX_LOG_CQ_SIZE_MAX  22
#define CX_LOG_WQ_SIZE_MAX  15
/* Of each kind a function may have: CQs, work queues, QPs, SRQs */
#define CX_LOG_QUEUES       16
#define CX_RECORD_BYTES     8           /* of a doorbell record */
#define CX_WQE_MAX          1024        /* bytes of a send queue's request */
#define CX_LOG_LSO_MAX      18          /* bytes of payload of one request */

/*
 * Queue pairs: path MTU as qpc has it (1: 256 bytes), a message's bytes, reads
 * and atomics of one connection under way, as requester and as responder
 */
#define CX_QP_MTU_MIN       1
#define CX_QP_MTU_MAX       5
#define CX_LOG_QP_MESSAGE   30
#define CX_LOG_QP_READS     4
#define CX_QP_READS         (1 << CX_LOG_QP_READS)
#define CX_LOG_MCGS         8           /* queue pairs in multicast groups */
#define CX_MCG_QPS          16          /* and in one of them */
#define CX_LOG_KLM_LIST     6
#define CX_ROCE_ADDRESSES   16
#define CX_ROCE_PORT        4791        /* of UDP: its destination */

/* Sets of counters, whose numbers are 8 bits wide, and 0 is none */
#define CX_Q_COUNTERS       255

/* Protection and transport domains, XRC domains; TISs, TIRs, RQTs */
#define CX_LOG_DOMAINS      16
#define CX_LOG_UCTXS        10          /* user contexts */
#define CX_LOG_TRANSPORTS   14

/*
 * Memory that the objects of one function take. All kinds draw on it, so that
 * whatever a function is filled with, its image fits; the limits of the kinds
 * bound numbers, and together are more than this. An object is charged its
 * creation input, its page list and what malloc and bookkeeping cost about.
 */
#define CX_STORE_BYTES_MAX      (128 * MiB)
#define CX_OBJ_OVERHEAD_BYTES   384
#define CX_LOG_MKEYS            17

/* Page trackers of a PF, and ranges that one can have */
#define CX_LOG_TRACKS           4
#define CX_TRACK_RANGES_MAX     255

/* Receive queue tables, flow tables, address lists */
#define CX_LOG_RQT_SIZE_MAX     8
#define CX_RQT_SIZE_MAX         (1 << CX_LOG_RQT_SIZE_MAX)
#define CX_LOG_FLOW_TABLES      10
#define CX_LOG_FLOW_GROUPS      14
#define CX_LOG_FLOW_ENTRIES     16
#define CX_LOG_FLOW_DESTS       6
#define CX_LOG_MAC_LIST         7
#define CX_LOG_L2_TABLE         8
/* Destination list behind a flow entry's fixed part */
#define CX_FLOW_BLOB_MAX        (8 << CX_LOG_FLOW_DESTS)

#endif /* HW_NET_CONNECTX_LIMITS_H */
