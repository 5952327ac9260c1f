/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: hashes that spread frames over receive queues
 */
#include "qemu/osdep.h"
#include "packet/hash.h"
#include "packet/parse.h"

uint32_t cx_toeplitz(const uint8_t key[CX_TOEPLITZ_KEY_BYTES],
                     const uint8_t *data, uint32_t len)
{
    uint32_t window = ldl_be_p(key);
    uint32_t hash = 0;

    for (uint32_t i = 0; i < len; i++) {
        uint8_t next = key[i + 4];

        for (int bit = 7; bit >= 0; bit--) {
            if (data[i] >> bit & 1) {
                hash ^= window;
            }
            window = window << 1 | (next >> bit & 1);
        }
    }
    return hash;
}

uint32_t cx_xor8(const uint8_t *data, uint32_t len)
{
    uint8_t hash = 0;

    for (uint32_t i = 0; i < len; i++) {
        hash ^= data[i];
    }
    return hash;
}

/* The ones that are wanted of two, in order if it does not matter which is. */
static uint32_t cx_hash_pair(uint8_t *data, const uint8_t *a, const uint8_t *b,
                             uint32_t len, bool symmetric)
{
    uint32_t n = 0;

    if (symmetric && a && b && memcmp(a, b, len) > 0) {
        const uint8_t *other = a;

        a = b;
        b = other;
    }
    if (a) {
        memcpy(data, a, len);
        n += len;
    }
    if (b) {
        memcpy(data + n, b, len);
        n += len;
    }
    return n;
}

uint32_t cx_hash_input(const uint8_t fields[CX_FIELDS_BYTES], unsigned which,
                       bool symmetric, uint8_t data[CX_HASH_BYTES_MAX])
{
#define ADDR(f) ((const uint8_t *)CX_ADDR(fte_match_set_lyr_2_4, fields, f))
    bool v4 = CX_GET(fte_match_set_lyr_2_4, fields, ip_version) == 4;
    bool tcp = CX_GET(fte_match_set_lyr_2_4, fields, ip_protocol) == CX_IP_TCP;
    const uint8_t *src = ADDR(src_ipv4_src_ipv6) + (v4 ? 12 : 0);
    const uint8_t *dst = ADDR(dst_ipv4_dst_ipv6) + (v4 ? 12 : 0);
    const uint8_t *sport = tcp ? ADDR(tcp_sport) : ADDR(udp_sport);
    const uint8_t *dport = tcp ? ADDR(tcp_dport) : ADDR(udp_dport);
    uint32_t n;

    n = cx_hash_pair(data, which & CX_HASH_SRC_IP ? src : NULL,
                     which & CX_HASH_DST_IP ? dst : NULL, v4 ? 4 : 16,
                     symmetric);
    return n + cx_hash_pair(data + n, which & CX_HASH_SPORT ? sport : NULL,
                            which & CX_HASH_DPORT ? dport : NULL, 2,
                            symmetric);
#undef ADDR
}
