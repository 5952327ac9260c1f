/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: send requests of queue pairs, taken apart
 *
 * Control segment; whom to, of a datagram and of XRC; the peer's memory, of
 * those that name it; operands, of atomics; then data segments, which point to
 * memory through keys or carry the bytes themselves.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "host/sched.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "queue/cq.h"
#include "queue/qp.h"
#include "queue/ring.h"
#include "rdma/wqe.h"

#define CX_UNIT             16
#define CX_UNITS_MASK       0x3f
#define CX_FLAGS_AT         11
#define CX_IMM_AT           12
#define CX_SEG_INLINE       (1u << 31)
#define CX_SEG_INLINE_MASK  0x3ff
#define CX_SEG_LEN_MASK     0x7fffffff
#define CX_ATOMIC_BYTES     8
/* How many bytes can be copied while a block is read */
#define CX_BLOCK_BYTES      256

/* Bytes up to the peer's memory, or to the data */
static uint32_t cx_wqe_whom(uint8_t type)
{
    return type == CX_QP_UD || type == CX_QP_GSI ? CX_UNIT + CX_AV_BYTES :
           type == CX_QP_XRC ? 2 * CX_UNIT : CX_UNIT;
}

/* Bytes up to the data */
static uint32_t cx_wqe_head(uint8_t type, uint8_t opcode)
{
    uint32_t at = cx_wqe_whom(type);

    switch (opcode) {
    case CX_WR_WRITE:
    case CX_WR_WRITE_IMM:
    case CX_WR_READ:
        return at + CX_UNIT;
    case CX_WR_COMPARE_SWAP:
    case CX_WR_FETCH_ADD:
        return at + 2 * CX_UNIT;
    default:
        return at;
    }
}

static bool cx_wqe_segment(ConnectXWqe *wqe, uint32_t *at)
{
    uint32_t count = ldl_be_p(wqe->raw + *at);
    ConnectXSeg *seg = &wqe->seg[wqe->nr_segs].at;
    bool inlined = count & CX_SEG_INLINE;

    wqe->seg[wqe->nr_segs++].inlined = inlined;
    if (inlined) {
        *seg = (ConnectXSeg) {
            .len = count & CX_SEG_INLINE_MASK, .va = *at + 4,
        };
        *at += ROUND_UP(4 + seg->len, CX_UNIT);
        return seg->va + seg->len <= wqe->bytes;
    }
    *seg = (ConnectXSeg) {
        .len = count & CX_SEG_LEN_MASK, .key = ldl_be_p(wqe->raw + *at + 4),
        .va = ldq_be_p(wqe->raw + *at + 8),
    };
    *at += CX_UNIT;
    return true;
}

static ConnectXSyndrome cx_wqe_segments(ConnectXWqe *wqe, uint32_t at)
{
    while (at + CX_UNIT <= wqe->bytes) {
        if (!cx_wqe_segment(wqe, &at)) {
            return CX_SYN_LOCAL_QP_OP;
        }
        if (wqe->seg[wqe->nr_segs - 1].at.len >
            (1u << CX_LOG_QP_MESSAGE) - wqe->len) {
            return CX_SYN_LOCAL_LENGTH;
        }
        wqe->len += wqe->seg[wqe->nr_segs - 1].at.len;
    }
    return CX_SYN_NONE;
}

static ConnectXSyndrome cx_wqe_take_apart(ConnectXWqe *wqe, uint8_t type)
{
    uint32_t head = cx_wqe_head(type, wqe->opcode);
    const uint8_t *remote = wqe->raw + cx_wqe_whom(type);

    if (wqe->opcode == CX_WR_NOP || wqe->opcode == CX_WR_UMR) {
        return CX_SYN_NONE;
    }
    if (head > wqe->bytes) {
        return CX_SYN_LOCAL_QP_OP;
    }
    wqe->srqn = ldl_be_p(wqe->raw + CX_UNIT) & CX_ID24_LAST;
    wqe->va = ldq_be_p(remote);
    wqe->key = ldl_be_p(remote + 8);
    wqe->swap_add = ldq_be_p(remote + CX_UNIT);
    wqe->compare = ldq_be_p(remote + CX_UNIT + 8);
    return cx_wqe_segments(wqe, head);
}

ConnectXSyndrome cx_wqe_read(ConnectXFunction *fn, const ConnectXObj *qp,
                             uint16_t index, uint32_t todo, ConnectXWqe *wqe)
{
    ConnectXRing ring = cx_qp_send_ring(qp);
    ConnectXSyndrome syndrome;
    uint32_t blocks;

    memset(wqe, 0, offsetof(ConnectXWqe, seg));
    wqe->blocks = 1;
    wqe->counter = index;
    if (!cx_ring_read(fn, &ring, index, 0, wqe->raw, CX_WQEBB_SIZE)) {
        return CX_SYN_LOCAL_QP_OP;
    }
    wqe->opcode = wqe->raw[3];
    wqe->counter = lduw_be_p(wqe->raw + 1);
    wqe->flags = wqe->raw[CX_FLAGS_AT];
    wqe->imm = ldl_be_p(wqe->raw + CX_IMM_AT);
    wqe->bytes = (wqe->raw[7] & CX_UNITS_MASK) * CX_UNIT;
    blocks = DIV_ROUND_UP(wqe->bytes, CX_WQEBB_SIZE);
    if (!blocks || blocks > todo || ldl_be_p(wqe->raw + 4) >> 8 != qp->id) {
        wqe->blocks = MAX(MIN(blocks, todo), 1);
        return CX_SYN_LOCAL_QP_OP;
    }
    wqe->blocks = blocks;
    /* The driver says how many there are, and how often they are read again. */
    cx_sched_charge(blocks * CX_BLOCK_BYTES);
    for (uint32_t i = 1; i < blocks; i++) {
        if (!cx_ring_read(fn, &ring, index + i, 0,
                          wqe->raw + i * CX_WQEBB_SIZE, CX_WQEBB_SIZE)) {
            return CX_SYN_LOCAL_QP_OP;
        }
    }
    syndrome = cx_wqe_take_apart(wqe, CX_GET(qpc, cx_qpc(qp), st));
    if (syndrome == CX_SYN_NONE && wqe->opcode > CX_WR_READ &&
        cx_wqe_fetches(wqe) && wqe->len != CX_ATOMIC_BYTES) {
        return CX_SYN_LOCAL_LENGTH;
    }
    return syndrome;
}

static bool cx_wqe_copy(ConnectXFunction *fn, const ConnectXObj *qp,
                        const ConnectXWqe *wqe, uint32_t offset, uint8_t *buf,
                        uint32_t len, bool write)
{
    ConnectXKeyUser by = cx_qp_key_user(qp);

    for (uint32_t i = 0; len && i < wqe->nr_segs; i++) {
        const ConnectXSeg *seg = &wqe->seg[i].at;
        uint32_t n;

        if (offset >= seg->len) {
            offset -= seg->len;
            continue;
        }
        n = MIN(len, seg->len - offset);
        if (wqe->seg[i].inlined) {
            if (write) {
                return false;
            }
            memcpy(buf, wqe->raw + seg->va + offset, n);
        } else if (!(write ?
                     cx_mkey_scatter(fn, by, seg->key, seg->va + offset, buf,
                                     n) :
                     cx_mkey_gather(fn, by, seg->key, seg->va + offset, buf,
                                    n))) {
            return false;
        }
        offset = 0;
        buf += n;
        len -= n;
    }
    return !len;
}

bool cx_wqe_gather(ConnectXFunction *fn, const ConnectXObj *qp,
                   const ConnectXWqe *wqe, uint32_t offset, uint8_t *buf,
                   uint32_t len)
{
    return cx_wqe_copy(fn, qp, wqe, offset, buf, len, false);
}

bool cx_wqe_scatter(ConnectXFunction *fn, const ConnectXObj *qp,
                    const ConnectXWqe *wqe, uint32_t offset,
                    const uint8_t *buf, uint32_t len)
{
    return cx_wqe_copy(fn, qp, wqe, offset, (uint8_t *)buf, len, true);
}

bool cx_wqe_complete(ConnectXFunction *fn, const ConnectXObj *qp,
                     const ConnectXWqe *wqe)
{
    uint8_t cqe[64] = { 0 };

    if (!(wqe->flags & CX_WR_SIGNALLED)) {
        return true;
    }
    stl_be_p(cqe + CX_QP_CQE_BYTES, cx_wqe_fetches(wqe) ? wqe->len : 0);
    cx_qp_cqe(qp, cqe, wqe->opcode, wqe->counter, CX_CQE_OP_REQ);
    return cx_cq_post(fn, CX_GET(qpc, cx_qpc(qp), cqn_snd), cqe,
                      wqe->flags & CX_WR_SOLICITED);
}

static const uint8_t cx_wqe_counts[] = {
    [CX_SYN_LOCAL_LENGTH] = CX_COUNT_REQ_LENGTH,
    [CX_SYN_LOCAL_QP_OP] = CX_COUNT_REQ_OPERATION,
    [CX_SYN_LOCAL_PROT] = CX_COUNT_REQ_PROTECTION,
    [CX_SYN_FLUSHED] = CX_COUNT_REQ_FLUSHED,
    [CX_SYN_BAD_ANSWER] = CX_COUNT_REQ_BAD_ANSWERS,
    [CX_SYN_REMOTE_INVALID] = CX_COUNT_REQ_REMOTE_INVALID,
    [CX_SYN_REMOTE_ACCESS] = CX_COUNT_REQ_REMOTE_ACCESS,
    [CX_SYN_REMOTE_OPERATION] = CX_COUNT_REQ_REMOTE_OPERATION,
    [CX_SYN_RETRIES] = CX_COUNT_RETRIES_EXCEEDED,
    [CX_SYN_RNR_RETRIES] = CX_COUNT_RNR_EXCEEDED,
};

bool cx_wqe_fail(ConnectXFunction *fn, const ConnectXObj *qp,
                 const ConnectXWqe *wqe, ConnectXSyndrome syndrome)
{
    uint8_t cqe[64] = { 0 };

    cx_qp_count(fn, qp, CX_COUNT_REQ_ERRORS);
    /* None has the first one, which is no sender's. */
    if (syndrome < ARRAY_SIZE(cx_wqe_counts) && cx_wqe_counts[syndrome]) {
        cx_qp_count(fn, qp, cx_wqe_counts[syndrome]);
    }
    cqe[CX_QP_CQE_SYNDROME] = syndrome;
    cx_qp_cqe(qp, cqe, wqe->opcode, wqe->counter, CX_CQE_OP_REQ_ERR);
    return cx_cq_post(fn, CX_GET(qpc, cx_qpc(qp), cqn_snd), cqe, true);
}
