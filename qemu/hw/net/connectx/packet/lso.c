/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a large send, cut into frames
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "packet/packet.h"
#include "packet/parse.h"

/* Frames of one send: 256 KiB in the smallest segments that TCP uses */
#define CX_SEGMENTS_MAX     1024

#define CX_TCP_FIN_PSH      0x09        /* byte 13 of the header */

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

bool cx_packet_segment(const uint8_t *data, uint32_t len, uint32_t hdr_len,
                       uint32_t mss, ConnectXEmit emit, void *opaque)
{
    uint8_t head[CX_FRAME_MAX], frame[CX_FRAME_MAX];
    ConnectXHeaders h;

    if (!mss || hdr_len > len || hdr_len < CX_ETH_HEADER + CX_IP4_HEADER ||
        hdr_len > CX_FRAME_MAX || mss > CX_FRAME_MAX - hdr_len ||
        (len - hdr_len) / mss > CX_SEGMENTS_MAX ||
        !cx_segment_headers(head, data, hdr_len, &h)) {
        return false;
    }
    for (uint32_t done = 0, n = 0; done < len - hdr_len; n++) {
        uint32_t bytes = MIN(mss, len - hdr_len - done);
        uint32_t total = hdr_len + bytes;
        uint8_t *l4 = frame + h.l4;

        memcpy(frame, head, hdr_len);
        memcpy(frame + hdr_len, data + hdr_len + done, bytes);
        cx_segment_lengths(frame, &h, total, n);
        if (h.proto == CX_IP_TCP) {
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
