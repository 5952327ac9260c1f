/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of RoCE, without a model: what is built is what is read, a checksum
 * that a card made, and what is not such a packet. Frames lie in memory of
 * their own length, so that the sanitizers see a byte too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "packet/icrc.h"
#include "packet/parse.h"
#include "packet/roce.h"
#include "random.h"

#define ETH             14
#define FUZZ_ROUNDS     200000

/* A congestion notification as a ConnectX-4 Lx sent it, ICRC and all */
static const uint8_t captured[] = {
    0xe4, 0x1d, 0x2d, 0xab, 0x2b, 0xc2, 0x7c, 0xfe, 0x90, 0x64, 0x3b, 0x32,
    0x08, 0x00,
    0x45, 0xc2, 0x00, 0x3c, 0x71, 0x8c, 0x40, 0x00, 0x40, 0x11, 0x91, 0x61,
    0x0a, 0x00, 0x11, 0x01, 0x0a, 0x00, 0x12, 0x01,
    0x00, 0x00, 0x12, 0xb7, 0x00, 0x28, 0x00, 0x00,
    0x81, 0x00, 0xff, 0xff, 0x40, 0x00, 0x01, 0x18, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00,
    0x82, 0xfd, 0x00, 0x2a,
};

static const uint8_t opcodes[] = {
    CX_RC_SEND_FIRST, CX_RC_SEND_MIDDLE, CX_RC_SEND_LAST, CX_RC_SEND_LAST_IMM,
    CX_RC_SEND_ONLY, CX_RC_SEND_ONLY_IMM, CX_RC_WRITE_FIRST,
    CX_RC_WRITE_MIDDLE, CX_RC_WRITE_LAST, CX_RC_WRITE_LAST_IMM,
    CX_RC_WRITE_ONLY, CX_RC_WRITE_ONLY_IMM, CX_RC_READ_REQUEST,
    CX_RC_READ_FIRST, CX_RC_READ_MIDDLE, CX_RC_READ_LAST, CX_RC_READ_ONLY,
    CX_RC_ACK, CX_RC_ATOMIC_ACK, CX_RC_COMPARE_SWAP, CX_RC_FETCH_ADD,
    CX_RC_SEND_LAST_INV, CX_RC_SEND_ONLY_INV,
    CX_UD_SEND_ONLY, CX_UD_SEND_ONLY_IMM,
    CX_ROCE_UC | CX_RC_SEND_MIDDLE, CX_ROCE_UC | CX_RC_WRITE_ONLY_IMM,
    CX_ROCE_XRC | CX_RC_SEND_FIRST, CX_ROCE_XRC | CX_RC_SEND_ONLY_IMM,
    CX_ROCE_XRC | CX_RC_WRITE_ONLY_IMM, CX_ROCE_XRC | CX_RC_READ_REQUEST,
    CX_ROCE_XRC | CX_RC_READ_LAST, CX_ROCE_XRC | CX_RC_ACK,
    CX_ROCE_XRC | CX_RC_COMPARE_SWAP, CX_ROCE_XRC | CX_RC_SEND_ONLY_INV,
};

static const ConnectXRoceEnds some_ends = {
    .to = { 2, 0, 0, 0, 0, 1 }, .from = { 2, 0, 0, 0, 0, 2 },
    .source = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
    .target = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
    .class = 0x6a, .hops = 17, .sport = 0xc123,
};

static ConnectXRoce some_packet(uint8_t opcode, const uint8_t *payload,
                                uint32_t len)
{
    bool data = cx_roce_means(opcode) & CX_ROCE_DATA;

    return (ConnectXRoce) {
        .opcode = opcode, .solicited = true, .ack_wanted = true,
        .pkey = CX_ROCE_PKEY, .qpn = 0xabcdef, .psn = 0x654321,
        .va = 0x1122334455667788, .key = 0x99aabbcc, .len = 0x10203040,
        .swap_add = 0x0102030405060708, .compare = 0x1112131415161718,
        .syndrome = CX_AETH_RNR | 7, .msn = 0x313233,
        .value = 0x4142434445464748, .q_key = 0x80010000,
        .source_qpn = 0x515253, .imm = 0x61626364, .srqn = 0x717273,
        .payload = data ? payload : NULL, .payload_len = data ? len : 0,
    };
}

/* The same bytes in memory that ends where they end */
static uint8_t *exactly(const uint8_t *frame, uint32_t len)
{
    uint8_t *copy = malloc(len);

    assert_non_null(copy);
    memcpy(copy, frame, len);
    return copy;
}

static void check_headers(const ConnectXRoce *a, const ConnectXRoce *b)
{
    unsigned means = cx_roce_means(a->opcode);

    assert_int_equal(a->opcode, b->opcode);
    assert_int_equal(a->solicited, b->solicited);
    assert_int_equal(a->ack_wanted, b->ack_wanted);
    assert_int_equal(a->pkey, b->pkey);
    assert_int_equal(a->qpn, b->qpn);
    assert_int_equal(a->psn, b->psn);
    if (means & (CX_ROCE_RETH | CX_ROCE_ATOMIC_ETH)) {
        assert_int_equal(a->va, b->va);
        assert_int_equal(a->key, b->key);
    }
    assert_int_equal(b->len, means & CX_ROCE_RETH ? a->len : 0);
    assert_int_equal(b->compare, means & CX_ROCE_ATOMIC_ETH ? a->compare : 0);
    assert_int_equal(b->swap_add,
                     means & CX_ROCE_ATOMIC_ETH ? a->swap_add : 0);
    assert_int_equal(b->syndrome, means & CX_ROCE_AETH ? a->syndrome : 0);
    assert_int_equal(b->msn, means & CX_ROCE_AETH ? a->msn : 0);
    assert_int_equal(b->value, means & CX_ROCE_ATOMIC_AETH ? a->value : 0);
    assert_int_equal(b->q_key, means & CX_ROCE_DETH ? a->q_key : 0);
    assert_int_equal(b->source_qpn, means & CX_ROCE_DETH ? a->source_qpn : 0);
    assert_int_equal(b->imm, means & (CX_ROCE_IMM | CX_ROCE_IETH) ? a->imm : 0);
    assert_int_equal(b->srqn, means & CX_ROCE_XRCETH ? a->srqn : 0);
}

static void check_round(const ConnectXRoceEnds *ends, uint8_t opcode,
                        const uint8_t *payload, uint32_t len)
{
    ConnectXRoce in = some_packet(opcode, payload, len), out;
    uint8_t frame[CX_ROCE_FRAME_MAX], *copy;
    uint32_t frame_len = cx_roce_build(ends, &in, frame);
    ConnectXRoceEnds read;

    copy = exactly(frame, frame_len);
    assert_true(cx_roce_parse(copy, frame_len, &read, &out));
    check_headers(&in, &out);
    assert_int_equal(out.payload_len, in.payload_len);
    if (in.payload_len) {
        assert_memory_equal(out.payload, payload, in.payload_len);
    }
    assert_memory_equal(read.to, ends->to, 6);
    assert_memory_equal(read.from, ends->from, 6);
    assert_memory_equal(read.source, ends->source, 16);
    assert_memory_equal(read.target, ends->target, 16);
    assert_int_equal(read.v6, ends->v6);
    assert_int_equal(read.class, ends->class);
    assert_int_equal(read.hops, ends->hops);
    assert_int_equal(read.flow, ends->flow);
    assert_int_equal(read.sport, ends->sport);
    assert_int_equal(read.tagged, ends->tagged);
    assert_int_equal(read.tci, ends->tci);
    free(copy);
}

static void test_built_is_read(void **state)
{
    ConnectXRoceEnds v6 = some_ends;
    uint8_t payload[CX_ROCE_PAYLOAD_MAX];
    uint32_t seed = 7;

    for (unsigned i = 0; i < sizeof(payload); i++) {
        payload[i] = random_next(&seed);
    }
    v6.v6 = true;
    v6.flow = 0xabcde;
    v6.tagged = true;
    v6.tci = 0x6123;
    v6.source[0] = v6.target[0] = 0xfe;
    for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
        for (uint32_t len = 0; len < 9; len++) {
            check_round(&some_ends, opcodes[i], payload, len);
            check_round(&v6, opcodes[i], payload, len);
        }
        check_round(&v6, opcodes[i], payload, CX_ROCE_PAYLOAD_MAX);
    }
}

/* XRCETH is in front of all other headers of a request; answers have none. */
static void test_xrc_header(void **state)
{
    static const uint8_t requests[] = {
        CX_RC_SEND_ONLY_IMM, CX_RC_WRITE_MIDDLE, CX_RC_WRITE_ONLY,
        CX_RC_READ_REQUEST, CX_RC_FETCH_ADD,
    };
    const uint32_t xrceth = ETH + CX_IP4_HEADER + 8 + 12;
    uint8_t frame[CX_ROCE_FRAME_MAX], rc[CX_ROCE_FRAME_MAX];
    ConnectXRoce p;

    for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
        uint32_t len;

        p = some_packet(CX_ROCE_XRC | requests[i], (const uint8_t *)"abcd", 4);
        len = cx_roce_build(&some_ends, &p, frame);
        p.opcode = requests[i];
        assert_int_equal(cx_roce_build(&some_ends, &p, rc), len - 4);
        assert_int_equal(frame[xrceth - 12], 0xa0 + requests[i]);
        assert_int_equal(ldl_be_p(frame + xrceth), p.srqn);
        assert_memory_equal(frame + xrceth + 4, rc + xrceth,
                            len - xrceth - 4 - CX_ICRC_BYTES);
    }
    p = some_packet(CX_ROCE_XRC | CX_RC_ACK, NULL, 0);
    assert_int_equal(cx_roce_build(&some_ends, &p, frame),
                     xrceth + 4 + CX_ICRC_BYTES);
}

/* An unreliable connection has sends and writes alone. */
static void test_uc_operations(void **state)
{
    for (unsigned operation = 0; operation < 0x20; operation++) {
        unsigned means = cx_roce_means(CX_ROCE_UC | operation);

        assert_int_equal(means, operation <= CX_RC_WRITE_ONLY_IMM ?
                                cx_roce_means(operation) : 0);
    }
}

static void test_icrc_of_a_card(void **state)
{
    const uint8_t *udp = captured + ETH + CX_IP4_HEADER;
    uint32_t len = sizeof(captured) - ETH - CX_IP4_HEADER - CX_ICRC_BYTES;
    uint8_t put[CX_ICRC_BYTES];

    cx_icrc_put(put, cx_icrc(captured + ETH, CX_IP4_HEADER, false, udp, len));
    assert_memory_equal(put, udp + len, sizeof(put));
}

/* Routers change some fields, and no others. */
static void test_icrc_covers(void **state)
{
    ConnectXRoce p = some_packet(CX_RC_SEND_ONLY, (const uint8_t *)"abcd", 4);
    uint8_t frame[CX_ROCE_FRAME_MAX];
    uint32_t len = cx_roce_build(&some_ends, &p, frame);
    ConnectXRoceEnds ends;
    ConnectXRoce out;

    for (uint32_t at = ETH; at < len; at++) {
        bool may = at == ETH + 1 || at == ETH + 8 || at == ETH + 10 ||
                   at == ETH + 11 ||                    /* IPv4 */
                   at == ETH + 26 || at == ETH + 27 ||  /* UDP's checksum */
                   at == ETH + 32;                      /* BTH's reserved */

        frame[at] ^= 0x10;
        assert_int_equal(cx_roce_parse(frame, len, &ends, &out), may);
        frame[at] ^= 0x10;
    }
    assert_true(cx_roce_parse(frame, len, &ends, &out));
}

static void test_short_of_a_byte(void **state)
{
    uint8_t frame[CX_ROCE_FRAME_MAX];

    for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
        ConnectXRoce p = some_packet(opcodes[i], (const uint8_t *)"abc", 3);
        uint32_t whole = cx_roce_build(&some_ends, &p, frame);

        for (uint32_t len = 0; len < whole; len++) {
            uint8_t *copy = exactly(frame, len + 1);
            ConnectXRoceEnds ends;
            ConnectXRoce out;

            assert_false(cx_roce_parse(copy, len, &ends, &out));
            free(copy);
        }
    }
}

/* Puts the checksum right again, so that what is behind it is looked at. */
static void mend(uint8_t *frame, uint32_t len)
{
    const uint32_t l4 = ETH + CX_IP4_HEADER;

    if (frame[ETH] == 0x45 && len >= l4 + 24) {
        cx_icrc_put(frame + len - CX_ICRC_BYTES,
                    cx_icrc(frame + ETH, CX_IP4_HEADER, false, frame + l4,
                            len - l4 - CX_ICRC_BYTES));
    }
}

static void test_fuzz(void **state)
{
    uint8_t frame[CX_ROCE_FRAME_MAX];
    uint32_t seed = 0xc0ffee;
    unsigned good = 0;

    for (unsigned i = 0; i < FUZZ_ROUNDS; i++) {
        uint8_t opcode = opcodes[random_below(&seed, ARRAY_SIZE(opcodes))];
        ConnectXRoce p = some_packet(opcode, (const uint8_t *)"abcdefgh",
                                     random_below(&seed, 9)), out;
        uint32_t len = cx_roce_build(&some_ends, &p, frame);
        ConnectXRoceEnds ends;
        uint8_t *copy;

        for (unsigned n = random_below(&seed, 4); n; n--) {
            frame[random_below(&seed, len)] = random_next(&seed);
        }
        mend(frame, len);
        copy = exactly(frame, len);
        good += cx_roce_parse(copy, len, &ends, &out);
        free(copy);
    }
    assert_in_range(good, FUZZ_ROUNDS / 10, FUZZ_ROUNDS - FUZZ_ROUNDS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_is_read),
        cmocka_unit_test(test_xrc_header),
        cmocka_unit_test(test_uc_operations),
        cmocka_unit_test(test_icrc_of_a_card),
        cmocka_unit_test(test_icrc_covers),
        cmocka_unit_test(test_short_of_a_byte),
        cmocka_unit_test(test_fuzz),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
