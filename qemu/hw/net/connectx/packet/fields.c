/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what flow tables match of a frame
 */
#include "qemu/osdep.h"
#include "packet/fields.h"
#include "packet/packet.h"
#include "packet/parse.h"

#define FIELD(f, v) CX_SET(fte_match_set_lyr_2_4, fields, f, v)

#define CX_ADDRESS_BYTES    16          /* of IPv6; IPv4 is at the end of it */

/* The innermost type, and the outermost tag */
static void cx_fields_l2(const uint8_t *frame, uint32_t len, uint8_t *fields)
{
    uint32_t at = CX_ETH_HEADER - 2;
    uint16_t type = lduw_be_p(frame + at);
    uint16_t tci;

    FIELD(dmac_47_16, ldl_be_p(frame));
    FIELD(dmac_15_0, lduw_be_p(frame + 4));
    FIELD(smac_47_16, ldl_be_p(frame + 6));
    FIELD(smac_15_0, lduw_be_p(frame + 10));
    if ((type == CX_ETH_VLAN || type == CX_ETH_QINQ) && at + 6 <= len) {
        tci = lduw_be_p(frame + at + 2);
        FIELD(cvlan_tag, type == CX_ETH_VLAN);
        FIELD(svlan_tag, type == CX_ETH_QINQ);
        FIELD(first_prio, tci >> 13);
        FIELD(first_cfi, tci >> 12);
        FIELD(first_vid, tci);
    }
    for (int tags = 0; tags < CX_VLAN_TAGS_MAX; tags++) {
        if ((type != CX_ETH_VLAN && type != CX_ETH_QINQ) || at + 6 > len) {
            break;
        }
        at += 4;
        type = lduw_be_p(frame + at);
    }
    FIELD(ethertype, type);
}

static void cx_fields_l3(const uint8_t *frame, const ConnectXHeaders *h,
                         uint8_t *fields)
{
    uint8_t *from = CX_ADDR(fte_match_set_lyr_2_4, fields, src_ipv4_src_ipv6);
    uint8_t *to = CX_ADDR(fte_match_set_lyr_2_4, fields, dst_ipv4_dst_ipv6);
    const uint8_t *ip = frame + h->l3;
    uint8_t tos = h->version == 4 ? ip[1] : lduw_be_p(ip) >> 4;

    FIELD(ip_version, h->version);
    FIELD(ip_protocol, h->proto);
    FIELD(ip_dscp, tos >> 2);
    FIELD(ip_ecn, tos);
    FIELD(frag, h->fragment);
    if (h->version == 4) {
        FIELD(ttl_hoplimit, ip[8]);
        memcpy(from + CX_ADDRESS_BYTES - 4, ip + 12, 4);
        memcpy(to + CX_ADDRESS_BYTES - 4, ip + 16, 4);
    } else {
        FIELD(ttl_hoplimit, ip[7]);
        memcpy(from, ip + 8, CX_ADDRESS_BYTES);
        memcpy(to, ip + 24, CX_ADDRESS_BYTES);
    }
}

static void cx_fields_l4(const uint8_t *l4, uint8_t proto, uint8_t *fields)
{
    if (proto == CX_IP_TCP) {
        FIELD(tcp_sport, lduw_be_p(l4));
        FIELD(tcp_dport, lduw_be_p(l4 + 2));
        FIELD(tcp_flags, lduw_be_p(l4 + 12));
    } else {
        FIELD(udp_sport, lduw_be_p(l4));
        FIELD(udp_dport, lduw_be_p(l4 + 2));
    }
}

void cx_fields_of(const uint8_t *frame, uint32_t len,
                  uint8_t fields[CX_FIELDS_BYTES])
{
    ConnectXHeaders h;

    memset(fields, 0, CX_FIELDS_BYTES);
    if (len < CX_ETH_HEADER) {
        return;
    }
    cx_fields_l2(frame, len, fields);
    if (!cx_headers_parse(frame, len, &h)) {
        return;
    }
    cx_fields_l3(frame, &h, fields);
    if (!h.fragment && cx_headers_l4(&h)) {
        cx_fields_l4(frame + h.l4, h.proto, fields);
    }
}

void cx_fields_known(uint8_t mask[CX_FIELDS_BYTES])
{
    memset(mask, 0xff, CX_FIELDS_BYTES);
    /* Of the word with the type of L4 there is the hop limit alone. */
    stl_be_p(mask + CX_OFF(fte_match_set_lyr_2_4, l4_type), 0);
    CX_SET(fte_match_set_lyr_2_4, mask, ttl_hoplimit, 0xff);
}
