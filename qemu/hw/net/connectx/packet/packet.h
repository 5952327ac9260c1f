/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: checksums and segmentation of a frame
 */
#ifndef HW_NET_CONNECTX_PACKET_H
#define HW_NET_CONNECTX_PACKET_H

#define CX_ETH_HEADER       14
#define CX_FRAME_MIN        60
#define CX_FRAME_MAX        10240           /* MTU 10000 and headers */
/* Frames of one send: 256 KiB in the smallest segments that TCP uses */
#define CX_SEGMENTS_MAX     1024

/* Checksums that a work request asks for */
enum {
    CX_CSUM_L3  = 1 << 0,
    CX_CSUM_L4  = 1 << 1,
};

/* Fills in IPv4 header and TCP/UDP checksums; leaves other frames alone. */
void cx_packet_checksum(uint8_t *frame, uint32_t len, unsigned which);
/* Which checksums a frame has and are right: CX_CSUM_*. IPv6 needs none. */
unsigned cx_packet_checksums_good(const uint8_t *frame, uint32_t len);
/*
 * cx_packet_segment - Cut a large TCP or UDP send into frames.
 * hdr_len bytes of headers are repeated before each mss bytes of payload, with
 * lengths, ids, sequence numbers, flags and checksums set. False if the
 * headers are not of a kind that can be cut. *next is the frame to begin with,
 * and then the one to go on with another time, as emit did not want more; 0
 * when all are made.
 */
typedef bool (*ConnectXEmit)(void *opaque, const uint8_t *frame, uint32_t len);
bool cx_packet_segment(const uint8_t *data, uint32_t len, uint32_t hdr_len,
                       uint32_t mss, uint32_t *next, ConnectXEmit emit,
                       void *opaque);

#endif /* HW_NET_CONNECTX_PACKET_H */
