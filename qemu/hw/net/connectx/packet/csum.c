/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: checksums
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "packet/csum.h"
#include "packet/packet.h"
#include "packet/parse.h"

/*
 * Sums words of four bytes as they lie in memory: the order of bytes does not
 * matter to the sum but that it comes out in the same.
 */
uint16_t cx_csum_add(uint16_t sum, const void *data, uint32_t len)
{
    const uint8_t *p = data;
    uint64_t acc = 0;
    uint8_t out[2];
    uint16_t half;
    uint32_t word;

    for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        acc += word;
    }
    word = 0;
    memcpy(&word, p, len);
    acc += word;
    acc = (acc & 0xffffffff) + (acc >> 32);
    acc = (acc & 0xffff) + (acc >> 16 & 0xffff) + (acc >> 32);
    acc = (acc & 0xffff) + (acc >> 16);
    half = (acc & 0xffff) + (acc >> 16);
    memcpy(out, &half, sizeof(half));
    word = sum + lduw_be_p(out);
    return (word & 0xffff) + (word >> 16);
}

static void cx_checksum_l3(uint8_t *frame, const ConnectXHeaders *h)
{
    uint8_t *ip = frame + h->l3;

    if (h->version == 4) {
        stw_be_p(ip + 10, 0);
        stw_be_p(ip + 10, ~cx_csum_add(0, ip, h->l4 - h->l3));
    }
}

static void cx_checksum_l4(uint8_t *frame, const ConnectXHeaders *h)
{
    uint8_t *l4 = frame + h->l4;
    uint8_t pseudo[8] = { 0 };
    uint16_t sum;
    uint8_t *at;

    if (h->fragment || !cx_headers_l4(h)) {
        return;
    }
    at = l4 + (h->proto == CX_IP_TCP ? 16 : 6);
    stw_be_p(at, 0);
    /* The pseudo header: length, protocol, and both addresses */
    stl_be_p(pseudo, h->l4_len);
    pseudo[7] = h->proto;
    sum = cx_csum_add(0, pseudo, sizeof(pseudo));
    sum = h->version == 4 ? cx_csum_add(sum, frame + h->l3 + 12, 8) :
                            cx_csum_add(sum, frame + h->l3 + 8, 32);
    sum = ~cx_csum_add(sum, l4, h->l4_len);
    /* In UDP, 0 says that there is none. */
    stw_be_p(at, h->proto == CX_IP_UDP && !sum ? 0xffff : sum);
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
