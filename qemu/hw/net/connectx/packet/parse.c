/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the headers of a frame
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "packet/packet.h"
#include "packet/parse.h"

#define CX_IP4_FRAGMENT     0x3fff      /* more fragments, or an offset */

static bool cx_headers_ip4(const uint8_t *frame, uint32_t len,
                           ConnectXHeaders *h)
{
    const uint8_t *ip = frame + h->l3;
    uint32_t ihl, total;

    if (len < h->l3 + CX_IP4_HEADER) {
        return false;
    }
    ihl = (ip[0] & 0xf) * 4;
    total = lduw_be_p(ip + 2);
    if (ihl < CX_IP4_HEADER || total < ihl || h->l3 + total > len) {
        return false;
    }
    h->version = 4;
    h->proto = ip[9];
    h->fragment = lduw_be_p(ip + 6) & CX_IP4_FRAGMENT;
    h->l4 = h->l3 + ihl;
    h->l4_len = total - ihl;
    return true;
}

static bool cx_headers_ip6(const uint8_t *frame, uint32_t len,
                           ConnectXHeaders *h)
{
    const uint8_t *ip = frame + h->l3;

    if (len < h->l3 + CX_IP6_HEADER ||
        h->l3 + CX_IP6_HEADER + lduw_be_p(ip + 4) > len) {
        return false;
    }
    /* Extension headers are not followed: such frames stay as they are. */
    h->version = 6;
    h->proto = ip[6];
    h->l4 = h->l3 + CX_IP6_HEADER;
    h->l4_len = lduw_be_p(ip + 4);
    return true;
}

bool cx_headers_parse(const uint8_t *frame, uint32_t len, ConnectXHeaders *h)
{
    uint32_t at = CX_ETH_HEADER - 2;
    uint16_t type;

    memset(h, 0, sizeof(*h));
    for (int tags = 0; ; tags++) {
        if (at + 2 > len || tags > CX_VLAN_TAGS_MAX) {
            return false;
        }
        type = lduw_be_p(frame + at);
        if (type != CX_ETH_VLAN && type != CX_ETH_QINQ) {
            break;
        }
        at += 4;
    }
    h->l3 = at + 2;
    return type == CX_ETH_IP4 ? cx_headers_ip4(frame, len, h) :
           type == CX_ETH_IP6 && cx_headers_ip6(frame, len, h);
}

bool cx_headers_l4(const ConnectXHeaders *h)
{
    return (h->proto == CX_IP_TCP && h->l4_len >= CX_TCP_HEADER) ||
           (h->proto == CX_IP_UDP && h->l4_len >= CX_UDP_HEADER);
}
