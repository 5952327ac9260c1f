/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: frames into receive queues
 *
 * The function's receive tables say to which transport interfaces a frame goes,
 * and those, by a hash, to which queue.
 */
#include "qemu/osdep.h"
#include "net/eth.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "obj/q_counter.h"
#include "packet/csum.h"
#include "packet/packet.h"
#include "packet/parse.h"
#include "packet/vlan.h"
#include "port/port.h"
#include "port/rss.h"
#include "queue/ring.h"
#include "queue/rq.h"
#include "queue/wq.h"
#include "switch/frame.h"
#include "switch/fte.h"
#include "switch/vport.h"
#include "switch/walk.h"
#include "trace.h"

#define CX_WQ_CYCLIC        1

/* Receive segment: byte count, key, address; this key ends the list */
#define CX_RSEG_SIZE        16
#define CX_RSEG_COUNT       0x7fffffff  /* above it: pad the data's start */
#define CX_RSEG_END         0x100
#define CX_RWQE_MAX         4096

enum {                      /* CQE fields of a receive queue */
    CX_CQE_HASH         = 12,
    CX_CQE_HASH_TYPE    = 16,
    CX_CQE_CHECKSUM     = 20,
    CX_CQE_HDS_IP_EXT   = 28,
    CX_CQE_HDR_TYPE     = 29,
    CX_CQE_VLAN         = 30,
    CX_CQE_BYTE_CNT     = 44,
    CX_CQE_FLOW_TAG     = 56,           /* 24 low bits */
    CX_CQE_WQE_COUNTER  = 60,
    CX_CQE_OP_OWN       = 63,
    CX_CQE_RESP_SEND    = 2,
};

/* hds_ip_ext: which layers are good; l4_l3_hdr_type: which there are */
enum {
    CX_CQE_L2_OK        = 1 << 0,
    CX_CQE_L3_OK        = 1 << 1,
    CX_CQE_L4_OK        = 1 << 2,
    CX_CQE_STRIPPED     = 1 << 0,
    CX_CQE_L3_SHIFT     = 2,
    CX_CQE_L4_SHIFT     = 4,
    CX_CQE_L3_V6        = 1,
    CX_CQE_L3_V4        = 2,
    CX_CQE_L4_UDP       = 2,
    CX_CQE_L4_TCP       = 4,            /* with data */
};

/* A frame in the hands of one function */
typedef struct ConnectXRx {
    ConnectXFunction *fn;
    const ConnectXFrame *frame;
    unsigned copies;
} ConnectXRx;

static const uint8_t *cx_rqc(const ConnectXObj *rq)
{
    return CX_ADDR(create_rq_in, rq->in, ctx);
}

/* Can the queue be filled? Counts if it has no buffer. */
static bool cx_rx_ready(ConnectXFunction *fn, ConnectXObj *rq)
{
    const uint8_t *wq = CX_ADDR(rqc, cx_rqc(rq), wq);
    ConnectXRing ring;
    uint32_t todo;

    if (rq->run.state != CX_WQ_RDY || CX_GET(rqc, cx_rqc(rq), mem_rq_type) ||
        CX_GET(wq, wq, wq_type) != CX_WQ_CYCLIC) {
        return false;
    }
    ring = cx_wq_ring(rq, wq);
    if (!cx_wq_todo(fn, rq, &ring, &todo)) {
        cx_wq_catastrophe(fn, rq, "bad doorbell record");
        return false;
    }
    if (!todo) {
        cx_q_count(fn, rq, CX_GET(rqc, cx_rqc(rq), counter_set_id),
                   CX_COUNT_NO_BUFFER);
    }
    return todo;
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

static void cx_rx_tell_headers(uint8_t cqe[64], const uint8_t *packet,
                               const uint8_t *frame, uint32_t len)
{
    unsigned good = cx_packet_checksums_good(frame, len);
    uint8_t version = CX_GET(fte_match_set_lyr_2_4, packet, ip_version);
    uint8_t proto = CX_GET(fte_match_set_lyr_2_4, packet, ip_protocol);
    uint8_t l3 = version == 4 ? CX_CQE_L3_V4 : version == 6 ? CX_CQE_L3_V6 : 0;
    uint8_t l4 = CX_GET(fte_match_set_lyr_2_4, packet, frag) ? 0 :
                 proto == CX_IP_TCP ? CX_CQE_L4_TCP :
                 proto == CX_IP_UDP ? CX_CQE_L4_UDP : 0;

    stw_be_p(cqe + CX_CQE_CHECKSUM, cx_rx_checksum(frame, len));
    cqe[CX_CQE_HDS_IP_EXT] = CX_CQE_L2_OK |
                             (good & CX_CSUM_L3 ? CX_CQE_L3_OK : 0) |
                             (good & CX_CSUM_L4 ? CX_CQE_L4_OK : 0);
    cqe[CX_CQE_HDR_TYPE] |= l3 << CX_CQE_L3_SHIFT | l4 << CX_CQE_L4_SHIFT;
}

/* The frame without its tag, if the queue wants that; the CQE has it then. */
static uint32_t cx_rx_strip(const ConnectXObj *rq, const ConnectXFrame *frame,
                            uint8_t out[CX_FRAME_MAX], uint8_t cqe[64])
{
    uint16_t tci;

    if (CX_GET(rqc, cx_rqc(rq), vsd) || frame->len > CX_FRAME_MAX ||
        !cx_vlan_get(frame->data, frame->len, &tci)) {
        return 0;
    }
    cqe[CX_CQE_HDR_TYPE] = CX_CQE_STRIPPED;
    stw_be_p(cqe + CX_CQE_VLAN, tci);
    return cx_vlan_pop(out, frame->data, frame->len);
}

static void cx_rx_complete(ConnectXFunction *fn, ConnectXObj *rq,
                           uint8_t cqe[64], uint32_t len)
{
    trace_connectx_rx(fn->number, rq->id, rq->run.pi, len);
    stl_be_p(cqe + CX_CQE_BYTE_CNT, len);
    stw_be_p(cqe + CX_CQE_WQE_COUNTER, rq->run.pi);
    cqe[CX_CQE_OP_OWN] = CX_CQE_RESP_SEND << 4;
    if (!cx_wq_complete(fn, rq, cqe, true)) {
        cx_wq_catastrophe(fn, rq, "its completion queue is in error");
        return;
    }
    cx_obj_run(fn, rq)->pi = (rq->run.pi + 1) & CX_WQ_INDEX_MASK;
}

static void cx_rx_to_queue(ConnectXRx *rx, ConnectXObj *rq,
                           const ConnectXHash *hash, uint32_t tag)
{
    uint8_t stripped[CX_FRAME_MAX], cqe[64] = { 0 };
    const uint8_t *data = rx->frame->data;
    uint32_t len = rx->frame->len, without;

    if (!cx_rx_ready(rx->fn, rq)) {
        return;
    }
    without = cx_rx_strip(rq, rx->frame, stripped, cqe);
    if (without) {
        data = stripped;
        len = without;
    }
    if (!cx_rx_fill(rx->fn, rq, data, len)) {
        return;
    }
    cx_rx_tell_headers(cqe, rx->frame->packet, data, len);
    stl_be_p(cqe + CX_CQE_HASH, hash->value);
    cqe[CX_CQE_HASH_TYPE] = hash->type;
    stl_be_p(cqe + CX_CQE_FLOW_TAG, tag & 0xffffff);
    cx_rx_complete(rx->fn, rq, cqe, len);
}

/* See ConnectXWalk */
static void cx_rx_forward(ConnectXWalk *walk, uint8_t type, uint32_t id)
{
    ConnectXRx *rx = walk->opaque;
    const ConnectXObj *tir;
    ConnectXHash hash;
    ConnectXObj *rq;

    tir = type == CX_DEST_TIR ? cx_obj_find(rx->fn, CX_OBJ_TIR, id) : NULL;
    if (!tir || (rx->frame->src == rx->fn &&
                 !cx_rss_takes_own(tir, !is_multicast_ether_addr(
                                            rx->frame->data)))) {
        return;
    }
    rx->copies++;
    rq = cx_rss_pick(rx->fn, tir, rx->frame->packet, &hash);
    if (rq) {
        cx_rx_to_queue(rx, rq, &hash, walk->tag);
    }
}

/* See ConnectXReceive */
static unsigned cx_rx_deliver(ConnectXFunction *fn, const ConnectXFrame *frame)
{
    ConnectXRx rx = { .fn = fn, .frame = frame };
    ConnectXWalk walk = {
        .fn = fn, .packet = frame->packet, .forward = cx_rx_forward,
        .opaque = &rx,
    };

    if (fn != frame->src) {
        cx_vport_count(fn->vport->rx, CX_TRAFFIC_ETH, frame->data, frame->len);
    }
    cx_walk(&walk, fn->flow_root[CX_TABLE_NIC_RX]);
    return rx.copies;
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
