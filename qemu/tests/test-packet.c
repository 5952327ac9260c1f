/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the model does to frames in memory, without a model: checksums, and
 * large sends cut into frames. Each frame lies in memory of its own length, so
 * that the sanitizers see a byte too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "packet/csum.h"
#include "packet/packet.h"

#define ETH             14
#define TCP             6
#define UDP             17
#define SEQ             0xfffff000u     /* comes round within a send */
#define FLAGS           0x19            /* ACK, PSH, FIN */
#define FLAGS_INNER     0x10
#define IP_ID           0xffff
#define FRAMES_MAX      2048
#define FUZZ_ROUNDS     200000

typedef struct Frame {
    uint8_t *data;
    uint32_t len;
    uint32_t l3, l4;
    bool v6;
    uint8_t proto;
} Frame;

static uint8_t pattern(uint32_t i)
{
    return i * 7 + i / 251 + 1;
}

/* As RFC 1071 has it, word by word */
static uint16_t reference(uint32_t sum, const uint8_t *p, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        sum += i % 2 ? p[i] : p[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static Frame frame_new(unsigned tags, bool v6, uint8_t proto,
                       uint32_t payload_bytes)
{
    uint32_t l4_bytes = proto == TCP ? 20 : 8;
    Frame f = { .l3 = ETH + tags * 4, .v6 = v6, .proto = proto };
    uint8_t *ip, *l4;

    f.l4 = f.l3 + (v6 ? 40 : 20);
    f.len = f.l4 + l4_bytes + payload_bytes;
    f.data = calloc(1, f.len);
    for (unsigned i = 0; i < tags; i++) {
        stw_be_p(f.data + 12 + i * 4, i + 1 < tags ? 0x88a8 : 0x8100);
    }
    stw_be_p(f.data + f.l3 - 2, v6 ? 0x86dd : 0x0800);
    ip = f.data + f.l3;
    for (uint32_t i = 8; i < f.l4 - f.l3; i++) {
        ip[i] = pattern(i);
    }
    if (v6) {
        ip[0] = 0x60;
        stw_be_p(ip + 4, l4_bytes + payload_bytes);
        ip[6] = proto;
    } else {
        ip[0] = 0x45;
        stw_be_p(ip + 2, 20 + l4_bytes + payload_bytes);
        stw_be_p(ip + 4, IP_ID);
        ip[9] = proto;
    }
    l4 = f.data + f.l4;
    stl_be_p(l4, 0x12345678);
    if (proto == TCP) {
        stl_be_p(l4 + 4, SEQ);
        l4[12] = 0x50;
        l4[13] = FLAGS;
    } else {
        stw_be_p(l4 + 4, l4_bytes + payload_bytes);
    }
    for (uint32_t i = 0; i < payload_bytes; i++) {
        l4[l4_bytes + i] = pattern(i);
    }
    return f;
}

/* Both sums of a frame laid out as f are good. */
static void assert_sums(const Frame *f, const uint8_t *data, uint32_t len)
{
    const uint8_t *ip = data + f->l3;
    uint32_t l4_bytes = len - f->l4;
    uint16_t sum;

    if (!f->v6) {
        assert_int_equal(reference(0, ip, 20), 0xffff);
    }
    sum = f->v6 ? reference(0, ip + 8, 32) : reference(0, ip + 12, 8);
    sum = reference(sum + f->proto + l4_bytes, data + f->l4, l4_bytes);
    assert_int_equal(sum, 0xffff);
}

static void test_csum(void **state)
{
    for (uint32_t len = 0; len < 300; len++) {
        uint8_t *p = malloc(len);

        for (uint32_t i = 0; i < len; i++) {
            p[i] = len % 3 ? pattern(i) : 0xff;
        }
        for (uint32_t cut = 0; cut <= len; cut += 2) {
            uint16_t sum = cx_csum_add(0, p, cut);

            sum = cx_csum_add(sum, p + cut, len - cut);
            assert_int_equal(sum, reference(0, p, len));
        }
        free(p);
    }
}

static void test_checksums(void **state)
{
    for (unsigned i = 0; i < 24; i++) {
        Frame f = frame_new(i % 3, i / 3 % 2, i / 6 % 2 ? TCP : UDP,
                            i / 12 ? 1001 : 0);

        cx_packet_checksum(f.data, f.len, CX_CSUM_L3 | CX_CSUM_L4);
        assert_sums(&f, f.data, f.len);
        free(f.data);
    }
}

/* The sum over a UDP datagram that is 0 goes as its complement. */
static void test_udp_zero(void **state)
{
    Frame f = frame_new(0, false, UDP, 2);
    uint8_t *at = f.data + f.l4 + 6;

    memset(f.data + f.len - 2, 0, 2);
    cx_packet_checksum(f.data, f.len, CX_CSUM_L4);
    stw_be_p(f.data + f.len - 2, lduw_be_p(at));
    cx_packet_checksum(f.data, f.len, CX_CSUM_L4);
    assert_int_equal(lduw_be_p(at), 0xffff);
    free(f.data);
}

static void assert_left_alone(const uint8_t *data, uint32_t len)
{
    uint8_t *copy = malloc(len);

    memcpy(copy, data, len);
    cx_packet_checksum(copy, len, CX_CSUM_L3 | CX_CSUM_L4);
    assert_memory_equal(copy, data, len);
    free(copy);
}

/* Frames that are cut off, and such whose lengths lie */
static void test_not_a_frame(void **state)
{
    for (unsigned v6 = 0; v6 < 2; v6++) {
        Frame f = frame_new(2, v6, TCP, 10);

        for (uint32_t len = 1; len < f.len; len++) {
            assert_left_alone(f.data, len);
        }
        stw_be_p(f.data + f.l3 - 2, 0x0806);
        assert_left_alone(f.data, f.len);
        free(f.data);
    }
}

static void test_fragment(void **state)
{
    Frame f = frame_new(0, false, UDP, 10);

    stw_be_p(f.data + f.l3 + 6, 0x2000);
    cx_packet_checksum(f.data, f.len, CX_CSUM_L4);
    assert_int_equal(lduw_be_p(f.data + f.l4 + 6), 0);
    free(f.data);
}

typedef struct Cut {
    Frame whole;
    uint32_t hdr_bytes, mss;
    uint32_t done, frames;
    /* How many frames are wanted in one go */
    uint32_t at_once;
} Cut;

static bool cut_frame(void *opaque, const uint8_t *data, uint32_t len)
{
    Cut *cut = opaque;
    const Frame *f = &cut->whole;
    uint32_t bytes = len - cut->hdr_bytes;
    const uint8_t *l4 = data + f->l4;
    bool last = cut->done + bytes == f->len - cut->hdr_bytes;

    assert_int_equal(bytes, last ? f->len - cut->hdr_bytes - cut->done :
                                   cut->mss);
    assert_memory_equal(data + cut->hdr_bytes,
                        f->data + cut->hdr_bytes + cut->done, bytes);
    assert_memory_equal(data, f->data, f->l3);
    assert_sums(f, data, len);
    if (f->v6) {
        assert_int_equal(lduw_be_p(data + f->l3 + 4), len - f->l4);
    } else {
        assert_int_equal(lduw_be_p(data + f->l3 + 2), len - f->l3);
        assert_int_equal(lduw_be_p(data + f->l3 + 4),
                         (uint16_t)(IP_ID + cut->frames));
    }
    if (f->proto == TCP) {
        assert_int_equal(ldl_be_p(l4 + 4), SEQ + cut->done);
        assert_int_equal(l4[13], last ? FLAGS : FLAGS_INNER);
    } else {
        assert_int_equal(lduw_be_p(l4 + 4), len - f->l4);
    }
    cut->done += bytes;
    cut->frames++;
    return cut->frames % cut->at_once;
}

static void test_segment(void **state)
{
    static const uint32_t payloads[] = { 1, 1447, 1448, 1449, 65000 };

    for (unsigned i = 0; i < 40; i++) {
        Cut cut = {
            .whole = frame_new(i / 20, i / 5 % 2, i / 10 % 2 ? TCP : UDP,
                               payloads[i % 5]),
            .mss = 1448, .at_once = i % 7 + 1,
        };
        uint32_t next = 0, goes = 0;

        cut.hdr_bytes = cut.whole.len - payloads[i % 5];
        do {
            assert_true(cx_packet_segment(cut.whole.data, cut.whole.len,
                                          cut.hdr_bytes, cut.mss, &next,
                                          cut_frame, &cut));
            assert_int_equal(next, next ? ++goes * cut.at_once : 0);
        } while (next);
        assert_int_equal(cut.done, payloads[i % 5]);
        assert_int_equal(cut.frames, (payloads[i % 5] + 1447) / 1448);
        free(cut.whole.data);
    }
}

static bool no_frame(void *opaque, const uint8_t *data, uint32_t len)
{
    fail_msg("a frame of %u bytes was made", len);
    return false;
}

static void test_not_to_be_cut(void **state)
{
    Frame f = frame_new(0, false, TCP, 20000);
    uint32_t next = 0;
    const uint32_t hdr = f.len - 20000;
    const struct {
        uint32_t hdr_bytes, mss;
    } bad[] = {
        { hdr, 0 }, { f.len + 1, 1448 }, { 33, 1448 }, { f.l4 + 19, 1448 },
        { hdr, CX_FRAME_MAX - hdr + 1 }, { hdr, UINT32_MAX - hdr + 1 },
        { CX_FRAME_MAX + 1, 1 }, { hdr, 1 },
    };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(cx_packet_segment(f.data, f.len, bad[i].hdr_bytes,
                                       bad[i].mss, &next, no_frame, NULL));
    }
    f.data[f.l3 + 9] = 1;               /* ICMP */
    assert_false(cx_packet_segment(f.data, f.len, hdr, 1448, &next, no_frame,
                                   NULL));
    free(f.data);
}

static bool count_bytes(void *opaque, const uint8_t *data, uint32_t len)
{
    assert_in_range(len, 1, CX_FRAME_MAX);
    *(uint32_t *)opaque += cx_csum_add(0, data, len) != 1;
    return true;
}

/* Valid frames with a few bytes changed: whatever comes out, it comes out. */
static void test_fuzz(void **state)
{
    uint32_t frames = 0;

    srand(1);
    for (unsigned i = 0; i < FUZZ_ROUNDS; i++) {
        Frame f = frame_new(rand() % 3, rand() % 2, rand() % 2 ? TCP : UDP,
                            rand() % 200);
        uint32_t len = rand() % 4 ? f.len : rand() % f.len + 1;
        uint8_t *data = malloc(len);
        uint32_t next = rand() % 4;

        memcpy(data, f.data, len);
        for (int n = rand() % 4; n; n--) {
            data[rand() % len] = rand();
        }
        cx_packet_segment(data, len, rand() % (len + 2), rand() % 64,
                          &next, count_bytes, &frames);
        cx_packet_checksum(data, len, rand() % 4);
        free(data);
        free(f.data);
    }
    assert_in_range(frames, 1, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csum),
        cmocka_unit_test(test_checksums),
        cmocka_unit_test(test_udp_zero),
        cmocka_unit_test(test_not_a_frame),
        cmocka_unit_test(test_fragment),
        cmocka_unit_test(test_segment),
        cmocka_unit_test(test_not_to_be_cut),
        cmocka_unit_test(test_fuzz),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
