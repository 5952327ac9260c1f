/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the command transport
 */
#ifndef HW_NET_CONNECTX_CMD_H
#define HW_NET_CONNECTX_CMD_H

#include "qemu/queue.h"
#include "qemu/units.h"
#include "base/types.h"
#include "base/status.h"
#include "cmd/table.h"

/* Command queue: 32 slots of 64 bytes, the shape every driver expects. */
#define CX_CMD_LOG_SLOTS    5
#define CX_CMD_SLOTS        (1 << CX_CMD_LOG_SLOTS)
#define CX_CMD_LOG_STRIDE   6
#define CX_CMD_LEN_MAX      (16 * MiB)  /* of one input or output */
#define CX_CMD_INLINE       16          /* bytes of it inside the slot */

struct ConnectXCmd {
    ConnectXFunction *fn;               /* whose queue it came on */
    const ConnectXOp *op;
    uint8_t slot;
    uint8_t token;
    uint16_t opcode, op_mod;
    uint8_t *in;
    uint32_t in_len;
    uint8_t *out;                       /* MAX(out_len, op->out_len) bytes */
    uint32_t out_len;                   /* what the driver has room for */
    uint64_t *chain;                    /* addresses of the reply's blocks */
    uint32_t syndrome;                  /* handlers may set: any number */
    bool excused;                       /* fails by no fault of the driver */
    /*
     * Private data of an asynchronous handler, and what to do about it when
     * the command dies early with a reset: it must not complete then.
     */
    void *opaque;
    void (*cancel)(ConnectXCmd *cmd);
    /* Transport's own */
    bool had_cmd_eq;
    uint64_t errors_before;             /* guest errors when it started */
    QEMUTimer *delay;
    QTAILQ_ENTRY(ConnectXCmd) next;
};

void cx_cmd_complete(ConnectXCmd *cmd, ConnectXStatus status);
void cx_cmd_doorbell(ConnectXFunction *fn, uint32_t slots);
/* Drops all commands that were not answered. */
void cx_cmd_cancel_all(ConnectXFunction *fn);
void cx_cmd_register(void);

#endif /* HW_NET_CONNECTX_CMD_H */
