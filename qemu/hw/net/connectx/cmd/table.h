/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the table of opcodes
 */
#ifndef HW_NET_CONNECTX_CMD_TABLE_H
#define HW_NET_CONNECTX_CMD_TABLE_H

#include "base/status.h"
#include "base/types.h"

enum {
    CX_OP_ANY_STATE     = 1 << 0,       /* before ENABLE_HCA too */
    CX_OP_ENABLED       = 1 << 1,       /* from ENABLE_HCA on */
                                        /* neither: from INIT_HCA on */
    CX_OP_PF_ONLY       = 1 << 2,       /* a VF gets CX_BAD_OP */
    CX_OP_ANY_MOD       = 1 << 3,       /* op_mod is the handler's to check */
    CX_OP_USER          = 1 << 4,       /* user contexts may, too */
};

/* An op_mod that the command has, 0 to 15. Without any in its row: only 0. */
#define CX_OP_MOD(n)        (1u << 16 << (n))

/*
 * One row of the opcode table. All that it says was checked before the handler
 * is called. The handler reads cmd->in, fills cmd->out (zeroed, at least
 * out_len bytes) and returns the status, or CX_ASYNC if it will call
 * cx_cmd_complete() later.
 */
typedef struct ConnectXOp {
    uint16_t opcode;
    uint32_t flags;
    const char *name;
    ConnectXStatus (*handler)(ConnectXCmd *cmd);
    uint32_t in_len;                    /* fixed part; more is the handler's */
    uint32_t out_len;
} ConnectXOp;

/* Adds rows to the opcode table; ops must live forever. Once per opcode. */
void cx_cmd_add_ops(const ConnectXOp *ops, size_t n);
/* NULL for an opcode that the model does not know. */
const ConnectXOp *cx_cmd_find_op(uint16_t opcode);
/* An opcode by name (any case) or number. */
bool cx_cmd_parse(const char *what, uint16_t *opcode);
/*
 * May the handler see this command? Tells apart what the driver did wrong
 * (counted as a guest error) from what the model lacks.
 */
ConnectXStatus cx_cmd_check(ConnectXCmd *cmd);

/*
 * What a card may have and the model has not: logs it and returns the status,
 * which then is not held against the driver. The text is a noun.
 */
ConnectXStatus cx_cmd_unimplemented(ConnectXCmd *cmd, ConnectXStatus status,
                                    const char *fmt, ...) G_GNUC_PRINTF(3, 4);

#endif /* HW_NET_CONNECTX_CMD_TABLE_H */
