/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the states of a queue pair
 *
 * Two tables: which command leads from where to where, and which attribute
 * comes with which command, for which types, always or if the command says so.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "queue/qp_state.h"

#define CX_QP_ANY_STATE     0x7f

enum {                      /* rows of cx_moves, as bits of a mask */
    CX_MOVE_RST2INIT        = 1 << 0,
    CX_MOVE_INIT2INIT       = 1 << 1,
    CX_MOVE_INIT2RTR        = 1 << 2,
    CX_MOVE_RTR2RTS         = 1 << 3,
    CX_MOVE_RTS2RTS         = 1 << 4,
    CX_MOVE_SQERR2RTS       = 1 << 5,
    CX_MOVE_SQD2RTS         = 1 << 6,
    CX_MOVE_ANY2ERR         = 1 << 7,
    CX_MOVE_ANY2RST         = 1 << 8,
};

typedef struct ConnectXMove {
    uint16_t opcode;
    uint8_t from;                       /* mask of states */
    uint8_t to;
} ConnectXMove;

static const ConnectXMove cx_moves[] = {
    { MLX5_CMD_OP_RST2INIT_QP, 1 << CX_QP_RST, CX_QP_INIT },
    { MLX5_CMD_OP_INIT2INIT_QP, 1 << CX_QP_INIT, CX_QP_INIT },
    { MLX5_CMD_OP_INIT2RTR_QP, 1 << CX_QP_INIT, CX_QP_RTR },
    { MLX5_CMD_OP_RTR2RTS_QP, 1 << CX_QP_RTR, CX_QP_RTS },
    { MLX5_CMD_OP_RTS2RTS_QP, 1 << CX_QP_RTS, CX_QP_RTS },
    { MLX5_CMD_OP_SQERR2RTS_QP, 1 << CX_QP_SQER, CX_QP_RTS },
    { MLX5_CMD_OP_SQD_RTS_QP, 1 << CX_QP_SQD, CX_QP_RTS },
    { MLX5_CMD_OP_2ERR_QP, CX_QP_ANY_STATE, CX_QP_ERR },
    { MLX5_CMD_OP_2RST_QP, CX_QP_ANY_STATE, CX_QP_RST },
};

#define CX_RC               (1 << CX_QP_RC | 1 << CX_QP_XRC)
#define CX_CONNECTED        (CX_RC | 1 << CX_QP_UC)
#define CX_ALL              0xffff
/* Moves to a state in which it may send, or between such */
#define CX_MOVE_LATER       (CX_MOVE_RTR2RTS | CX_MOVE_RTS2RTS | \
                             CX_MOVE_SQERR2RTS | CX_MOVE_SQD2RTS)
#define CX_MOVE_ALIVE       (CX_MOVE_INIT2INIT | CX_MOVE_INIT2RTR | \
                             CX_MOVE_LATER)

typedef struct ConnectXAttr {
    uint16_t bit, width;
    uint16_t types;                     /* mask of qpc.st */
    uint16_t always;                    /* mask of moves that bring it... */
    uint16_t if_asked;                  /* ...and that may */
    uint32_t option;
    /* What it may be, if it is not any value, and what is told otherwise */
    uint8_t min, max;
    ConnectXQpSyndrome why;
} ConnectXAttr;

#define CX_ATTR(_f, ...) \
    { .bit = CX_BIT(qpc, _f), .width = CX_WIDTH(qpc, _f), __VA_ARGS__ }
#define CX_PATH(_f, ...) \
    { .bit = CX_BIT(qpc, primary_address_path) + CX_BIT(ads, _f), \
      .width = CX_WIDTH(ads, _f), __VA_ARGS__ }
/* Of the peer's address: comes with the move that connects the queue pair. */
#define CX_ROUTE(_f) \
    CX_PATH(_f, CX_CONNECTED, CX_MOVE_INIT2RTR, CX_MOVE_LATER, \
            CX_QP_OPT_PRIMARY_PATH)
/* A word of its address itself, which is wider than a field can be */
#define CX_PEER(_n) \
    { .bit = CX_BIT(qpc, primary_address_path) + CX_BIT(ads, rgid_rip) + \
             32 * (_n), .width = 32, \
      CX_CONNECTED, CX_MOVE_INIT2RTR, CX_MOVE_LATER, CX_QP_OPT_PRIMARY_PATH }

static const ConnectXAttr cx_attrs[] = {
    CX_ATTR(pm_state, CX_ALL, CX_MOVE_RST2INIT, CX_MOVE_LATER,
            CX_QP_OPT_PM_STATE),
    CX_ATTR(rlky, CX_ALL, CX_MOVE_RST2INIT, 0, 0),
    CX_ATTR(counter_set_id, CX_ALL, CX_MOVE_RST2INIT, CX_MOVE_ALIVE,
            CX_QP_OPT_COUNTER_SET),
    CX_ATTR(rre, CX_CONNECTED, CX_MOVE_RST2INIT, CX_MOVE_ALIVE,
            CX_QP_OPT_RRE),
    CX_ATTR(rwe, CX_CONNECTED, CX_MOVE_RST2INIT, CX_MOVE_ALIVE,
            CX_QP_OPT_RWE),
    CX_ATTR(rae, CX_CONNECTED, CX_MOVE_RST2INIT, CX_MOVE_ALIVE,
            CX_QP_OPT_RAE),
    CX_ATTR(atomic_mode, CX_RC, CX_MOVE_RST2INIT, CX_MOVE_ALIVE,
            CX_QP_OPT_RAE),
    CX_ATTR(q_key, CX_ALL & ~CX_CONNECTED, CX_MOVE_RST2INIT, CX_MOVE_ALIVE,
            CX_QP_OPT_Q_KEY),
    CX_PATH(pkey_index, CX_ALL, CX_MOVE_RST2INIT, CX_MOVE_ALIVE,
            CX_QP_OPT_PKEY_INDEX),
    CX_PATH(vhca_port_num, CX_ALL, CX_MOVE_RST2INIT, CX_MOVE_INIT2INIT,
            CX_QP_OPT_PRI_PORT),
    CX_ATTR(mtu, CX_CONNECTED, CX_MOVE_INIT2RTR, 0, 0,
            CX_QP_MTU_MIN, CX_QP_MTU_MAX, CX_SYN_QP_MTU),
    /* A datagram's is the port's, whatever stands there. */
    CX_ATTR(mtu, CX_ALL & ~CX_CONNECTED, CX_MOVE_INIT2RTR, 0, 0),
    CX_ATTR(log_msg_max, CX_ALL, CX_MOVE_INIT2RTR, 0, 0),
    CX_ATTR(remote_qpn, CX_CONNECTED, CX_MOVE_INIT2RTR, 0, 0),
    CX_ATTR(next_rcv_psn, CX_CONNECTED, CX_MOVE_INIT2RTR, 0, 0),
    CX_ATTR(log_rra_max, CX_RC, CX_MOVE_INIT2RTR, CX_MOVE_LATER,
            CX_QP_OPT_RRA_MAX, 0, CX_LOG_QP_READS, CX_SYN_QP_READS),
    CX_ATTR(min_rnr_nak, CX_RC, CX_MOVE_INIT2RTR, CX_MOVE_LATER,
            CX_QP_OPT_RNR_TIMEOUT),
    CX_PEER(0), CX_PEER(1), CX_PEER(2), CX_PEER(3),
    CX_ROUTE(src_addr_index), CX_ROUTE(hop_limit), CX_ROUTE(tclass),
    CX_ROUTE(flow_label), CX_ROUTE(ecn), CX_ROUTE(dscp),
    CX_ROUTE(udp_sport), CX_ROUTE(eth_prio), CX_ROUTE(dei_cfi),
    CX_ROUTE(rmac_47_32), CX_ROUTE(rmac_31_0), CX_ROUTE(grh),
    CX_PATH(ack_timeout, CX_RC, CX_MOVE_RTR2RTS, CX_MOVE_LATER,
            CX_QP_OPT_ACK_TIMEOUT),
    CX_ATTR(next_send_psn, CX_ALL, CX_MOVE_RTR2RTS, 0, 0),
    CX_ATTR(retry_count, CX_RC, CX_MOVE_RTR2RTS, CX_MOVE_LATER,
            CX_QP_OPT_RETRY_COUNT),
    CX_ATTR(rnr_retry, CX_RC, CX_MOVE_RTR2RTS, CX_MOVE_LATER,
            CX_QP_OPT_RNR_RETRY),
    CX_ATTR(log_sra_max, CX_RC, CX_MOVE_RTR2RTS, CX_MOVE_LATER,
            CX_QP_OPT_SRA_MAX, 0, CX_LOG_QP_READS, CX_SYN_QP_READS),
    CX_ATTR(log_ack_req_freq, CX_RC, CX_MOVE_RTR2RTS, 0, 0),
};

static int cx_move_index(uint16_t opcode)
{
    for (int i = 0; i < (int)ARRAY_SIZE(cx_moves); i++) {
        if (cx_moves[i].opcode == opcode) {
            return i;
        }
    }
    return -1;
}

static bool cx_attr_comes(const ConnectXAttr *attr, unsigned move,
                          uint8_t type, uint32_t optional)
{
    return attr->types & (1u << type) &&
           (attr->always & move ||
            (attr->if_asked & move && optional & attr->option));
}

/* Options that no attribute of the move answers to */
static uint32_t cx_options_left(unsigned move, uint8_t type, uint32_t optional)
{
    for (unsigned i = 0; i < ARRAY_SIZE(cx_attrs); i++) {
        const ConnectXAttr *attr = &cx_attrs[i];

        if (attr->types & (1u << type) &&
            (attr->always | attr->if_asked) & move) {
            optional &= ~attr->option;
        }
    }
    /* Only what is modelled is held against the driver. */
    return optional & (CX_QP_OPT_SRA_MAX | CX_QP_OPT_RRA_MAX |
                       CX_QP_OPT_PRIMARY_PATH | CX_QP_OPT_RETRY_COUNT |
                       CX_QP_OPT_RNR_RETRY | CX_QP_OPT_ACK_TIMEOUT |
                       CX_QP_OPT_PRI_PORT | CX_QP_OPT_RNR_TIMEOUT);
}

static ConnectXQpSyndrome cx_attrs_wrong(unsigned move, uint8_t type,
                                         const uint8_t *qpc, uint32_t optional)
{
    if (cx_options_left(move, type, optional)) {
        return CX_SYN_QP_OPTIONAL;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(cx_attrs); i++) {
        const ConnectXAttr *attr = &cx_attrs[i];
        uint32_t value = cx_bits_get(qpc, attr->bit, attr->width);

        if (attr->why != CX_SYN_QP_NONE &&
            cx_attr_comes(attr, move, type, optional) &&
            (value < attr->min || value > attr->max)) {
            return attr->why;
        }
    }
    return CX_SYN_QP_NONE;
}

ConnectXStatus cx_qp_move_check(uint16_t opcode, uint8_t type, uint8_t from,
                                const uint8_t *qpc, uint32_t optional,
                                uint8_t *to, ConnectXQpSyndrome *syndrome)
{
    int i = cx_move_index(opcode);

    *syndrome = CX_SYN_QP_NONE;
    if (i < 0) {
        return CX_BAD_OP;
    }
    if (from > CX_QP_ERR || !(cx_moves[i].from & (1u << from))) {
        *syndrome = CX_SYN_QP_STATE;
        return CX_BAD_QP_STATE;
    }
    *to = cx_moves[i].to;
    if (*to != CX_QP_ERR && *to != CX_QP_RST) {
        *syndrome = cx_attrs_wrong(1u << i, type, qpc, optional);
    }
    return *syndrome == CX_SYN_QP_NONE ? CX_OK : CX_BAD_PARAM;
}

void cx_qp_move_take(uint16_t opcode, uint8_t type, uint32_t optional,
                     uint8_t *to, const uint8_t *from)
{
    unsigned move = 1u << cx_move_index(opcode);

    for (unsigned i = 0; i < ARRAY_SIZE(cx_attrs); i++) {
        const ConnectXAttr *attr = &cx_attrs[i];

        if (cx_attr_comes(attr, move, type, optional)) {
            cx_bits_set(to, attr->bit, attr->width,
                        cx_bits_get(from, attr->bit, attr->width));
        }
    }
}
