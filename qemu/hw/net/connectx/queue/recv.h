/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: receive requests of queue pairs, from their own queue
 * or from one that they share, and how they complete
 */
#ifndef HW_NET_CONNECTX_RECV_H
#define HW_NET_CONNECTX_RECV_H

#include "base/types.h"
#include "obj/mkey.h"
#include "queue/qp.h"
#include "queue/wq.h"

/* Data segments, as many as there are or fit */
#define CX_RECV_SEGS_MAX    32

typedef struct ConnectXSeg {
    uint32_t len, key;
    uint64_t va;
} ConnectXSeg;

typedef struct ConnectXRecv {
    uint16_t index;
    uint32_t nr_segs;
    ConnectXSeg seg[CX_RECV_SEGS_MAX];
    uint64_t room;
} ConnectXRecv;

typedef enum ConnectXRecvStatus {
    CX_RECV_OK,
    CX_RECV_NONE,                       /* none is posted */
    CX_RECV_BROKEN,                     /* records or requests out of reach */
} ConnectXRecvStatus;

/* CQE fields of a queue pair's completions */
enum {
    CX_QP_CQE_RQPN          = 24,       /* and what is in front of it */
    CX_QP_CQE_HDR_TYPE      = 29,
    CX_QP_CQE_VLAN          = 30,
    CX_QP_CQE_SRQN          = 32,       /* or the queue pair's user index */
    CX_QP_CQE_IMM           = 36,
    CX_QP_CQE_BYTES         = 44,
    CX_QP_CQE_VENDOR        = 54,
    CX_QP_CQE_SYNDROME      = 55,
    CX_QP_CQE_OPCODE_QPN    = 56,
    CX_QP_CQE_WQE_COUNTER   = 60,
    CX_QP_CQE_OP_OWN        = 63,
};

enum {                      /* opcodes of CQEs */
    CX_CQE_OP_REQ           = 0,
    CX_CQE_OP_RECV_WRITE_IMM = 1,
    CX_CQE_OP_RECV          = 2,
    CX_CQE_OP_RECV_IMM      = 3,
    CX_CQE_OP_RECV_INV      = 4,
    CX_CQE_OP_REQ_ERR       = 13,
    CX_CQE_OP_RECV_ERR      = 14,
};

/* Reads a list of data segments, which may end early. */
uint32_t cx_segs_read(const uint8_t *list, uint32_t bytes, ConnectXSeg *seg,
                      uint32_t max, uint64_t *room);
/* The queue pair, as keys see it: for what it sends... */
ConnectXKeyUser cx_qp_key_user(const ConnectXObj *qp);
/*
 * ...and for what its peer asks for: with XRC it is the shared queue of the
 * message that is in a protection domain.
 */
ConnectXKeyUser cx_recv_key_user(const ConnectXFunction *fn,
                                 const ConnectXObj *qp, uint32_t srqn);
/* The shared queue of that number, if it is of the domain of one of XRC */
ConnectXObj *cx_recv_xrc_srq(const ConnectXFunction *fn,
                             const ConnectXObj *qp, uint32_t srqn);

/* The next request; it stays where it is. */
ConnectXRecvStatus cx_recv_peek(ConnectXFunction *fn, ConnectXObj *qp,
                                ConnectXRecv *recv);
/* The same, and it is taken: whoever comes next gets the one behind it. */
ConnectXRecvStatus cx_recv_take(ConnectXFunction *fn, ConnectXObj *qp,
                                ConnectXRecv *recv);
/* One that was taken before, by its index */
bool cx_recv_again(ConnectXFunction *fn, ConnectXObj *qp, uint16_t index,
                   ConnectXRecv *recv);
/* Have the driver told, once, when fewer are left in a shared queue; 0: not */
void cx_recv_set_limit(ConnectXFunction *fn, ConnectXObj *shared,
                       uint16_t limit);
/* Writes to the request's memory, from an offset on. */
ConnectXSyndrome cx_recv_scatter(ConnectXFunction *fn, ConnectXObj *qp,
                                 const ConnectXRecv *recv, uint64_t offset,
                                 const uint8_t *buf, uint32_t len);
/*
 * cx_recv_complete - cqe has what is special about it, opcode: CX_CQE_OP_*.
 * False: the completion queue is in error.
 */
bool cx_recv_complete(ConnectXFunction *fn, ConnectXObj *qp, uint16_t index,
                      uint8_t opcode, uint8_t cqe[64], bool solicited);
bool cx_recv_fail(ConnectXFunction *fn, ConnectXObj *qp, uint16_t index,
                  ConnectXSyndrome syndrome);
/* What every completion of the queue pair says of it; of errors, the opcode */
void cx_qp_cqe(const ConnectXObj *qp, uint8_t cqe[64], uint8_t wqe_opcode,
               uint16_t index, uint8_t opcode);

#endif /* HW_NET_CONNECTX_RECV_H */
