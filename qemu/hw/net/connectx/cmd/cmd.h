/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the command transport and the table of opcodes
 */
#ifndef HW_NET_CONNECTX_CMD_H
#define HW_NET_CONNECTX_CMD_H

#include "qemu/queue.h"
#include "qemu/units.h"
#include "base/types.h"
#include "base/status.h"

/* Command queue: 32 slots of 64 bytes, the shape every driver expects. */
#define CX_CMD_LOG_SLOTS    5
#define CX_CMD_SLOTS        (1 << CX_CMD_LOG_SLOTS)
#define CX_CMD_LOG_STRIDE   6
#define CX_CMD_LEN_MAX      (16 * MiB)  /* of one input or output */
#define CX_CMD_INLINE       16          /* bytes of it inside the slot */

enum {
    CX_OP_ANY_STATE     = 1 << 0,       /* before ENABLE_HCA too */
    CX_OP_ENABLED       = 1 << 1,       /* from ENABLE_HCA on */
                                        /* neither: from INIT_HCA on */
    CX_OP_PF_ONLY       = 1 << 2,       /* a VF gets CX_BAD_OP */
    CX_OP_CHANGES       = 1 << 3,       /* success bumps fn->generation */
};

/*
 * One row of the opcode table. The transport has checked length, state and
 * caller before it calls the handler. The handler reads cmd->in, fills
 * cmd->out (zeroed, at least out_len bytes) and returns the status, or
 * CX_ASYNC if it will call cx_cmd_complete() later.
 */
typedef struct ConnectXOp {
    uint16_t opcode;
    uint16_t flags;
    const char *name;
    ConnectXStatus (*handler)(ConnectXCmd *cmd);
    uint32_t in_len;                    /* fixed part; more is the handler's */
    uint32_t out_len;
} ConnectXOp;

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
    /*
     * Private data of an asynchronous handler, and what to do about it when
     * the command dies early with a reset: it must not complete then.
     */
    void *opaque;
    void (*cancel)(ConnectXCmd *cmd);
    /* Transport's own */
    bool had_cmd_eq;
    ConnectXStatus status;
    QEMUTimer *delay;
    QTAILQ_ENTRY(ConnectXCmd) next;
};

/* Adds rows to the opcode table; ops must live forever. Once per opcode. */
void cx_cmd_add_ops(const ConnectXOp *ops, size_t n);
/* NULL for an opcode that the model does not know. */
const ConnectXOp *cx_cmd_find_op(uint16_t opcode);
/* An opcode by name (any case) or number. */
bool cx_cmd_parse(const char *what, uint16_t *opcode);
void cx_cmd_complete(ConnectXCmd *cmd, ConnectXStatus status);
void cx_cmd_doorbell(ConnectXFunction *fn, uint32_t slots);
/* Drops all commands that were not answered. */
void cx_cmd_cancel_all(ConnectXFunction *fn);
void cx_cmd_register(void);

#endif /* HW_NET_CONNECTX_CMD_H */
