/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the checksum over what no router changes of a packet
 *
 * The CRC of Ethernet over the packet, in front of which are eight bytes of
 * ones for a header that RoCE has not, and in which all bits are ones that may
 * change on the way (InfiniBand's Annex A17).
 */
#include "qemu/osdep.h"
#include "packet/icrc.h"
#include "packet/parse.h"

#define CX_CRC_POLYNOMIAL   0xedb88320u
#define CX_CRC_SLICES       4
#define CX_LRH_BYTES        8
#define CX_UDP_CHECKSUM     6
#define CX_BTH_BYTES        12
#define CX_BTH_RESERVED     4           /* byte with FECN and BECN */

static uint32_t cx_crc_table[CX_CRC_SLICES][256];

static void cx_crc_fill(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? CX_CRC_POLYNOMIAL : 0);
        }
        cx_crc_table[0][i] = crc;
    }
    for (int slice = 1; slice < CX_CRC_SLICES; slice++) {
        for (int i = 0; i < 256; i++) {
            uint32_t crc = cx_crc_table[slice - 1][i];

            cx_crc_table[slice][i] = crc >> 8 ^ cx_crc_table[0][crc & 0xff];
        }
    }
}

static uint32_t cx_crc(uint32_t crc, const uint8_t *p, uint32_t len)
{
    for (; len >= CX_CRC_SLICES; len -= CX_CRC_SLICES, p += CX_CRC_SLICES) {
        crc ^= p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
        crc = cx_crc_table[3][crc & 0xff] ^ cx_crc_table[2][crc >> 8 & 0xff] ^
              cx_crc_table[1][crc >> 16 & 0xff] ^ cx_crc_table[0][crc >> 24];
    }
    for (; len; len--, p++) {
        crc = crc >> 8 ^ cx_crc_table[0][(crc ^ *p) & 0xff];
    }
    return crc;
}

/* Traffic class, hop limit, checksum; of IPv6 the flow label, too */
static void cx_icrc_mask_l3(uint8_t *ip, bool v6)
{
    if (v6) {
        ip[0] |= 0x0f;
        memset(ip + 1, 0xff, 3);
        ip[7] = 0xff;
    } else {
        ip[1] = 0xff;
        ip[8] = 0xff;
        memset(ip + 10, 0xff, 2);
    }
}

uint32_t cx_icrc(const uint8_t *l3, uint32_t l3_len, bool v6,
                 const uint8_t *l4, uint32_t len)
{
    const uint32_t masked = CX_UDP_HEADER + CX_BTH_BYTES;
    uint8_t head[CX_LRH_BYTES + CX_IP6_HEADER + 40 + CX_UDP_HEADER +
                 CX_BTH_BYTES];
    uint8_t *udp = head + CX_LRH_BYTES + l3_len;
    uint32_t crc;

    if (!cx_crc_table[0][1]) {
        cx_crc_fill();
    }
    memset(head, 0xff, CX_LRH_BYTES);
    memcpy(head + CX_LRH_BYTES, l3, l3_len);
    cx_icrc_mask_l3(head + CX_LRH_BYTES, v6);
    memcpy(udp, l4, masked);
    memset(udp + CX_UDP_CHECKSUM, 0xff, 2);
    udp[CX_UDP_HEADER + CX_BTH_RESERVED] = 0xff;
    crc = cx_crc(UINT32_MAX, head, CX_LRH_BYTES + l3_len + masked);
    return ~cx_crc(crc, l4 + masked, len - masked);
}

void cx_icrc_put(uint8_t *p, uint32_t icrc)
{
    for (int i = 0; i < CX_ICRC_BYTES; i++) {
        p[i] = icrc >> (8 * i);
    }
}

uint32_t cx_icrc_get(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}
