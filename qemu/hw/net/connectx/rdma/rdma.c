/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs at work
 *
 * Packets are sent in a queue pair's turn alone. One that comes changes memory
 * and the queue pair, completes requests, and puts it in line: nothing that is
 * received makes anything be sent before whoever sent it is done.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "packet/roce.h"
#include "queue/eq.h"
#include "queue/mcg.h"
#include "queue/qp.h"
#include "rdma/clock.h"
#include "rdma/flush.h"
#include "rdma/path.h"
#include "rdma/rdma.h"
#include "rdma/requester.h"
#include "rdma/responder.h"
#include "rdma/ud.h"
#include "switch/fte.h"
#include "switch/vport.h"
#include "switch/walk.h"

#define CX_QPN_GSI          1
#define CX_QPN_GROUP        0xffffff    /* all of a multicast group */

/* See ConnectXQpUser */
static bool cx_rdma_work(ConnectXFunction *fn, ConnectXObj *qp,
                         ConnectXBudget *budget)
{
    if (cx_responder_work(fn, qp, budget)) {
        return true;
    }
    switch (qp->run.state) {
    case CX_QP_RTS:
        break;
    case CX_QP_SQER:
    case CX_QP_ERR:
        return cx_flush_work(fn, qp, budget);
    default:
        return false;
    }
    switch (CX_GET(qpc, cx_qpc(qp), st)) {
    case CX_QP_RC:
    case CX_QP_UC:
    case CX_QP_XRC:
    case CX_QP_REG_UMR:
        return cx_requester_work(fn, qp, budget);
    case CX_QP_UD:
    case CX_QP_GSI:
        return cx_ud_work(fn, qp, budget);
    default:
        return false;
    }
}

static void cx_rdma_note_gsi(ConnectXFunction *fn, const ConnectXObj *qp)
{
    bool ready = qp->run.state >= CX_QP_RTR && qp->run.state != CX_QP_ERR;

    if (CX_GET(qpc, cx_qpc(qp), st) != CX_QP_GSI) {
        return;
    }
    if (ready) {
        fn->rdma->gsi = qp->id;
    } else if (fn->rdma->gsi == qp->id) {
        fn->rdma->gsi = 0;
    }
}

/* See ConnectXQpUser */
static void cx_rdma_moved(ConnectXFunction *fn, ConnectXObj *qp,
                          uint8_t before)
{
    ConnectXQpRun *run = cx_qp_go(fn, qp);
    uint8_t state = qp->run.state;

    cx_rdma_note_gsi(fn, qp);
    if (state != CX_QP_ERR && state != CX_QP_SQER) {
        return;
    }
    /* What was sent and is not answered is flushed, too. */
    run->next = run->head;
    run->next_psn = run->psn = run->una_psn = run->head_psn;
    run->reads = 0;
    run->ack_due = 0;
    run->rnr_due = 0;
    if (state == CX_QP_ERR) {
        if (run->owes != CX_OWES_NAK) {
            run->owes = CX_OWES_NOTHING;
            run->answers = 0;
            run->answered = 0;
        }
        /* One of XRC takes requests of such queues, but has no part in them. */
        if (before != CX_QP_ERR && cx_qp_shares_rq(cx_qpc(qp)) &&
            !cx_qp_is_xrc(qp)) {
            cx_qp_event(fn, qp, CX_EV_SRQ_LAST);
        }
    }
}

static const ConnectXQpUser cx_rdma_user = {
    .work = cx_rdma_work,
    .moved = cx_rdma_moved,
};

/* For whom the packet is; NULL if no queue pair takes such */
static ConnectXObj *cx_rdma_target(ConnectXFunction *fn,
                                   const ConnectXRoce *packet)
{
    bool gsi = packet->qpn == CX_QPN_GSI;
    uint32_t qpn = gsi ? fn->rdma->gsi : packet->qpn;
    ConnectXObj *qp = qpn ? cx_obj_find(fn, CX_OBJ_QP, qpn) : NULL;

    /* The one for management may have gone, and its number been given again. */
    if (!qp || (gsi && CX_GET(qpc, cx_qpc(qp), st) != CX_QP_GSI)) {
        return NULL;
    }
    return cx_path_transport(qp) == (packet->opcode & CX_ROCE_TRANSPORT) ?
           qp : NULL;
}

static bool cx_rdma_is_roce(const ConnectXFunction *fn,
                            const ConnectXFrame *frame)
{
    return fn->vport->roce_en &&
           CX_CAP(fn, CX_CAP_GENERAL, cmd_hca_cap, roce) &&
           CX_GET(fte_match_set_lyr_2_4, frame->packet, udp_dport) ==
           CX_ROCE_PORT;
}

typedef enum ConnectXRdmaWay {
    CX_RDMA_TO_QPS,
    CX_RDMA_TO_OTHERS,
    CX_RDMA_TO_NOBODY,
} ConnectXRdmaWay;

/*
 * What the driver's tables say of the packet. By these a PF in switchdev mode
 * leaves what VFs send to the representors, whatever its addresses.
 */
static ConnectXRdmaWay cx_rdma_way(ConnectXFunction *fn,
                                   const ConnectXFrame *frame)
{
    /* Entries of these tables allow or drop, or lead to another. */
    ConnectXWalk walk = { .fn = fn, .packet = frame->packet };

    switch (cx_walk(&walk, fn->flow_root[CX_TABLE_RDMA_RX])) {
    case CX_WALK_ALLOWED:
        return CX_RDMA_TO_QPS;
    case CX_WALK_MISSED:
        return walk.missed == CX_MISS_DOMAIN ? CX_RDMA_TO_OTHERS :
                                               CX_RDMA_TO_QPS;
    default:
        return CX_RDMA_TO_NOBODY;
    }
}

typedef struct ConnectXDatagram {
    const ConnectXFrame *frame;
    const ConnectXRoceEnds *ends;
    const ConnectXRoce *packet;
} ConnectXDatagram;

/* See ConnectXMcgVisit */
static void cx_rdma_to_member(ConnectXFunction *fn, ConnectXObj *qp,
                              void *opaque)
{
    const ConnectXDatagram *d = opaque;

    cx_ud_receive(fn, qp, d->frame, d->ends, d->packet);
}

/* The switch brings back what is sent to a group; its sender may not want it */
static bool cx_rdma_blocks_own(ConnectXFunction *fn,
                               const ConnectXFrame *frame)
{
    const uint8_t *misc = CX_ADDR(fte_match_param, frame->packet,
                                  misc_parameters);
    const ConnectXObj *qp;

    if (frame->src != fn) {
        return false;
    }
    qp = cx_obj_find(fn, CX_OBJ_QP, CX_GET(fte_match_set_misc, misc,
                                           source_sqn));
    return qp && CX_GET(qpc, cx_qpc(qp), block_lb_mc);
}

/* What queue pairs get, or nobody, has not been a frame of Ethernet. */
static void cx_rdma_count(ConnectXFunction *fn, const ConnectXFrame *frame)
{
    cx_vport_count(fn->vport->rx, CX_TRAFFIC_RDMA, frame->data, frame->len);
}

/* To all of a group; returns how many took it */
static unsigned cx_rdma_to_group(ConnectXFunction *fn,
                                 const ConnectXFrame *frame,
                                 const ConnectXRoceEnds *ends,
                                 const ConnectXRoce *packet)
{
    ConnectXDatagram d = { .frame = frame, .ends = ends, .packet = packet };
    bool datagram = cx_roce_means(packet->opcode) & CX_ROCE_DETH;

    if (!datagram || packet->qpn != CX_QPN_GROUP ||
        cx_rdma_blocks_own(fn, frame)) {
        return 0;
    }
    return cx_mcg_foreach(fn, ends->target, cx_rdma_to_member, &d);
}

static unsigned cx_rdma_take(ConnectXFunction *fn, const ConnectXFrame *frame)
{
    ConnectXRoceEnds ends;
    ConnectXRoce packet;
    ConnectXObj *qp;
    unsigned n;

    if (!cx_roce_parse(frame->data, frame->len, &ends, &packet)) {
        return fn->rdma->others(fn, frame);
    }
    if (!cx_path_is_ours(fn, &ends)) {
        n = cx_rdma_to_group(fn, frame, &ends, &packet);
        if (!n) {
            return fn->rdma->others(fn, frame);
        }
        cx_rdma_count(fn, frame);
        return n;
    }
    qp = cx_rdma_target(fn, &packet);
    if (!qp) {
        return fn->rdma->others(fn, frame);
    }
    cx_rdma_count(fn, frame);
    if (cx_roce_means(packet.opcode) & CX_ROCE_DETH) {
        cx_ud_receive(fn, qp, frame, &ends, &packet);
    } else if (cx_roce_means(packet.opcode) & CX_ROCE_ANSWER) {
        cx_requester_answer(fn, qp, &packet);
    } else {
        cx_responder_request(fn, qp, &packet);
    }
    return 1;
}

/* See ConnectXReceive */
static unsigned cx_rdma_receive(ConnectXFunction *fn,
                                const ConnectXFrame *frame)
{
    if (!cx_rdma_is_roce(fn, frame)) {
        return fn->rdma->others(fn, frame);
    }
    switch (cx_rdma_way(fn, frame)) {
    case CX_RDMA_TO_QPS:
        return cx_rdma_take(fn, frame);
    case CX_RDMA_TO_OTHERS:
        return fn->rdma->others(fn, frame);
    default:
        cx_rdma_count(fn, frame);
        return 0;
    }
}

static void cx_rdma_init(ConnectXFunction *fn)
{
    fn->rdma->others = fn->vport->receive;
    fn->vport->receive = cx_rdma_receive;
}

static bool cx_rdma_look(ConnectXObj *qp, void *opaque)
{
    cx_rdma_note_gsi(opaque, qp);
    return false;
}

static void cx_rdma_loaded(ConnectXFunction *fn)
{
    fn->rdma->gsi = 0;
    cx_obj_foreach(fn, CX_OBJ_QP, cx_rdma_look, fn);
}

static void cx_rdma_teardown(ConnectXFunction *fn)
{
    fn->rdma->gsi = 0;
}

static const ConnectXParticipant cx_rdma_part = {
    .name = "rdma",
    .init = cx_rdma_init,
    .teardown = cx_rdma_teardown,
    .loaded = cx_rdma_loaded,
};

void cx_rdma_register(void)
{
    cx_qp_set_user(&cx_rdma_user);
    cx_fn_register(&cx_rdma_part);
}
