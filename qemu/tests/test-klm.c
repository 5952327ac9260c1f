/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory keys that lead to other keys: lists of pieces, of pieces of one size,
 * of blocks that repeat, and lists that lead nowhere; and to user space.
 */
#include "klm.h"
#include "rdma-moves.h"

#define PIECE           100             /* bytes */
#define APART           0x1000          /* from the begin of one to the next */

/* Three pieces of end e, the last one first */
static KlmKey pieces(const RdmaEnd *e, KlmEntry entries[3])
{
    for (unsigned i = 0; i < 3; i++) {
        entries[i] = (KlmEntry) { PIECE, e->mkey, e->buf + (2 - i) * APART };
    }
    return (KlmKey) {
        .mode = KLM_PIECES, .entries = entries, .n = 3, .len = 3 * PIECE,
    };
}

static KlmKey start_pieces(RdmaBench *r, void **state, KlmEntry entries[3])
{
    rdma_start(r, state, HCA_QP_RC, false);
    return pieces(&r->b, entries);
}

static void check_pieces(const uint8_t *bytes, uint32_t seed)
{
    for (unsigned i = 0; i < 3; i++) {
        rdma_check(bytes + (2 - i) * APART, PIECE, seed + i * PIECE);
    }
}

static void test_pieces(void **state)
{
    KlmEntry entries[3];
    RdmaBench r;
    uint32_t key;
    KlmKey k;

    k = start_pieces(&r, state, entries);
    key = klm_must_create(&r.b, &k);
    klm_must_write(&r, key, 0, 3 * PIECE, 1);
    check_pieces(r.b.bytes, 1);
    /* From within one into the next */
    klm_must_write(&r, key, PIECE / 2, PIECE, 7);
    rdma_check(r.b.bytes + 2 * APART + PIECE / 2, PIECE / 2, 7);
    rdma_check(r.b.bytes + APART, PIECE / 2, 7 + PIECE / 2);
    klm_must_refuse(&r, key, 2 * PIECE, PIECE + 1);
}

/* What the key says that it has, and its list has not */
static void test_list_ends_early(void **state)
{
    KlmEntry entries[3];
    RdmaBench r;
    KlmKey k;

    k = start_pieces(&r, state, entries);
    k.len++;
    klm_must_refuse(&r, klm_must_create(&r.b, &k), PIECE, 2 * PIECE + 1);
}

static void test_gathered(void **state)
{
    KlmEntry entries[3];
    RdmaBench r;
    HcaWr wr;
    KlmKey k;

    rdma_start(&r, state, HCA_QP_RC, false);
    k = pieces(&r.a, entries);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 3 * PIECE);
    wr.seg[0].key = klm_must_create(&r.a, &k);
    wr.seg[0].addr = KLM_START;
    for (unsigned i = 0; i < 3; i++) {
        rdma_fill(r.a.bytes + (2 - i) * APART, PIECE, i * PIECE);
    }
    hca_qp_send(&r.a.qp, &wr);
    hca_must_pop(&r.a.send_cq, HCA_CQE_REQ);
    rdma_check(r.b.bytes, 3 * PIECE, 0);
}

static void test_pieces_of_one_size(void **state)
{
    KlmEntry entries[2];
    RdmaBench r;
    uint32_t key;

    rdma_start(&r, state, HCA_QP_RC, false);
    entries[0] = (KlmEntry) { 0, r.b.mkey, r.b.buf + 4 * APART };
    entries[1] = (KlmEntry) { 0, r.b.mkey, r.b.buf };
    key = klm_must_create(&r.b, &(KlmKey) {
        .mode = KLM_FIXED, .shift = 12, .entries = entries, .n = 2,
        .len = 3 << 12,
    });
    klm_must_write(&r, key, 0xf00, 0x200, 5);
    rdma_check(r.b.bytes + 4 * APART + 0xf00, 0x100, 5);
    rdma_check(r.b.bytes, 0x100, 5 + 0x100);
    klm_must_refuse(&r, key, 0x1f00, 0x101);
}

/* Ten turns of 8 bytes of one place and 4 of another, then a piece */
static void test_blocks_that_repeat(void **state)
{
    const unsigned turns = 10, bytes = 12;
    KlmEntry entries[4];
    RdmaBench r;
    uint32_t key;

    rdma_start(&r, state, HCA_QP_RC, false);
    entries[0] = (KlmEntry) { bytes, KLM_REPEAT, (uint64_t)turns << 32 | 2 };
    entries[1] = (KlmEntry) { 16 << 16 | 8, r.b.mkey, r.b.buf };
    entries[2] = (KlmEntry) { 64 << 16 | 4, r.b.mkey, r.b.buf + APART };
    entries[3] = (KlmEntry) { PIECE, r.b.mkey, r.b.buf + 2 * APART };
    key = klm_must_create(&r.b, &(KlmKey) {
        .mode = KLM_PIECES, .entries = entries, .n = 4,
        .len = turns * bytes + PIECE,
    });
    klm_must_write(&r, key, 0, turns * bytes + PIECE, 3);
    for (unsigned i = 0; i < turns; i++) {
        rdma_check(r.b.bytes + i * 16, 8, 3 + i * bytes);
        rdma_check(r.b.bytes + APART + i * 64, 4, 3 + i * bytes + 8);
    }
    rdma_check(r.b.bytes + 2 * APART, PIECE, 3 + turns * bytes);
}

/* Blocks without entries, with too many, and that say too much of them */
static void test_blocks_that_are_none(void **state)
{
    KlmEntry entries[2];
    RdmaBench r;
    KlmKey k = { .mode = KLM_PIECES, .entries = entries, .n = 2, .len = 100 };

    rdma_start(&r, state, HCA_QP_RC, false);
    entries[1] = (KlmEntry) { 8, r.b.mkey, r.b.buf };
    entries[0] = (KlmEntry) { 12, KLM_REPEAT, 10ull << 32 };
    klm_must_refuse(&r, klm_must_create(&r.b, &k), 0, 100);
    entries[0] = (KlmEntry) { 12, KLM_REPEAT, 10ull << 32 | 2 };
    klm_must_refuse(&r, klm_must_create(&r.b, &k), 0, 100);
    entries[0] = (KlmEntry) { 12, KLM_REPEAT, 10ull << 32 | 1 };
    klm_must_refuse(&r, klm_must_create(&r.b, &k), 0, 100);
    entries[0] = (KlmEntry) { 0, KLM_REPEAT, UINT32_MAX * (1ull << 32) | 1 };
    klm_must_refuse(&r, klm_must_create(&r.b, &k), 0, 100);
    entries[0] = (KlmEntry) { UINT32_MAX, KLM_REPEAT, UINT64_MAX };
    klm_must_refuse(&r, klm_must_create(&r.b, &k), 0, 100);
}

/* A key that the list names must be the domain's, be there and allow it. */
static void test_keys_behind_it(void **state)
{
    KlmEntry entries[3];
    RdmaBench r;
    uint32_t key;
    KlmKey k;

    k = start_pieces(&r, state, entries);
    entries[1].key = rdma_create_key(&r.b, &(RdmaKey) {
        .pd = r.b.pd, .no_local_write = true, .no_remote_write = true,
    });
    key = klm_must_create(&r.b, &k);
    klm_must_write(&r, key, 0, PIECE, 1);
    klm_must_refuse(&r, key, PIECE, PIECE);
    entries[1].key = rdma_create_key(&r.b, &(RdmaKey) {
        .pd = hca_must_alloc(r.b.hca, OP(ALLOC_PD)),
    });
    klm_must_refuse(&r, klm_must_create(&r.b, &k), PIECE, PIECE);
    entries[1].key = 0x7f7f7f00;
    klm_must_refuse(&r, klm_must_create(&r.b, &k), PIECE, PIECE);
    /* The reserved key is for queue pairs that may use it. */
    entries[1].key = 0x1700;
    klm_must_refuse(&r, klm_must_create(&r.b, &k), PIECE, PIECE);
    /* What the peer may is what the list's key says, not those behind it. */
    entries[1].key = rdma_create_key(&r.b, &(RdmaKey) {
        .pd = r.b.pd, .no_remote_write = true,
    });
    klm_must_write(&r, klm_must_create(&r.b, &k), PIECE, PIECE, 9);
    rdma_check(r.b.bytes + APART, PIECE, 9);
}

/* A key over a UMEM of three pages, last to first, from its second page on */
static uint32_t create_key_in_umem(RdmaEnd *e, uint64_t at, uint64_t len)
{
    uint8_t umem[CX_SZ(create_umem_in) + 3 * 8] = {};
    uint8_t in[CX_SZ(create_mkey_in)] = {}, out[CX_SZ(create_mkey_out)];
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);

    hca_header(umem, OP(CREATE_UMEM), 0);
    CX_SET64(create_umem_in, umem, umem.num_of_mtt, 3);
    for (unsigned i = 0; i < 3; i++) {
        stq_be_p(umem + CX_SZ(create_umem_in) + i * 8,
                 (e->buf + (2 - i) * HCA_PAGE_BYTES) | 3);
    }
    assert_int_equal(hca_exec(e->hca, umem, sizeof(umem), out, sizeof(out)),
                     HCA_OK);
    hca_header(in, OP(CREATE_MKEY), 0);
    CX_SET(create_mkey_in, in, mkey_umem_valid, 1);
    cx_bits_set(in, CX_BIT_MKEY_UMEM_ID, 32,
                CX_GET(create_umem_out, out, umem_id));
    stq_be_p(in + CX_BIT_MKEY_UMEM_OFFSET / 8, HCA_PAGE_BYTES + at);
    CX_SET(mkc, mkc, access_mode_1_0, 1);
    CX_SET(mkc, mkc, lw, 1);
    CX_SET(mkc, mkc, rw, 1);
    CX_SET(mkc, mkc, qpn, 0xffffff);
    CX_SET(mkc, mkc, pd, e->pd);
    CX_SET64(mkc, mkc, start_addr, KLM_START + at);
    CX_SET64(mkc, mkc, len, len);
    CX_SET(mkc, mkc, log_page_size, 13);
    assert_int_equal(hca_exec(e->hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    return CX_GET(create_mkey_out, out, mkey_index) << 8;
}

static void test_memory_of_user_space(void **state)
{
    const uint32_t at = HCA_PAGE_BYTES - PIECE;
    RdmaBench r;
    uint32_t key;

    rdma_start(&r, state, HCA_QP_RC, false);
    key = create_key_in_umem(&r.b, at, 2 * PIECE);
    klm_must_write(&r, key, at, 2 * PIECE, 4);
    rdma_check(r.b.bytes + HCA_PAGE_BYTES + at, PIECE, 4);
    rdma_check(r.b.bytes, PIECE, 4 + PIECE);
    klm_must_refuse(&r, key, at, 2 * PIECE + 1);
}

/* As rdma-core fills a key that it has made free: the list in the request */
static void test_filled_by_request(void **state)
{
    static const uint8_t inlined = 1 << 7, if_free = 1 << 5;
    uint8_t body[48 + 64 + 4 * 16] = {}, *mkc = body + 48;
    KlmEntry entries[4] = {};
    RdmaBench r;
    uint32_t key;
    HcaWr wr;
    KlmKey k;

    k = start_pieces(&r, state, entries);
    k.n = 4;
    k.free = true;
    key = klm_must_create(&r.b, &k);
    klm_must_refuse(&r, key, 0, PIECE);
    wr = (HcaWr) {
        .opcode = HCA_WR_UMR, .flags = HCA_SIGNALLED, .imm = key,
        .body = body, .body_len = sizeof(body),
    };
    body[0] = inlined | if_free;
    stw_be_p(body + 4, 4);
    stq_be_p(body + 8, 1 << 0 | 1 << 6 | 0xf << 17 | 1 << 29);
    CX_SET(mkc, mkc, lr, 1);
    CX_SET(mkc, mkc, rw, 1);
    CX_SET64(mkc, mkc, start_addr, KLM_START);
    CX_SET64(mkc, mkc, len, 2 * PIECE);
    for (unsigned i = 0; i < 2; i++) {
        stl_be_p(body + 112 + i * 16, PIECE);
        stl_be_p(body + 112 + i * 16 + 4, r.b.mkey);
        stq_be_p(body + 112 + i * 16 + 8, r.b.buf + (1 - i) * APART);
    }
    hca_qp_send(&r.b.qp, &wr);
    hca_must_pop(&r.b.send_cq, HCA_CQE_REQ);
    klm_must_write(&r, key, 0, 2 * PIECE, 1);
    rdma_check(r.b.bytes + APART, PIECE, 1);
    rdma_check(r.b.bytes, PIECE, 1 + PIECE);
    klm_must_refuse(&r, key, PIECE, PIECE + 1);
}

/* It is its list, wherever its function is. */
static void test_it_moves(void **state)
{
    KlmEntry entries[3];
    RdmaMoves t;
    uint32_t key;
    KlmKey k;

    rdma_moves_start(&t, state, HCA_QP_RC);
    k = pieces(&t.r.b, entries);
    key = klm_must_create(&t.r.b, &k);
    rdma_moves_end(&t, &t.r.b);
    klm_must_write(&t.r, key, 0, 3 * PIECE, 1);
    check_pieces(t.r.b.bytes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_pieces),
        machine_test(test_list_ends_early),
        machine_test(test_gathered),
        machine_test(test_pieces_of_one_size),
        machine_test(test_blocks_that_repeat),
        machine_test(test_blocks_that_are_none),
        machine_test(test_keys_behind_it),
        machine_test(test_memory_of_user_space),
        machine_test(test_filled_by_request),
        machine_test(test_it_moves),
    };

    return machine_main(tests);
}
