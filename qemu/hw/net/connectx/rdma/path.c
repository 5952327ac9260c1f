/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: from where to where a queue pair's packets go
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "obj/obj.h"
#include "obj/roce.h"
#include "queue/qp.h"
#include "rdma/path.h"
#include "switch/switch.h"

#define CX_HOPS_DEFAULT     64
#define CX_PRIORITY_SHIFT   13
#define CX_MTU_SHIFT        7           /* 1 is 256 bytes */

enum {                      /* mlx5_wqe_datagram_seg */
    CX_AV_RATE_SL       = 12,
    CX_AV_SPORT         = 14,
    CX_AV_MAC           = 20,
    CX_AV_CLASS         = 26,
    CX_AV_HOPS          = 27,
    CX_AV_GRH           = 28,           /* 27:20 index, 19:0 flow label */
    CX_AV_GID           = 32,
};

uint32_t cx_path_mtu(const ConnectXObj *qp)
{
    uint8_t mtu = CX_GET(qpc, cx_qpc(qp), mtu);

    return 1u << (CX_MTU_SHIFT + MIN(MAX(mtu, CX_QP_MTU_MIN), CX_QP_MTU_MAX));
}

uint8_t cx_path_transport(const ConnectXObj *qp)
{
    switch (CX_GET(qpc, cx_qpc(qp), st)) {
    case CX_QP_RC:
        return CX_ROCE_RC;
    case CX_QP_UC:
        return CX_ROCE_UC;
    case CX_QP_XRC:
        return CX_ROCE_XRC;
    case CX_QP_UD:
    case CX_QP_GSI:
        return CX_ROCE_UD;
    default:
        return CX_ROCE_NONE;
    }
}

/* What the entry of the address table gives to them. */
static bool cx_path_from(const ConnectXFunction *fn, uint32_t index,
                         uint8_t priority, ConnectXRoceEnds *ends)
{
    ConnectXRoceAddress own;

    if (!cx_roce_address(fn, index, &own)) {
        return false;
    }
    memcpy(ends->from, own.mac, sizeof(ends->from));
    memcpy(ends->source, own.gid, sizeof(ends->source));
    ends->v6 = own.v6;
    ends->tagged = own.tagged;
    ends->tci = own.vlan | priority << CX_PRIORITY_SHIFT;
    return true;
}

bool cx_path_of_qp(const ConnectXFunction *fn, const ConnectXObj *qp,
                   ConnectXRoceEnds *ends)
{
    const uint8_t *ads = CX_ADDR(qpc, cx_qpc(qp), primary_address_path);

    memset(ends, 0, sizeof(*ends));
    stw_be_p(ends->to, CX_GET(ads, ads, rmac_47_32));
    stl_be_p(ends->to + 2, CX_GET(ads, ads, rmac_31_0));
    memcpy(ends->target, CX_ADDR(ads, ads, rgid_rip), sizeof(ends->target));
    ends->class = CX_GET(ads, ads, dscp) << 2 | CX_GET(ads, ads, ecn);
    ends->hops = CX_GET(ads, ads, hop_limit) ?: CX_HOPS_DEFAULT;
    ends->flow = CX_GET(ads, ads, flow_label);
    ends->sport = CX_GET(ads, ads, udp_sport);
    return cx_path_from(fn, CX_GET(ads, ads, src_addr_index),
                        CX_GET(ads, ads, eth_prio), ends);
}

bool cx_path_of_datagram(const ConnectXFunction *fn, const uint8_t *segment,
                         ConnectXRoceEnds *ends)
{
    uint32_t grh = ldl_be_p(segment + CX_AV_GRH);

    memset(ends, 0, sizeof(*ends));
    memcpy(ends->to, segment + CX_AV_MAC, sizeof(ends->to));
    memcpy(ends->target, segment + CX_AV_GID, sizeof(ends->target));
    ends->class = segment[CX_AV_CLASS];
    ends->hops = segment[CX_AV_HOPS] ?: CX_HOPS_DEFAULT;
    ends->flow = grh & 0xfffff;
    ends->sport = lduw_be_p(segment + CX_AV_SPORT);
    return cx_path_from(fn, grh >> 20 & 0xff,
                        segment[CX_AV_RATE_SL] >> 1 & 7, ends);
}

bool cx_path_is_ours(const ConnectXFunction *fn, const ConnectXRoceEnds *ends)
{
    ConnectXRoceAddress own;

    for (uint32_t i = 0; i < CX_ROCE_ADDRESSES; i++) {
        if (cx_roce_address(fn, i, &own) && own.v6 == ends->v6 &&
            !memcmp(own.mac, ends->to, sizeof(own.mac)) &&
            !memcmp(own.gid + (own.v6 ? 0 : 12),
                    ends->target + (own.v6 ? 0 : 12), own.v6 ? 16 : 4)) {
            return true;
        }
    }
    return false;
}

/* At random, but the same in each run: what comes in bursts must not stay so */
static bool cx_path_loses(ConnectXDevice *dev)
{
    if (!dev->rdma_loses) {
        return false;
    }
    dev->rdma_chance = dev->rdma_chance * 1103515245 + 12345;
    return !((dev->rdma_chance >> 16) % dev->rdma_loses);
}

void cx_path_send(ConnectXFunction *fn, const ConnectXObj *qp,
                  const ConnectXRoceEnds *ends, const ConnectXRoce *packet,
                  ConnectXBudget *budget)
{
    uint8_t frame[CX_ROCE_FRAME_MAX];
    unsigned copies;
    uint32_t len;

    if (!ends || cx_path_loses(fn->dev)) {
        cx_budget_spend(budget, 1, packet->payload_len);
        return;
    }
    len = cx_roce_build(ends, packet, frame);
    copies = memcmp(ends->to, ends->from, sizeof(ends->to)) ?
             cx_switch_forward(fn, CX_TRAFFIC_RDMA, qp->id, frame, len) :
             cx_switch_loop(fn, qp->id, frame, len);
    cx_budget_spend(budget, MAX(copies, 1), MAX(copies, 1) * len);
}
