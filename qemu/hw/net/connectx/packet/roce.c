/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: packets of InfiniBand's transport over UDP
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "base/limits.h"
#include "packet/csum.h"
#include "packet/icrc.h"
#include "packet/packet.h"
#include "packet/parse.h"
#include "packet/roce.h"
#include "packet/vlan.h"

/* Bytes of the headers behind UDP */
#define CX_BTH              12
#define CX_XRC              4
#define CX_DETH             8
#define CX_RETH             16
#define CX_ATOMIC           28
#define CX_AETH             4
#define CX_ATOMIC_ACK       8
#define CX_IMM              4

#define CX_BTH_SOLICITED    0x80
#define CX_BTH_MIGRATED     0x40        /* the path is the primary one */
#define CX_BTH_PAD_SHIFT    4
#define CX_BTH_VERSION      0x0f
#define CX_BTH_ACK_WANTED   0x80
#define CX_IP4_DONT_CUT     0x4000

#define CX_START    (CX_ROCE_KNOWN | CX_ROCE_FIRST)
#define CX_END      (CX_ROCE_KNOWN | CX_ROCE_LAST)
#define CX_ONLY     (CX_START | CX_END)
#define CX_SENDS    (CX_ROCE_SEND | CX_ROCE_DATA)
#define CX_WRITES   (CX_ROCE_WRITE | CX_ROCE_DATA)
#define CX_READS    (CX_ROCE_READ | CX_ROCE_DATA | CX_ROCE_ANSWER)

static const uint32_t cx_rc_opcodes[CX_ROCE_OPERATION + 1] = {
    [CX_RC_SEND_FIRST]     = CX_SENDS | CX_START,
    [CX_RC_SEND_MIDDLE]    = CX_SENDS | CX_ROCE_KNOWN,
    [CX_RC_SEND_LAST]      = CX_SENDS | CX_END,
    [CX_RC_SEND_LAST_IMM]  = CX_SENDS | CX_END | CX_ROCE_IMM,
    [CX_RC_SEND_ONLY]      = CX_SENDS | CX_ONLY,
    [CX_RC_SEND_ONLY_IMM]  = CX_SENDS | CX_ONLY | CX_ROCE_IMM,
    [CX_RC_WRITE_FIRST]    = CX_WRITES | CX_START | CX_ROCE_RETH,
    [CX_RC_WRITE_MIDDLE]   = CX_WRITES | CX_ROCE_KNOWN,
    [CX_RC_WRITE_LAST]     = CX_WRITES | CX_END,
    [CX_RC_WRITE_LAST_IMM] = CX_WRITES | CX_END | CX_ROCE_IMM,
    [CX_RC_WRITE_ONLY]     = CX_WRITES | CX_ONLY | CX_ROCE_RETH,
    [CX_RC_WRITE_ONLY_IMM] = CX_WRITES | CX_ONLY | CX_ROCE_RETH | CX_ROCE_IMM,
    [CX_RC_READ_REQUEST]   = CX_ROCE_READ | CX_ONLY | CX_ROCE_RETH,
    [CX_RC_READ_FIRST]     = CX_READS | CX_START | CX_ROCE_AETH,
    [CX_RC_READ_MIDDLE]    = CX_READS | CX_ROCE_KNOWN,
    [CX_RC_READ_LAST]      = CX_READS | CX_END | CX_ROCE_AETH,
    [CX_RC_READ_ONLY]      = CX_READS | CX_ONLY | CX_ROCE_AETH,
    [CX_RC_ACK]            = CX_ROCE_ANSWER | CX_ONLY | CX_ROCE_AETH,
    [CX_RC_ATOMIC_ACK]     = CX_ROCE_ANSWER | CX_ONLY | CX_ROCE_AETH |
                             CX_ROCE_ATOMIC | CX_ROCE_ATOMIC_AETH,
    [CX_RC_COMPARE_SWAP]   = CX_ROCE_ATOMIC | CX_ONLY | CX_ROCE_ATOMIC_ETH,
    [CX_RC_FETCH_ADD]      = CX_ROCE_ATOMIC | CX_ONLY | CX_ROCE_ATOMIC_ETH,
    [CX_RC_SEND_LAST_INV]  = CX_SENDS | CX_END | CX_ROCE_IETH,
    [CX_RC_SEND_ONLY_INV]  = CX_SENDS | CX_ONLY | CX_ROCE_IETH,
};

unsigned cx_roce_means(uint8_t opcode)
{
    unsigned means = cx_rc_opcodes[opcode & CX_ROCE_OPERATION];

    switch (opcode & CX_ROCE_TRANSPORT) {
    case CX_ROCE_RC:
        return means;
    case CX_ROCE_UC:
        return means & CX_ROCE_ANSWER || means & CX_ROCE_IETH ||
               !(means & (CX_ROCE_SEND | CX_ROCE_WRITE)) ? 0 : means;
    case CX_ROCE_UD:
        return (means & ~CX_ROCE_IMM) == (CX_SENDS | CX_ONLY) ?
               means | CX_ROCE_DETH : 0;
    case CX_ROCE_XRC:
        /* That of a reliable connection, and requests say for which queue. */
        return !means || means & CX_ROCE_ANSWER ? means :
                                                  means | CX_ROCE_XRCETH;
    default:
        return 0;
    }
}

static uint32_t cx_roce_headers(unsigned means)
{
    return CX_BTH + (means & CX_ROCE_DETH ? CX_DETH : 0) +
           (means & CX_ROCE_XRCETH ? CX_XRC : 0) +
           (means & CX_ROCE_RETH ? CX_RETH : 0) +
           (means & CX_ROCE_ATOMIC_ETH ? CX_ATOMIC : 0) +
           (means & CX_ROCE_AETH ? CX_AETH : 0) +
           (means & CX_ROCE_ATOMIC_AETH ? CX_ATOMIC_ACK : 0) +
           (means & (CX_ROCE_IMM | CX_ROCE_IETH) ? CX_IMM : 0);
}

static uint32_t cx_roce_put_l2(const ConnectXRoceEnds *ends, uint8_t *frame)
{
    uint32_t at = CX_ETH_HEADER;

    memcpy(frame, ends->to, 6);
    memcpy(frame + 6, ends->from, 6);
    if (ends->tagged) {
        stw_be_p(frame + at - 2, CX_ETH_VLAN);
        stw_be_p(frame + at, ends->tci);
        at += CX_VLAN_TAG_BYTES;
    }
    stw_be_p(frame + at - 2, ends->v6 ? CX_ETH_IP6 : CX_ETH_IP4);
    return at;
}

/* udp_len: of UDP with its header. Returns the length of IP's. */
static uint32_t cx_roce_put_l3(const ConnectXRoceEnds *ends, uint8_t *ip,
                               uint32_t udp_len)
{
    if (ends->v6) {
        stl_be_p(ip, 6u << 28 | (uint32_t)ends->class << 20 |
                     (ends->flow & 0xfffff));
        stw_be_p(ip + 4, udp_len);
        ip[6] = CX_IP_UDP;
        ip[7] = ends->hops;
        memcpy(ip + 8, ends->source, 16);
        memcpy(ip + 24, ends->target, 16);
        return CX_IP6_HEADER;
    }
    memset(ip, 0, CX_IP4_HEADER);
    ip[0] = 0x45;
    ip[1] = ends->class;
    stw_be_p(ip + 2, CX_IP4_HEADER + udp_len);
    stw_be_p(ip + 6, CX_IP4_DONT_CUT);
    ip[8] = ends->hops;
    ip[9] = CX_IP_UDP;
    memcpy(ip + 12, ends->source + 12, 4);
    memcpy(ip + 16, ends->target + 12, 4);
    stw_be_p(ip + 10, ~cx_csum_add(0, ip, CX_IP4_HEADER));
    return CX_IP4_HEADER;
}

static uint8_t *cx_roce_put_bth(const ConnectXRoce *p, uint8_t *at)
{
    uint32_t pad = -p->payload_len & 3;

    at[0] = p->opcode;
    at[1] = (p->solicited ? CX_BTH_SOLICITED : 0) | CX_BTH_MIGRATED |
            pad << CX_BTH_PAD_SHIFT;
    stw_be_p(at + 2, p->pkey);
    stl_be_p(at + 4, p->qpn & 0xffffff);
    stl_be_p(at + 8, (p->ack_wanted ? (uint32_t)CX_BTH_ACK_WANTED << 24 : 0) |
                     (p->psn & 0xffffff));
    return at + CX_BTH;
}

static uint8_t *cx_roce_put_headers(const ConnectXRoce *p, unsigned means,
                                    uint8_t *at)
{
    if (means & CX_ROCE_DETH) {
        stl_be_p(at, p->q_key);
        stl_be_p(at + 4, p->source_qpn & 0xffffff);
        at += CX_DETH;
    }
    if (means & CX_ROCE_XRCETH) {
        stl_be_p(at, p->srqn & 0xffffff);
        at += CX_XRC;
    }
    if (means & (CX_ROCE_RETH | CX_ROCE_ATOMIC_ETH)) {
        stq_be_p(at, p->va);
        stl_be_p(at + 8, p->key);
        if (means & CX_ROCE_RETH) {
            stl_be_p(at + 12, p->len);
            at += CX_RETH;
        } else {
            stq_be_p(at + 12, p->swap_add);
            stq_be_p(at + 20, p->compare);
            at += CX_ATOMIC;
        }
    }
    if (means & CX_ROCE_AETH) {
        stl_be_p(at, (uint32_t)p->syndrome << 24 | (p->msn & 0xffffff));
        at += CX_AETH;
    }
    if (means & CX_ROCE_ATOMIC_AETH) {
        stq_be_p(at, p->value);
        at += CX_ATOMIC_ACK;
    }
    if (means & (CX_ROCE_IMM | CX_ROCE_IETH)) {
        stl_be_p(at, p->imm);
        at += CX_IMM;
    }
    return at;
}

uint32_t cx_roce_build(const ConnectXRoceEnds *ends, const ConnectXRoce *p,
                       uint8_t frame[CX_ROCE_FRAME_MAX])
{
    unsigned means = cx_roce_means(p->opcode);
    uint32_t pad = -p->payload_len & 3;
    uint32_t len = CX_UDP_HEADER + cx_roce_headers(means) + p->payload_len +
                   pad;
    uint32_t l3 = cx_roce_put_l2(ends, frame), l3_len;
    uint8_t *udp, *at;

    l3_len = cx_roce_put_l3(ends, frame + l3, len + CX_ICRC_BYTES);
    udp = frame + l3 + l3_len;
    stw_be_p(udp, ends->sport);
    stw_be_p(udp + 2, CX_ROCE_PORT);
    stw_be_p(udp + 4, len + CX_ICRC_BYTES);
    stw_be_p(udp + 6, 0);
    at = cx_roce_put_headers(p, means, cx_roce_put_bth(p,
                                                       udp + CX_UDP_HEADER));
    if (p->payload_len) {
        memcpy(at, p->payload, p->payload_len);
        memset(at + p->payload_len, 0, pad);
    }
    cx_icrc_put(udp + len, cx_icrc(frame + l3, l3_len, ends->v6, udp, len));
    return l3 + l3_len + len + CX_ICRC_BYTES;
}

static void cx_roce_get_ends(const uint8_t *frame, uint32_t len,
                             const ConnectXHeaders *h, ConnectXRoceEnds *ends)
{
    const uint8_t *ip = frame + h->l3;

    memset(ends, 0, sizeof(*ends));
    memcpy(ends->to, frame, 6);
    memcpy(ends->from, frame + 6, 6);
    ends->tagged = cx_vlan_get(frame, len, &ends->tci);
    ends->v6 = h->version == 6;
    ends->sport = lduw_be_p(frame + h->l4);
    if (ends->v6) {
        ends->class = ldl_be_p(ip) >> 20;
        ends->flow = ldl_be_p(ip) & 0xfffff;
        ends->hops = ip[7];
        memcpy(ends->source, ip + 8, 16);
        memcpy(ends->target, ip + 24, 16);
    } else {
        ends->class = ip[1];
        ends->hops = ip[8];
        memcpy(ends->source + 12, ip + 12, 4);
        memcpy(ends->target + 12, ip + 16, 4);
        memset(ends->source + 10, 0xff, 2);
        memset(ends->target + 10, 0xff, 2);
    }
}

static const uint8_t *cx_roce_get_headers(ConnectXRoce *p, unsigned means,
                                          const uint8_t *at)
{
    if (means & CX_ROCE_DETH) {
        p->q_key = ldl_be_p(at);
        p->source_qpn = ldl_be_p(at + 4) & 0xffffff;
        at += CX_DETH;
    }
    if (means & CX_ROCE_XRCETH) {
        p->srqn = ldl_be_p(at) & 0xffffff;
        at += CX_XRC;
    }
    if (means & (CX_ROCE_RETH | CX_ROCE_ATOMIC_ETH)) {
        p->va = ldq_be_p(at);
        p->key = ldl_be_p(at + 8);
        if (means & CX_ROCE_RETH) {
            p->len = ldl_be_p(at + 12);
            at += CX_RETH;
        } else {
            p->swap_add = ldq_be_p(at + 12);
            p->compare = ldq_be_p(at + 20);
            at += CX_ATOMIC;
        }
    }
    if (means & CX_ROCE_AETH) {
        p->syndrome = *at;
        p->msn = ldl_be_p(at) & 0xffffff;
        at += CX_AETH;
    }
    if (means & CX_ROCE_ATOMIC_AETH) {
        p->value = ldq_be_p(at);
        at += CX_ATOMIC_ACK;
    }
    if (means & (CX_ROCE_IMM | CX_ROCE_IETH)) {
        p->imm = ldl_be_p(at);
        at += CX_IMM;
    }
    return at;
}

/* len: of BTH and what is behind it, without the ICRC */
static bool cx_roce_get(const uint8_t *bth, uint32_t len, ConnectXRoce *p)
{
    unsigned means = cx_roce_means(bth[0]);
    uint32_t headers = cx_roce_headers(means);
    uint32_t pad = bth[1] >> CX_BTH_PAD_SHIFT & 3;

    memset(p, 0, sizeof(*p));
    if (!means || bth[1] & CX_BTH_VERSION || len < headers + pad ||
        (!(means & CX_ROCE_DATA) && len != headers) ||
        len - headers - pad > CX_ROCE_PAYLOAD_MAX) {
        return false;
    }
    p->opcode = bth[0];
    p->solicited = bth[1] & CX_BTH_SOLICITED;
    p->pkey = lduw_be_p(bth + 2);
    p->qpn = ldl_be_p(bth + 4) & 0xffffff;
    p->ack_wanted = bth[8] & CX_BTH_ACK_WANTED;
    p->psn = ldl_be_p(bth + 8) & 0xffffff;
    p->payload = cx_roce_get_headers(p, means, bth + CX_BTH);
    p->payload_len = len - headers - pad;
    return true;
}

bool cx_roce_parse(const uint8_t *frame, uint32_t len, ConnectXRoceEnds *ends,
                   ConnectXRoce *p)
{
    ConnectXHeaders h;
    const uint8_t *udp;
    uint32_t udp_len;

    if (!cx_headers_parse(frame, len, &h) || h.fragment ||
        h.proto != CX_IP_UDP ||
        h.l4_len < CX_UDP_HEADER + CX_BTH + CX_ICRC_BYTES) {
        return false;
    }
    udp = frame + h.l4;
    udp_len = lduw_be_p(udp + 4);
    if (lduw_be_p(udp + 2) != CX_ROCE_PORT || udp_len > h.l4_len ||
        udp_len < CX_UDP_HEADER + CX_BTH + CX_ICRC_BYTES || udp_len & 3) {
        return false;
    }
    udp_len -= CX_ICRC_BYTES;
    if (cx_icrc_get(udp + udp_len) != cx_icrc(frame + h.l3, h.l4 - h.l3,
                                              h.version == 6, udp, udp_len)) {
        return false;
    }
    cx_roce_get_ends(frame, len, &h, ends);
    return cx_roce_get(udp + CX_UDP_HEADER, udp_len - CX_UDP_HEADER, p);
}
