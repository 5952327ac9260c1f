/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the model finds out about a frame, without a model: the fields that flow
 * tables match, hashes, tags, whether its checksums are good. Each frame lies
 * in memory of its own length, so that the sanitizers see a byte too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "packet/fields.h"
#include "packet/hash.h"
#include "packet/packet.h"
#include "packet/parse.h"
#include "packet/vlan.h"

#define ETH             14
#define TCP             6
#define UDP             17
#define FUZZ_ROUNDS     200000
#define GET(f)          CX_GET(fte_match_set_lyr_2_4, fields, f)

/* The key of Microsoft's verification suite for receive side scaling */
static const uint8_t key[CX_TOEPLITZ_KEY_BYTES] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
    0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
    0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
    0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

typedef struct Packet {
    unsigned tags;
    bool v6;
    uint8_t proto;
    uint8_t src[16], dst[16];
    uint16_t sport, dport;
    uint32_t payload;
} Packet;

static const Packet suite_v4 = {
    .proto = TCP, .src = { 66, 9, 149, 187 }, .dst = { 161, 142, 100, 80 },
    .sport = 2794, .dport = 1766,
};
static const Packet suite_v6 = {
    .v6 = true, .proto = TCP,
    .src = { 0x3f, 0xfe, 0x25, 0x01, 2, 0, 0x1f, 0xff, [15] = 7 },
    .dst = { 0x3f, 0xfe, 0x25, 0x01, 2, 0, 0, 3, [15] = 1 },
    .sport = 2794, .dport = 1766,
};

/* Returns memory of exactly the frame's length. */
static uint8_t *frame_of(const Packet *p, uint32_t *len)
{
    uint32_t l3 = ETH + p->tags * 4, l4 = l3 + (p->v6 ? 40 : 20);
    uint32_t l4_bytes = (p->proto == TCP ? 20 : 8) + p->payload;
    uint8_t *frame;

    *len = l4 + l4_bytes;
    frame = calloc(1, *len);
    for (unsigned i = 0; i < 12; i++) {
        frame[i] = 0x10 + i;
    }
    for (unsigned i = 0; i < p->tags; i++) {
        stw_be_p(frame + 12 + i * 4, p->tags == 2 && !i ? 0x88a8 : 0x8100);
        stw_be_p(frame + 14 + i * 4, 0xb064 + i);
    }
    stw_be_p(frame + l3 - 2, p->v6 ? 0x86dd : 0x0800);
    if (p->v6) {
        stl_be_p(frame + l3, 0x6b800000);       /* traffic class 0xb8 */
        stw_be_p(frame + l3 + 4, l4_bytes);
        frame[l3 + 6] = p->proto;
        frame[l3 + 7] = 61;
        memcpy(frame + l3 + 8, p->src, 16);
        memcpy(frame + l3 + 24, p->dst, 16);
    } else {
        stw_be_p(frame + l3, 0x45b8);
        stw_be_p(frame + l3 + 2, 20 + l4_bytes);
        frame[l3 + 8] = 61;
        frame[l3 + 9] = p->proto;
        memcpy(frame + l3 + 12, p->src, 4);
        memcpy(frame + l3 + 16, p->dst, 4);
    }
    stw_be_p(frame + l4, p->sport);
    stw_be_p(frame + l4 + 2, p->dport);
    if (p->proto == TCP) {
        stw_be_p(frame + l4 + 12, 0x5112);
    } else {
        stw_be_p(frame + l4 + 4, l4_bytes);
    }
    return frame;
}

static void fields_of(const Packet *p, uint8_t *fields)
{
    uint32_t len;
    uint8_t *frame = frame_of(p, &len);

    cx_fields_of(frame, len, fields);
    free(frame);
}

static void check_fields(const Packet *p)
{
    uint8_t fields[CX_FIELDS_BYTES];
    uint8_t *src = CX_ADDR(fte_match_set_lyr_2_4, fields, src_ipv4_src_ipv6);
    uint8_t *dst = CX_ADDR(fte_match_set_lyr_2_4, fields, dst_ipv4_dst_ipv6);

    fields_of(p, fields);
    assert_int_equal(GET(dmac_47_16), 0x10111213);
    assert_int_equal(GET(dmac_15_0), 0x1415);
    assert_int_equal(GET(smac_47_16), 0x16171819);
    assert_int_equal(GET(smac_15_0), 0x1a1b);
    assert_int_equal(GET(ethertype), p->v6 ? 0x86dd : 0x0800);
    assert_int_equal(GET(cvlan_tag), p->tags == 1);
    assert_int_equal(GET(svlan_tag), p->tags == 2);
    assert_int_equal(GET(first_prio), p->tags ? 5 : 0);
    assert_int_equal(GET(first_cfi), p->tags ? 1 : 0);
    assert_int_equal(GET(first_vid), p->tags ? 0x64 : 0);
    assert_int_equal(GET(ip_version), p->v6 ? 6 : 4);
    assert_int_equal(GET(ip_protocol), p->proto);
    assert_int_equal(GET(ip_dscp), 0xb8 >> 2);
    assert_int_equal(GET(ttl_hoplimit), 61);
    assert_int_equal(GET(tcp_sport), p->proto == TCP ? p->sport : 0);
    assert_int_equal(GET(tcp_dport), p->proto == TCP ? p->dport : 0);
    assert_int_equal(GET(tcp_flags), p->proto == TCP ? 0x112 : 0);
    assert_int_equal(GET(udp_sport), p->proto == UDP ? p->sport : 0);
    assert_int_equal(GET(udp_dport), p->proto == UDP ? p->dport : 0);
    assert_memory_equal(p->v6 ? src : src + 12, p->src, p->v6 ? 16 : 4);
    assert_memory_equal(p->v6 ? dst : dst + 12, p->dst, p->v6 ? 16 : 4);
}

static void test_fields(void **state)
{
    for (unsigned i = 0; i < 12; i++) {
        Packet p = i % 2 ? suite_v6 : suite_v4;

        p.proto = i / 2 % 2 ? UDP : TCP;
        p.tags = i / 4;
        check_fields(&p);
    }
}

/* Cut short anywhere, a packet has no L3 and nothing is read behind it. */
static void test_cut_short(void **state)
{
    uint8_t fields[CX_FIELDS_BYTES];
    uint32_t len;
    uint8_t *frame = frame_of(&suite_v6, &len);

    for (uint32_t cut = 0; cut < len; cut++) {
        uint8_t *copy = malloc(cut);

        memcpy(copy, frame, cut);
        cx_fields_of(copy, cut, fields);
        assert_int_equal(GET(ip_version), 0);
        assert_int_equal(GET(tcp_sport), 0);
        assert_int_equal(GET(dmac_15_0), cut < ETH ? 0 : 0x1415);
        free(copy);
    }
    free(frame);
}

static void test_fragment(void **state)
{
    uint8_t fields[CX_FIELDS_BYTES];
    uint32_t len;
    uint8_t *frame = frame_of(&suite_v4, &len);

    stw_be_p(frame + ETH + 6, 0x2000);
    cx_fields_of(frame, len, fields);
    assert_int_equal(GET(frag), 1);
    assert_int_equal(GET(ip_protocol), TCP);
    assert_int_equal(GET(tcp_sport), 0);
    free(frame);
}

static uint32_t hash_of(const Packet *p, unsigned which, bool symmetric)
{
    uint8_t fields[CX_FIELDS_BYTES], data[CX_HASH_BYTES_MAX];
    uint32_t len;

    fields_of(p, fields);
    len = cx_hash_input(fields, which, symmetric, data);
    return cx_toeplitz(key, data, len);
}

static void test_toeplitz(void **state)
{
    const unsigned ip = CX_HASH_SRC_IP | CX_HASH_DST_IP;
    const unsigned all = ip | CX_HASH_SPORT | CX_HASH_DPORT;

    assert_int_equal(hash_of(&suite_v4, ip, false), 0x323e8fc2);
    assert_int_equal(hash_of(&suite_v4, all, false), 0x51ccc178);
    assert_int_equal(hash_of(&suite_v6, ip, false), 0x2cc18cd5);
    assert_int_equal(hash_of(&suite_v6, all, false), 0x40207d3d);
    assert_int_equal(hash_of(&suite_v6, 0, false), 0);
}

/* Both directions of a connection, but not two connections */
static void test_symmetric(void **state)
{
    const unsigned all = CX_HASH_SRC_IP | CX_HASH_DST_IP | CX_HASH_SPORT |
                         CX_HASH_DPORT;

    for (unsigned v6 = 0; v6 < 2; v6++) {
        Packet there = v6 ? suite_v6 : suite_v4, back = there;

        memcpy(back.src, there.dst, 16);
        memcpy(back.dst, there.src, 16);
        back.sport = there.dport;
        back.dport = there.sport;
        assert_int_equal(hash_of(&there, all, true), hash_of(&back, all, true));
        assert_int_not_equal(hash_of(&there, all, false),
                             hash_of(&back, all, false));
        back.sport++;
        assert_int_not_equal(hash_of(&there, all, true),
                             hash_of(&back, all, true));
    }
    assert_int_equal(cx_xor8((const uint8_t *)"\x11\x22\x44", 3), 0x77);
}

static void test_vlan(void **state)
{
    uint32_t len, tagged, again;
    uint8_t *frame = frame_of(&suite_v4, &len);
    uint8_t *out = malloc(len + CX_VLAN_TAG_BYTES), *back = malloc(len);
    uint16_t tci = 0;

    assert_false(cx_vlan_get(frame, len, &tci));
    tagged = cx_vlan_push(out, frame, len, CX_ETH_VLAN, 0xa123);
    assert_int_equal(tagged, len + CX_VLAN_TAG_BYTES);
    assert_true(cx_vlan_get(out, tagged, &tci));
    assert_int_equal(tci, 0xa123);
    again = cx_vlan_pop(back, out, tagged);
    assert_int_equal(again, len);
    assert_memory_equal(back, frame, len);
    for (uint32_t cut = 1; cut < ETH + CX_VLAN_TAG_BYTES; cut++) {
        uint8_t *copy = malloc(cut);

        memcpy(copy, out, cut);
        assert_false(cx_vlan_get(copy, cut, &tci));
        free(copy);
    }
    free(frame);
    free(out);
    free(back);
}

static void test_good_checksums(void **state)
{
    for (unsigned i = 0; i < 12; i++) {
        Packet p = i % 2 ? suite_v6 : suite_v4;
        unsigned both = CX_CSUM_L3 | CX_CSUM_L4;
        uint8_t *frame;
        uint32_t len;

        p.proto = i / 2 % 2 ? UDP : TCP;
        p.tags = i / 4;
        p.payload = 33;
        frame = frame_of(&p, &len);
        assert_int_equal(cx_packet_checksums_good(frame, len) & CX_CSUM_L3,
                         p.v6 ? CX_CSUM_L3 : 0);
        cx_packet_checksum(frame, len, both);
        assert_int_equal(cx_packet_checksums_good(frame, len), both);
        frame[len - 1] ^= 1;
        assert_int_equal(cx_packet_checksums_good(frame, len), CX_CSUM_L3);
        free(frame);
    }
}

/* Whatever a frame looks like, nothing is read or written behind it. */
static void test_fuzz(void **state)
{
    uint8_t fields[CX_FIELDS_BYTES], data[CX_HASH_BYTES_MAX];
    uint8_t out[2048];
    unsigned found = 0;

    srand(1);
    for (unsigned i = 0; i < FUZZ_ROUNDS; i++) {
        Packet p = rand() % 2 ? suite_v6 : suite_v4;
        uint32_t len, cut, bytes;
        uint8_t *frame, *copy;
        uint16_t tci;

        p.tags = rand() % 3;
        p.proto = rand() % 2 ? UDP : TCP;
        p.payload = rand() % 40;
        frame = frame_of(&p, &len);
        cut = 1 + rand() % len;
        copy = malloc(cut);
        memcpy(copy, frame, cut);
        for (int n = rand() % 4; n; n--) {
            copy[rand() % cut] = rand();
        }
        cx_fields_of(copy, cut, fields);
        bytes = cx_hash_input(fields, rand() % 16, rand() % 2, data);
        assert_in_range(bytes, 0, CX_HASH_BYTES_MAX);
        found += cx_toeplitz(key, data, bytes) != 0;
        cx_packet_checksums_good(copy, cut);
        if (cx_vlan_get(copy, cut, &tci)) {
            cx_vlan_pop(out, copy, cut);
        }
        free(copy);
        free(frame);
    }
    assert_in_range(found, 1, FUZZ_ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_fragment),
        cmocka_unit_test(test_toeplitz),
        cmocka_unit_test(test_symmetric),
        cmocka_unit_test(test_vlan),
        cmocka_unit_test(test_good_checksums),
        cmocka_unit_test(test_fuzz),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
