/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: frames into receive queues
 *
 * No flow table is walked and no hash computed: a frame goes into the first
 * ready receive queue that has a buffer posted. VLAN tags stay in the frame.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "packet/csum.h"
#include "packet/packet.h"
#include "port/port.h"
#include "queue/ring.h"
#include "queue/rq.h"
#include "queue/wq.h"
#include "switch/vport.h"
#include "trace.h"

#define CX_WQ_CYCLIC        1

/* Receive segment: byte count, key, address; this key ends the list */
#define CX_RSEG_SIZE        16
#define CX_RSEG_COUNT       0x7fffffff  /* above it: pad the data's start */
#define CX_RSEG_END         0x100
#define CX_RWQE_MAX         4096

enum {                      /* CQE fields of a receive queue */
    CX_CQE_CHECKSUM     = 20,
    CX_CQE_HDS_IP_EXT   = 28,
    CX_CQE_BYTE_CNT     = 44,
    CX_CQE_WQE_COUNTER  = 60,
    CX_CQE_OP_OWN       = 63,
    CX_CQE_RESP_SEND    = 2,
    CX_CQE_L2_OK        = 1,
};

typedef struct ConnectXRxSearch {
    ConnectXFunction *fn;
    ConnectXObj *rq;        /* with a buffer */
    ConnectXObj *full;      /* one that is ready but has none */
} ConnectXRxSearch;

static const uint8_t *cx_rqc(const ConnectXObj *rq)
{
    return CX_ADDR(create_rq_in, rq->in, ctx);
}

static bool cx_rx_try(ConnectXObj *rq, void *opaque)
{
    ConnectXRxSearch *search = opaque;
    const uint8_t *wq = CX_ADDR(rqc, cx_rqc(rq), wq);
    ConnectXRing ring;
    uint32_t todo;

    if (rq->run.state != CX_WQ_RDY || CX_GET(rqc, cx_rqc(rq), mem_rq_type) ||
        CX_GET(wq, wq, wq_type) != CX_WQ_CYCLIC) {
        return false;
    }
    ring = cx_wq_ring(rq, wq);
    if (!cx_wq_todo(search->fn, rq, &ring, &todo)) {
        cx_wq_catastrophe(search->fn, rq, "bad doorbell record");
    } else if (todo) {
        search->rq = rq;
    } else {
        search->full = rq;
    }
    return search->rq;
}

static void cx_rx_no_buffer(ConnectXFunction *fn, ConnectXObj *rq)
{
    ConnectXObj *counter;

    counter = cx_obj_find(fn, CX_OBJ_Q_COUNTER,
                          CX_GET(rqc, cx_rqc(rq), counter_set_id));
    if (counter) {
        cx_obj_run(fn, counter)->count[0]++;
    }
}

/* Spreads the frame over the segments of a request. */
static ConnectXSyndrome cx_rx_scatter(ConnectXFunction *fn, ConnectXObj *rq,
                                      const uint8_t *wqe, uint32_t wqe_len,
                                      const uint8_t *frame, uint32_t len)
{
    ConnectXKeyUser by = {
        .pd = CX_GET(rqc, cx_rqc(rq), wq.pd), .number = rq->id,
    };

    for (uint32_t at = 0; len && at + CX_RSEG_SIZE <= wqe_len;
         at += CX_RSEG_SIZE) {
        uint32_t n = MIN(len, ldl_be_p(wqe + at) & CX_RSEG_COUNT);
        uint32_t key = ldl_be_p(wqe + at + 4);

        if (!n || key == CX_RSEG_END) {
            break;
        }
        if (!cx_mkey_scatter(fn, by, key, ldq_be_p(wqe + at + 8), frame, n)) {
            return CX_SYN_LOCAL_PROT;
        }
        frame += n;
        len -= n;
    }
    return len ? CX_SYN_LOCAL_LENGTH : CX_SYN_NONE;
}

/* Puts the frame into the buffer at run.pi; false if that cannot be. */
static bool cx_rx_fill(ConnectXFunction *fn, ConnectXObj *rq,
                       const uint8_t *frame, uint32_t len)
{
    ConnectXRing ring = cx_wq_ring(rq, CX_ADDR(rqc, cx_rqc(rq), wq));
    uint32_t stride = MIN(1u << ring.log_stride, CX_RWQE_MAX);
    uint8_t wqe[CX_RWQE_MAX];
    ConnectXSyndrome syndrome;

    if (!cx_ring_read(fn, &ring, rq->run.pi, 0, wqe, stride)) {
        cx_wq_catastrophe(fn, rq, "buffer's request out of reach");
        return false;
    }
    syndrome = cx_rx_scatter(fn, rq, wqe, stride, frame, len);
    if (syndrome != CX_SYN_NONE) {
        trace_connectx_rx_drop(fn->number, rq->id, len, syndrome);
        cx_rq_fail(fn, rq, syndrome);
        return false;
    }
    return true;
}

/* Ones' complement sum of all that follows the Ethernet header */
static uint16_t cx_rx_checksum(const uint8_t *frame, uint32_t len)
{
    return cx_csum_add(0, frame + CX_ETH_HEADER, len - CX_ETH_HEADER);
}

/* See ConnectXReceive. Drops and counts without a buffer. */
static void cx_rx_deliver(ConnectXFunction *fn, const uint8_t *frame,
                          uint32_t len)
{
    ConnectXRxSearch search = { .fn = fn };
    uint8_t cqe[64] = { 0 };
    ConnectXObj *rq;

    cx_obj_foreach(fn, CX_OBJ_RQ, cx_rx_try, &search);
    rq = search.rq;
    if (!rq) {
        if (search.full) {
            cx_rx_no_buffer(fn, search.full);
        }
        return;
    }
    if (!cx_rx_fill(fn, rq, frame, len)) {
        return;
    }
    trace_connectx_rx(fn->number, rq->id, rq->run.pi, len);
    stw_be_p(cqe + CX_CQE_CHECKSUM, cx_rx_checksum(frame, len));
    stl_be_p(cqe + CX_CQE_HDS_IP_EXT, CX_CQE_L2_OK << 24);
    stl_be_p(cqe + CX_CQE_BYTE_CNT, len);
    stw_be_p(cqe + CX_CQE_WQE_COUNTER, rq->run.pi);
    cqe[CX_CQE_OP_OWN] = CX_CQE_RESP_SEND << 4;
    if (!cx_wq_complete(fn, rq, cqe, true)) {
        cx_wq_catastrophe(fn, rq, "its completion queue is in error");
        return;
    }
    cx_obj_run(fn, rq)->pi = (rq->run.pi + 1) & CX_WQ_INDEX_MASK;
}

static void cx_rx_init(ConnectXFunction *fn)
{
    fn->vport->receive = cx_rx_deliver;
}

static const ConnectXParticipant cx_rx_part = {
    .name = "rx",
    .init = cx_rx_init,
};

void cx_rx_register(void)
{
    cx_fn_register(&cx_rx_part);
}
