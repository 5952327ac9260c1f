/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the headers of a frame
 */
#ifndef HW_NET_CONNECTX_PARSE_H
#define HW_NET_CONNECTX_PARSE_H

/* Ethernet types (RFC 9542, IEEE 802.1Q), protocols of IP (RFC 791, 8200) */
enum {
    CX_ETH_IP4      = 0x0800,
    CX_ETH_VLAN     = 0x8100,
    CX_ETH_IP6      = 0x86dd,
    CX_ETH_QINQ     = 0x88a8,
    CX_IP_TCP       = 6,
    CX_IP_UDP       = 17,
};

#define CX_VLAN_TAGS_MAX    2

/* Bytes of the headers, without options */
#define CX_IP4_HEADER       20
#define CX_IP6_HEADER       40
#define CX_TCP_HEADER       20
#define CX_UDP_HEADER       8

/* Where the headers of a frame begin. */
typedef struct ConnectXHeaders {
    uint32_t l3, l4;
    uint32_t l4_len;
    uint8_t version;
    uint8_t proto;
    bool fragment;
} ConnectXHeaders;

/* False for what is not IP, or not all there. */
bool cx_headers_parse(const uint8_t *frame, uint32_t len, ConnectXHeaders *h);
/* Has the frame a whole header of TCP or UDP? */
bool cx_headers_l4(const ConnectXHeaders *h);

#endif /* HW_NET_CONNECTX_PARSE_H */
