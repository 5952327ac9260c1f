/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a large send, cut into frames
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "packet/packet.h"
#include "packet/parse.h"

#define CX_TCP_FIN_PSH      0x09        /* byte 13 of the header */

typedef struct ConnectXSegments {
    uint8_t head[CX_FRAME_MAX];
    ConnectXHeaders h;
    const uint8_t *payload;
    uint32_t payload_len;
    uint32_t hdr_len;
    uint32_t mss;
} ConnectXSegments;

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
    if (h->proto == CX_IP_UDP) {
        stw_be_p(frame + h->l4 + 4, len - h->l4);
    }
}

/*
 * The headers that all the frames begin with, into head. The lengths in them
 * are those of the whole, which need not even fit: parse them as those of a
 * frame without payload. False if such a send cannot be cut.
 */
static bool cx_segment_headers(uint8_t *head, const uint8_t *data,
                               uint32_t hdr_len, ConnectXHeaders *h)
{
    uint32_t l3 = CX_ETH_HEADER;

    memcpy(head, data, hdr_len);
    if (lduw_be_p(head + CX_ETH_HEADER - 2) == CX_ETH_VLAN) {
        l3 += 4;
    }
    if (l3 + CX_IP4_HEADER > hdr_len) {
        return false;
    }
    if (head[l3] >> 4 == 4) {
        stw_be_p(head + l3 + 2, hdr_len - l3);
    } else if (l3 + CX_IP6_HEADER <= hdr_len) {
        stw_be_p(head + l3 + 4, hdr_len - l3 - CX_IP6_HEADER);
    }
    return cx_headers_parse(head, hdr_len, h) && !h->fragment &&
           cx_headers_l4(h);
}

/* Makes the frame of number n; returns its length. */
static uint32_t cx_segment_make(uint8_t *frame, const ConnectXSegments *s,
                                uint32_t n)
{
    uint32_t at = n * s->mss;
    uint32_t bytes = MIN(s->mss, s->payload_len - at);
    uint32_t total = s->hdr_len + bytes;
    uint8_t *l4 = frame + s->h.l4;

    memcpy(frame, s->head, s->hdr_len);
    memcpy(frame + s->hdr_len, s->payload + at, bytes);
    cx_segment_lengths(frame, &s->h, total, n);
    if (s->h.proto == CX_IP_TCP) {
        stl_be_p(l4 + 4, ldl_be_p(l4 + 4) + at);
        if (at + bytes < s->payload_len) {
            l4[13] &= ~CX_TCP_FIN_PSH;
        }
    }
    cx_packet_checksum(frame, total, CX_CSUM_L3 | CX_CSUM_L4);
    return total;
}

bool cx_packet_segment(const uint8_t *data, uint32_t len, uint32_t hdr_len,
                       uint32_t mss, uint32_t *next, ConnectXEmit emit,
                       void *opaque)
{
    ConnectXSegments s;
    uint8_t frame[CX_FRAME_MAX];
    bool more = true;
    uint32_t frames;

    if (!mss || hdr_len > len || hdr_len < CX_ETH_HEADER + CX_IP4_HEADER ||
        hdr_len > CX_FRAME_MAX || mss > CX_FRAME_MAX - hdr_len ||
        (len - hdr_len) / mss > CX_SEGMENTS_MAX ||
        !cx_segment_headers(s.head, data, hdr_len, &s.h)) {
        return false;
    }
    s.payload = data + hdr_len;
    s.payload_len = len - hdr_len;
    s.hdr_len = hdr_len;
    s.mss = mss;
    frames = DIV_ROUND_UP(s.payload_len, mss);
    for (; more && *next < frames; ++*next) {
        more = emit(opaque, frame, cx_segment_make(frame, &s, *next));
    }
    if (*next >= frames) {
        *next = 0;
    }
    return true;
}
