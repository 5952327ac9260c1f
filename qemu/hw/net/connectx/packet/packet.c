/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: checksums and segmentation of a frame in memory
 */
#include "qemu/osdep.h"
#include "net/checksum.h"
#include "net/eth.h"
#include "packet/packet.h"

#define CX_VLAN_TAGS_MAX    2
#define CX_IP4_HEADER       20
#define CX_IP6_HEADER       40
#define CX_TCP_HEADER       20
#define CX_UDP_HEADER       8
#define CX_IP4_FRAGMENT     0x3fff      /* more fragments, or an offset */

/* Frames of one send: 256 KiB in the smallest segments that TCP uses */
#define CX_SEGMENTS_MAX     1024

#define CX_TCP_FIN_PSH      (TH_FIN | TH_PUSH)

/* Where the headers of a frame begin. */
typedef struct ConnectXHeaders {
    uint32_t l3, l4;
    uint32_t l4_len;
    uint8_t version;
    uint8_t proto;
    bool fragment;
} ConnectXHeaders;

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

static bool cx_headers_parse(const uint8_t *frame, uint32_t len,
                             ConnectXHeaders *h)
{
    uint32_t at = CX_ETH_HEADER - 2;
    uint16_t type;

    memset(h, 0, sizeof(*h));
    for (int tags = 0; ; tags++) {
        if (at + 2 > len || tags > CX_VLAN_TAGS_MAX) {
            return false;
        }
        type = lduw_be_p(frame + at);
        if (type != ETH_P_VLAN && type != ETH_P_DVLAN) {
            break;
        }
        at += 4;
    }
    h->l3 = at + 2;
    return type == ETH_P_IP ? cx_headers_ip4(frame, len, h) :
           type == ETH_P_IPV6 && cx_headers_ip6(frame, len, h);
}

static void cx_checksum_l3(uint8_t *frame, const ConnectXHeaders *h)
{
    uint8_t *ip = frame + h->l3;

    if (h->version == 4) {
        stw_be_p(ip + 10, 0);
        stw_be_p(ip + 10, net_raw_checksum(ip, h->l4 - h->l3));
    }
}

static void cx_checksum_l4(uint8_t *frame, const ConnectXHeaders *h)
{
    uint8_t *ip = frame + h->l3;
    uint8_t *l4 = frame + h->l4;
    uint32_t sum;
    unsigned at;

    if (h->fragment) {
        return;
    }
    if (h->proto == IP_PROTO_TCP && h->l4_len >= CX_TCP_HEADER) {
        at = 16;
    } else if (h->proto == IP_PROTO_UDP && h->l4_len >= CX_UDP_HEADER) {
        at = 6;
    } else {
        return;
    }
    stw_be_p(l4 + at, 0);
    /* The pseudo header: both addresses, protocol, length */
    sum = h->version == 4 ? net_checksum_add(8, ip + 12) :
                            net_checksum_add(32, ip + 8);
    sum += h->proto + h->l4_len;
    sum += net_checksum_add(h->l4_len, l4);
    stw_be_p(l4 + at, h->proto == IP_PROTO_UDP ?
                      net_checksum_finish_nozero(sum) :
                      net_checksum_finish(sum));
}

void cx_packet_checksum(uint8_t *frame, uint32_t len, unsigned which)
{
    ConnectXHeaders h;

    if (!which || !cx_headers_parse(frame, len, &h)) {
        return;
    }
    if (which & CX_CSUM_L3) {
        cx_checksum_l3(frame, &h);
    }
    if (which & CX_CSUM_L4) {
        cx_checksum_l4(frame, &h);
    }
}

/* Lengths in the headers of a frame of len bytes. */
static void cx_segment_lengths(uint8_t *frame, const ConnectXHeaders *h,
                               uint32_t len, uint32_t number)
{
    uint8_t *ip = frame + h->l3;

    if (h->version == 4) {
        stw_be_p(ip + 2, len - h->l3);
        stw_be_p(ip + 4, lduw_be_p(ip + 4) + number);
    } else {
        stw_be_p(ip + 4, len - h->l4);
    }
    if (h->proto == IP_PROTO_UDP) {
        stw_be_p(frame + h->l4 + 4, len - h->l4);
    }
}

/*
 * The headers that all the frames begin with. The lengths in them are still
 * those of the whole, which need not even fit: parse them as those of a frame
 * without payload. NULL if such a send cannot be cut.
 */
static uint8_t *cx_segment_headers(const uint8_t *data, uint32_t hdr_len,
                                   ConnectXHeaders *h)
{
    g_autofree uint8_t *head = g_memdup2(data, hdr_len);
    uint32_t l3 = CX_ETH_HEADER;

    if (lduw_be_p(head + CX_ETH_HEADER - 2) == ETH_P_VLAN) {
        l3 += 4;
    }
    if (l3 + CX_IP4_HEADER > hdr_len) {
        return NULL;
    }
    if (head[l3] >> 4 == 4) {
        stw_be_p(head + l3 + 2, hdr_len - l3);
    } else if (l3 + CX_IP6_HEADER <= hdr_len) {
        stw_be_p(head + l3 + 4, hdr_len - l3 - CX_IP6_HEADER);
    }
    if (!cx_headers_parse(head, hdr_len, h) || h->fragment) {
        return NULL;
    }
    if ((h->proto == IP_PROTO_TCP && h->l4_len >= CX_TCP_HEADER) ||
        (h->proto == IP_PROTO_UDP && h->l4_len >= CX_UDP_HEADER)) {
        return g_steal_pointer(&head);
    }
    return NULL;
}

bool cx_packet_segment(const uint8_t *data, uint32_t len, uint32_t hdr_len,
                       uint32_t mss, ConnectXEmit emit, void *opaque)
{
    g_autofree uint8_t *head = NULL;
    g_autofree uint8_t *frame = NULL;
    ConnectXHeaders h;

    if (!mss || hdr_len > len || hdr_len < CX_ETH_HEADER + CX_IP4_HEADER ||
        hdr_len + mss > CX_FRAME_MAX ||
        (len - hdr_len) / mss > CX_SEGMENTS_MAX) {
        return false;
    }
    head = cx_segment_headers(data, hdr_len, &h);
    if (!head) {
        return false;
    }
    frame = g_malloc(hdr_len + mss);
    for (uint32_t done = 0, n = 0; done < len - hdr_len; n++) {
        uint32_t bytes = MIN(mss, len - hdr_len - done);
        uint32_t total = hdr_len + bytes;
        uint8_t *l4 = frame + h.l4;

        memcpy(frame, head, hdr_len);
        memcpy(frame + hdr_len, data + hdr_len + done, bytes);
        cx_segment_lengths(frame, &h, total, n);
        if (h.proto == IP_PROTO_TCP) {
            stl_be_p(l4 + 4, ldl_be_p(l4 + 4) + done);
            if (done + bytes < len - hdr_len) {
                l4[13] &= ~CX_TCP_FIN_PSH;
            }
        }
        cx_packet_checksum(frame, total, CX_CSUM_L3 | CX_CSUM_L4);
        emit(opaque, frame, total);
        done += bytes;
    }
    return true;
}
