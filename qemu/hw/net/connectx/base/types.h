/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: names of what its files share
 *
 * Vocabulary: a *function* is the PF or one VF; each has its own BAR0, command
 * queue, event queues, object numbers, capability pages and vport. The *device*
 * is a PF with its VFs and the port. An *object* is anything that a command
 * created and a number names.
 *
 * All of the model runs under the big QEMU lock; it has no lock of its own.
 */
#ifndef HW_NET_CONNECTX_TYPES_H
#define HW_NET_CONNECTX_TYPES_H

typedef struct ConnectXDevice ConnectXDevice;
typedef struct ConnectXDirty ConnectXDirty;
typedef struct ConnectXFlows ConnectXFlows;
typedef struct ConnectXFunction ConnectXFunction;
typedef struct ConnectXCaps ConnectXCaps;
typedef struct ConnectXCmd ConnectXCmd;
typedef struct ConnectXCmdFaults ConnectXCmdFaults;
typedef struct ConnectXCmdQueue ConnectXCmdQueue;
typedef struct ConnectXEqs ConnectXEqs;
typedef struct ConnectXHealth ConnectXHealth;
typedef struct ConnectXHostPages ConnectXHostPages;
typedef struct ConnectXIrq ConnectXIrq;
typedef struct ConnectXModeration ConnectXModeration;
typedef struct ConnectXObj ConnectXObj;
typedef struct ConnectXObjLog ConnectXObjLog;
typedef struct ConnectXObjStore ConnectXObjStore;
typedef struct ConnectXPages ConnectXPages;
typedef struct ConnectXRdma ConnectXRdma;
typedef struct ConnectXSched ConnectXSched;
typedef struct ConnectXTracks ConnectXTracks;
typedef struct ConnectXUar ConnectXUar;
typedef struct ConnectXUplink ConnectXUplink;
typedef struct ConnectXVhca ConnectXVhca;
typedef struct ConnectXVport ConnectXVport;

#endif /* HW_NET_CONNECTX_TYPES_H */
