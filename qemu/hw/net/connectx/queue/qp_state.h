/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the states of a queue pair, and which command leads
 * from one to another
 *
 * As in the specification of InfiniBand (volume 1, chapter 10.3), with the
 * commands of the interface: it has none that leads to SQD.
 */
#ifndef HW_NET_CONNECTX_QP_STATE_H
#define HW_NET_CONNECTX_QP_STATE_H

#include "base/status.h"

enum {                      /* qpc.state */
    CX_QP_RST,
    CX_QP_INIT,
    CX_QP_RTR,
    CX_QP_RTS,
    CX_QP_SQER,
    CX_QP_SQD,
    CX_QP_ERR,
};

enum {                      /* qpc.st */
    CX_QP_RC        = 0x0,
    CX_QP_UC        = 0x1,
    CX_QP_UD        = 0x2,
    CX_QP_XRC       = 0x3,
    CX_QP_GSI       = 0x8,
    CX_QP_REG_UMR   = 0xc,
};

enum {                      /* opt_param_mask: what a command brings besides */
    CX_QP_OPT_RRE           = 1 << 1,
    CX_QP_OPT_RAE           = 1 << 2,
    CX_QP_OPT_RWE           = 1 << 3,
    CX_QP_OPT_PKEY_INDEX    = 1 << 4,
    CX_QP_OPT_Q_KEY         = 1 << 5,
    CX_QP_OPT_RNR_TIMEOUT   = 1 << 6,
    CX_QP_OPT_PRIMARY_PATH  = 1 << 7,
    CX_QP_OPT_SRA_MAX       = 1 << 8,
    CX_QP_OPT_RRA_MAX       = 1 << 9,
    CX_QP_OPT_PM_STATE      = 1 << 10,
    CX_QP_OPT_RETRY_COUNT   = 1 << 12,
    CX_QP_OPT_RNR_RETRY     = 1 << 13,
    CX_QP_OPT_ACK_TIMEOUT   = 1 << 14,
    CX_QP_OPT_PRI_PORT      = 1 << 16,
    CX_QP_OPT_COUNTER_SET   = 1 << 25,
};

/* Why a command was refused; any number would do. */
typedef enum ConnectXQpSyndrome {
    CX_SYN_QP_NONE,
    CX_SYN_QP_STATE         = 0x0e0501,     /* not from the state it is in */
    CX_SYN_QP_MTU           = 0x0e0502,     /* path MTU is not 256 to 4096 */
    CX_SYN_QP_READS         = 0x0e0503,     /* more reads than are offered */
    CX_SYN_QP_OPTIONAL      = 0x0e0504,     /* may not come with the command */
} ConnectXQpSyndrome;

/*
 * cx_qp_move_check - May the command be carried out on a queue pair of that
 * type and in that state, with what it brings (qpc, optional)? *to: the state
 * that it leads to. CX_BAD_QP_STATE, CX_BAD_PARAM, CX_BAD_OP (no such command)
 */
ConnectXStatus cx_qp_move_check(uint16_t opcode, uint8_t type, uint8_t from,
                                const uint8_t *qpc, uint32_t optional,
                                uint8_t *to, ConnectXQpSyndrome *syndrome);
/* Takes over what the command brings to one of that type, and nothing else. */
void cx_qp_move_take(uint16_t opcode, uint8_t type, uint32_t optional,
                     uint8_t *to, const uint8_t *from);

#endif /* HW_NET_CONNECTX_QP_STATE_H */
