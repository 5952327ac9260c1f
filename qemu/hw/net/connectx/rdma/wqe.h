/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: send requests of queue pairs, taken apart
 */
#ifndef HW_NET_CONNECTX_RDMA_WQE_H
#define HW_NET_CONNECTX_RDMA_WQE_H

#include "base/limits.h"
#include "base/types.h"
#include "queue/recv.h"
#include "queue/wq.h"

enum {                      /* opcodes */
    CX_WR_NOP           = 0x00,
    CX_WR_SEND_INV      = 0x01,         /* and takes a key of the peer back */
    CX_WR_WRITE         = 0x08,
    CX_WR_WRITE_IMM     = 0x09,
    CX_WR_SEND          = 0x0a,
    CX_WR_SEND_IMM      = 0x0b,
    CX_WR_READ          = 0x10,
    CX_WR_COMPARE_SWAP  = 0x11,
    CX_WR_FETCH_ADD     = 0x12,
    CX_WR_UMR           = 0x25,
};

enum {                      /* ConnectXWqe.flags */
    CX_WR_SOLICITED     = 1 << 1,
    CX_WR_SIGNALLED     = 1 << 3,
    CX_WR_FENCE         = 0xe0,         /* mask; from here on, for reads: */
    CX_WR_FENCE_READS   = 2 << 5,
};

#define CX_AV_BYTES         48
#define CX_WQE_SEGS_MAX     64

typedef struct ConnectXWqe {
    uint8_t opcode, flags;
    uint16_t counter;                   /* that the driver gave it */
    uint16_t blocks;
    uint32_t imm;
    uint32_t srqn;                      /* XRC: the peer's shared queue */
    uint64_t va;                        /* of the peer's memory */
    uint32_t key;
    uint64_t swap_add, compare;
    uint32_t len;                       /* of all its data */
    uint32_t nr_segs;
    /* Bytes of its own have key 0 and stand at raw[va]. */
    struct {
        ConnectXSeg at;
        bool inlined;
    } seg[CX_WQE_SEGS_MAX];
    uint32_t bytes;                     /* of raw */
    uint8_t raw[CX_WQE_MAX];
} ConnectXWqe;

/*
 * cx_wqe_read - The request at index, of todo blocks that are there. When it
 * makes no sense, opcode, counter and blocks are right nevertheless.
 */
ConnectXSyndrome cx_wqe_read(ConnectXFunction *fn, const ConnectXObj *qp,
                             uint16_t index, uint32_t todo, ConnectXWqe *wqe);
/* Has it an answer with data? */
static inline bool cx_wqe_fetches(const ConnectXWqe *wqe)
{
    return wqe->opcode >= CX_WR_READ && wqe->opcode <= CX_WR_FETCH_ADD;
}
/* Copies part of its data, which is there. False: a key does not allow it. */
bool cx_wqe_gather(ConnectXFunction *fn, const ConnectXObj *qp,
                   const ConnectXWqe *wqe, uint32_t offset, uint8_t *buf,
                   uint32_t len);
bool cx_wqe_scatter(ConnectXFunction *fn, const ConnectXObj *qp,
                    const ConnectXWqe *wqe, uint32_t offset,
                    const uint8_t *buf, uint32_t len);
/* False: its completion queue is in error. */
bool cx_wqe_complete(ConnectXFunction *fn, const ConnectXObj *qp,
                     const ConnectXWqe *wqe);
bool cx_wqe_fail(ConnectXFunction *fn, const ConnectXObj *qp,
                 const ConnectXWqe *wqe, ConnectXSyndrome syndrome);

#endif /* HW_NET_CONNECTX_RDMA_WQE_H */
