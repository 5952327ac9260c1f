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

/* Over the pseudo header - length, protocol, both addresses - and the rest */
static uint16_t cx_sum_l4(const uint8_t *frame, const ConnectXHeaders *h)
{
    uint8_t pseudo[8] = { 0 };
    uint16_t sum;

    stl_be_p(pseudo, h->l4_len);
    pseudo[7] = h->proto;
    sum = cx_csum_add(0, pseudo, sizeof(pseudo));
    sum = h->version == 4 ? cx_csum_add(sum, frame + h->l3 + 12, 8) :
                            cx_csum_add(sum, frame + h->l3 + 8, 32);
    return cx_csum_add(sum, frame + h->l4, h->l4_len);
}

/* Where the checksum is; 0 if the frame has none. */
static uint32_t cx_checksum_l4_at(const ConnectXHeaders *h)
{
    return h->fragment || !cx_headers_l4(h) ? 0 :
           h->l4 + (h->proto == CX_IP_TCP ? 16 : 6);
}

static void cx_checksum_l4(uint8_t *frame, const ConnectXHeaders *h)
{
    uint32_t at = cx_checksum_l4_at(h);
    uint16_t sum;

    if (!at) {
        return;
    }
    stw_be_p(frame + at, 0);
    sum = ~cx_sum_l4(frame, h);
    /* In UDP, 0 says that there is none. */
    stw_be_p(frame + at, h->proto == CX_IP_UDP && !sum ? 0xffff : sum);
}

unsigned cx_packet_checksums_good(const uint8_t *frame, uint32_t len)
{
    ConnectXHeaders h;
    unsigned good = 0;
    uint32_t at;

    if (!cx_headers_parse(frame, len, &h)) {
        return 0;
    }
    if (h.version == 6 ||
        cx_csum_add(0, frame + h.l3, h.l4 - h.l3) == 0xffff) {
        good |= CX_CSUM_L3;
    }
    at = cx_checksum_l4_at(&h);
    if (at && (cx_sum_l4(frame, &h) == 0xffff ||
               (h.proto == CX_IP_UDP && h.version == 4 &&
                !lduw_be_p(frame + at)))) {
        good |= CX_CSUM_L4;
    }
    return good;
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
