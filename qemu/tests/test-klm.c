/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory keys that lead to other keys: lists of pieces, of pieces of one size,
 * of blocks that repeat, and lists that lead nowhere; and to user space.
 */
#include "luck.h"
#include "rdma-bench.h"
#include "vhca-bench.h"

#define MODE_KLM        2
#define MODE_KSM        3
#define REPEAT          0x400           /* in place of an entry's key */
#define LIST_MAX        4096
#define DEPTH_MAX       4
#define START           0x123456000ull  /* the key's first address */
#define PIECE           100             /* bytes */
#define APART           0x1000          /* from the begin of one to the next */
#define FUZZ_ROUNDS     400
#define KEYS            16
#define RANDOM_MAX      12              /* entries */

typedef struct Entry {
    uint32_t len, key;
    uint64_t va;
} Entry;

typedef struct Key {
    unsigned mode, shift;
    const Entry *entries;
    unsigned n;
    uint64_t len;
    bool free;
} Key;

static int create_key(RdmaEnd *e, const Key *k, uint32_t *key)
{
    uint32_t in_len = CX_SZ(create_mkey_in) + k->n * 16;
    uint8_t *in = calloc(1, in_len), out[CX_SZ(create_mkey_out)];
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);
    int status;

    hca_header(in, OP(CREATE_MKEY), 0);
    CX_SET(create_mkey_in, in, translations_octword_actual_size, k->n);
    CX_SET(mkc, mkc, access_mode_1_0, k->mode);
    CX_SET(mkc, mkc, free, k->free);
    CX_SET(mkc, mkc, umr_en, 1);
    CX_SET(mkc, mkc, lr, 1);
    CX_SET(mkc, mkc, lw, 1);
    CX_SET(mkc, mkc, rr, 1);
    CX_SET(mkc, mkc, rw, 1);
    CX_SET(mkc, mkc, qpn, 0xffffff);
    CX_SET(mkc, mkc, mkey_7_0, HCA_MKEY_BYTE);
    CX_SET(mkc, mkc, pd, e->pd);
    CX_SET64(mkc, mkc, start_addr, START);
    CX_SET64(mkc, mkc, len, k->len);
    CX_SET(mkc, mkc, log_page_size, k->shift);
    CX_SET(mkc, mkc, translations_octword_size, k->n);
    for (unsigned i = 0; i < k->n; i++) {
        uint8_t *entry = in + CX_SZ(create_mkey_in) + i * 16;

        stl_be_p(entry, k->entries[i].len);
        stl_be_p(entry + 4, k->entries[i].key);
        stq_be_p(entry + 8, k->entries[i].va);
    }
    status = hca_exec(e->hca, in, in_len, out, sizeof(out));
    *key = CX_GET(create_mkey_out, out, mkey_index) << 8 | HCA_MKEY_BYTE;
    free(in);
    return status;
}

static uint32_t must_create(RdmaEnd *e, const Key *k)
{
    uint32_t key;

    assert_int_equal(create_key(e, k, &key), HCA_OK);
    return key;
}

static HcaWr write_at(const RdmaBench *r, uint32_t key, uint64_t at,
                      uint32_t len)
{
    HcaWr wr = rdma_wr(r, HCA_WR_WRITE, 0, len);

    wr.remote_addr = START + at;
    wr.remote_key = key;
    return wr;
}

static void must_write(RdmaBench *r, uint32_t key, uint64_t at, uint32_t len,
                       uint32_t seed)
{
    HcaWr wr = write_at(r, key, at, len);

    rdma_fill(r->a.bytes, len, seed);
    hca_qp_send(&r->a.qp, &wr);
    hca_must_complete(&r->a.send_cq, HCA_CQE_REQ);
    hca_cq_pop(&r->a.send_cq);
}

/* The peer is told so; its bytes go nowhere. */
static void must_refuse(RdmaBench *r, uint32_t key, uint64_t at, uint32_t len)
{
    HcaWr wr = write_at(r, key, at, len);

    hca_qp_send(&r->a.qp, &wr);
    hca_must_fail(&r->a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_ACCESS);
    rdma_reconnect(r);
}

/* Three pieces of end e, the last one first */
static Key pieces(const RdmaEnd *e, Entry entries[3])
{
    for (unsigned i = 0; i < 3; i++) {
        entries[i] = (Entry) { PIECE, e->mkey, e->buf + (2 - i) * APART };
    }
    return (Key) {
        .mode = MODE_KLM, .entries = entries, .n = 3, .len = 3 * PIECE,
    };
}

static void check_pieces(const uint8_t *bytes, uint32_t seed)
{
    for (unsigned i = 0; i < 3; i++) {
        rdma_check(bytes + (2 - i) * APART, PIECE, seed + i * PIECE);
    }
}

static void test_pieces(void **state)
{
    Entry entries[3];
    RdmaBench r;
    uint32_t key;
    Key k;

    rdma_start(&r, state, HCA_QP_RC, false);
    k = pieces(&r.b, entries);
    key = must_create(&r.b, &k);
    must_write(&r, key, 0, 3 * PIECE, 1);
    check_pieces(r.b.bytes, 1);
    /* From within one into the next */
    must_write(&r, key, PIECE / 2, PIECE, 7);
    rdma_check(r.b.bytes + 2 * APART + PIECE / 2, PIECE / 2, 7);
    rdma_check(r.b.bytes + APART, PIECE / 2, 7 + PIECE / 2);
    must_refuse(&r, key, 2 * PIECE, PIECE + 1);
}

/* What the key says that it has, and its list has not */
static void test_list_ends_early(void **state)
{
    Entry entries[3];
    RdmaBench r;
    Key k;

    rdma_start(&r, state, HCA_QP_RC, false);
    k = pieces(&r.b, entries);
    k.len++;
    must_refuse(&r, must_create(&r.b, &k), PIECE, 2 * PIECE + 1);
}

static void test_gathered(void **state)
{
    Entry entries[3];
    RdmaBench r;
    HcaWr wr;
    Key k;

    rdma_start(&r, state, HCA_QP_RC, false);
    k = pieces(&r.a, entries);
    wr = rdma_wr(&r, HCA_WR_WRITE, 0, 3 * PIECE);
    wr.seg[0].key = must_create(&r.a, &k);
    wr.seg[0].addr = START;
    for (unsigned i = 0; i < 3; i++) {
        rdma_fill(r.a.bytes + (2 - i) * APART, PIECE, i * PIECE);
    }
    hca_qp_send(&r.a.qp, &wr);
    hca_must_complete(&r.a.send_cq, HCA_CQE_REQ);
    hca_cq_pop(&r.a.send_cq);
    rdma_check(r.b.bytes, 3 * PIECE, 0);
}

static void test_pieces_of_one_size(void **state)
{
    Entry entries[2];
    RdmaBench r;
    uint32_t key;

    rdma_start(&r, state, HCA_QP_RC, false);
    entries[0] = (Entry) { 0, r.b.mkey, r.b.buf + 4 * APART };
    entries[1] = (Entry) { 0, r.b.mkey, r.b.buf };
    key = must_create(&r.b, &(Key) {
        .mode = MODE_KSM, .shift = 12, .entries = entries, .n = 2,
        .len = 3 << 12,
    });
    must_write(&r, key, 0xf00, 0x200, 5);
    rdma_check(r.b.bytes + 4 * APART + 0xf00, 0x100, 5);
    rdma_check(r.b.bytes, 0x100, 5 + 0x100);
    must_refuse(&r, key, 0x1f00, 0x101);
}

/* Ten turns of 8 bytes of one place and 4 of another, then a piece */
static void test_blocks_that_repeat(void **state)
{
    const unsigned turns = 10, bytes = 12;
    Entry entries[4];
    RdmaBench r;
    uint32_t key;

    rdma_start(&r, state, HCA_QP_RC, false);
    entries[0] = (Entry) { bytes, REPEAT, (uint64_t)turns << 32 | 2 };
    entries[1] = (Entry) { 16 << 16 | 8, r.b.mkey, r.b.buf };
    entries[2] = (Entry) { 64 << 16 | 4, r.b.mkey, r.b.buf + APART };
    entries[3] = (Entry) { PIECE, r.b.mkey, r.b.buf + 2 * APART };
    key = must_create(&r.b, &(Key) {
        .mode = MODE_KLM, .entries = entries, .n = 4,
        .len = turns * bytes + PIECE,
    });
    must_write(&r, key, 0, turns * bytes + PIECE, 3);
    for (unsigned i = 0; i < turns; i++) {
        rdma_check(r.b.bytes + i * 16, 8, 3 + i * bytes);
        rdma_check(r.b.bytes + APART + i * 64, 4, 3 + i * bytes + 8);
    }
    rdma_check(r.b.bytes + 2 * APART, PIECE, 3 + turns * bytes);
}

/* Blocks without entries, with too many, and that say too much of them */
static void test_blocks_that_are_none(void **state)
{
    Entry entries[2];
    RdmaBench r;
    Key k = { .mode = MODE_KLM, .entries = entries, .n = 2, .len = 100 };

    rdma_start(&r, state, HCA_QP_RC, false);
    entries[1] = (Entry) { 8, r.b.mkey, r.b.buf };
    entries[0] = (Entry) { 12, REPEAT, 10ull << 32 };
    must_refuse(&r, must_create(&r.b, &k), 0, 100);
    entries[0] = (Entry) { 12, REPEAT, 10ull << 32 | 2 };
    must_refuse(&r, must_create(&r.b, &k), 0, 100);
    entries[0] = (Entry) { 12, REPEAT, 10ull << 32 | 1 };
    must_refuse(&r, must_create(&r.b, &k), 0, 100);
    entries[0] = (Entry) { 0, REPEAT, UINT32_MAX * (1ull << 32) | 1 };
    must_refuse(&r, must_create(&r.b, &k), 0, 100);
    entries[0] = (Entry) { UINT32_MAX, REPEAT, UINT64_MAX };
    must_refuse(&r, must_create(&r.b, &k), 0, 100);
}

/* Each leads to the one before; the first to memory. */
static void test_depth(void **state)
{
    RdmaBench r;
    Entry entry;
    Key k = { .mode = MODE_KLM, .entries = &entry, .n = 1, .len = PIECE };

    rdma_start(&r, state, HCA_QP_RC, false);
    entry = (Entry) { PIECE, r.b.mkey, r.b.buf };
    for (unsigned depth = 1; depth <= DEPTH_MAX; depth++) {
        entry.key = must_create(&r.b, &k);
        entry.va = START;
        must_write(&r, entry.key, 0, PIECE, depth);
        rdma_check(r.b.bytes, PIECE, depth);
    }
    must_refuse(&r, must_create(&r.b, &k), 0, PIECE);
}

/*
 * Lists that lead to each other for as many times as a peer has bytes: the
 * device gives up, soon.
 */
static void test_work_is_bounded(void **state)
{
    static Entry entries[LIST_MAX];
    Key k = { .mode = MODE_KLM, .entries = entries, .n = LIST_MAX,
              .len = LIST_MAX };
    uint32_t key;
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned i = 0; i < LIST_MAX; i++) {
        entries[i] = (Entry) { 1, r.b.mkey, r.b.buf + i };
    }
    key = must_create(&r.b, &k);
    must_write(&r, key, LIST_MAX - 16, 16, 1);
    rdma_check(r.b.bytes + LIST_MAX - 16, 16, 1);
    for (unsigned depth = 1; depth < DEPTH_MAX; depth++) {
        for (unsigned i = 0; i < LIST_MAX; i++) {
            entries[i] = (Entry) { 1, key, START + LIST_MAX - 1 };
        }
        key = must_create(&r.b, &k);
        must_refuse(&r, key, 0, RDMA_MTU);
    }
}

static void test_lists_are_bounded(void **state)
{
    static Entry entries[LIST_MAX + 1];
    RdmaBench r;
    uint32_t key;
    Key k = { .mode = MODE_KLM, .entries = entries, .n = LIST_MAX + 1 };

    rdma_start(&r, state, HCA_QP_RC, false);
    assert_int_equal(create_key(&r.b, &k, &key), HCA_BAD_PARAM);
    k.mode = MODE_KSM;
    assert_int_equal(create_key(&r.b, &k, &key), HCA_BAD_PARAM);
    k.n = LIST_MAX;
    assert_int_equal(create_key(&r.b, &k, &key), HCA_OK);
    /* An entry's length, as its power of two */
    k.shift = 63;
    assert_int_equal(create_key(&r.b, &k, &key), HCA_BAD_PARAM);
}

/* A key that the list names must be the domain's, be there and allow it. */
static void test_keys_behind_it(void **state)
{
    Entry entries[3];
    RdmaBench r;
    uint32_t key;
    Key k;

    rdma_start(&r, state, HCA_QP_RC, false);
    k = pieces(&r.b, entries);
    entries[1].key = rdma_create_key(&r.b, &(RdmaKey) {
        .pd = r.b.pd, .no_local_write = true, .no_remote_write = true,
    });
    key = must_create(&r.b, &k);
    must_write(&r, key, 0, PIECE, 1);
    must_refuse(&r, key, PIECE, PIECE);
    entries[1].key = rdma_create_key(&r.b, &(RdmaKey) {
        .pd = hca_must_alloc(r.b.hca, OP(ALLOC_PD)),
    });
    must_refuse(&r, must_create(&r.b, &k), PIECE, PIECE);
    entries[1].key = 0x7f7f7f00;
    must_refuse(&r, must_create(&r.b, &k), PIECE, PIECE);
    /* The reserved key is for queue pairs that may use it. */
    entries[1].key = 0x1700;
    must_refuse(&r, must_create(&r.b, &k), PIECE, PIECE);
    /* What the peer may is what the list's key says, not those behind it. */
    entries[1].key = rdma_create_key(&r.b, &(RdmaKey) {
        .pd = r.b.pd, .no_remote_write = true,
    });
    must_write(&r, must_create(&r.b, &k), PIECE, PIECE, 9);
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
    CX_SET64(mkc, mkc, start_addr, START + at);
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
    must_write(&r, key, at, 2 * PIECE, 4);
    rdma_check(r.b.bytes + HCA_PAGE_BYTES + at, PIECE, 4);
    rdma_check(r.b.bytes, PIECE, 4 + PIECE);
    must_refuse(&r, key, at, 2 * PIECE + 1);
}

/* As rdma-core fills a key that it has made free: the list in the request */
static void test_filled_by_request(void **state)
{
    static const uint8_t inlined = 1 << 7, if_free = 1 << 5;
    uint8_t body[48 + 64 + 4 * 16] = {}, *mkc = body + 48;
    Entry entries[4] = {};
    RdmaBench r;
    uint32_t key;
    HcaWr wr;
    Key k;

    rdma_start(&r, state, HCA_QP_RC, false);
    k = pieces(&r.b, entries);
    k.n = 4;
    k.free = true;
    key = must_create(&r.b, &k);
    must_refuse(&r, key, 0, PIECE);
    wr = (HcaWr) {
        .opcode = HCA_WR_UMR, .flags = HCA_SIGNALLED, .imm = key,
        .body = body, .body_len = sizeof(body),
    };
    body[0] = inlined | if_free;
    stw_be_p(body + 4, 4);
    stq_be_p(body + 8, 1 << 0 | 1 << 6 | 0xf << 17 | 1 << 29);
    CX_SET(mkc, mkc, lr, 1);
    CX_SET(mkc, mkc, rw, 1);
    CX_SET64(mkc, mkc, start_addr, START);
    CX_SET64(mkc, mkc, len, 2 * PIECE);
    for (unsigned i = 0; i < 2; i++) {
        stl_be_p(body + 112 + i * 16, PIECE);
        stl_be_p(body + 112 + i * 16 + 4, r.b.mkey);
        stq_be_p(body + 112 + i * 16 + 8, r.b.buf + (1 - i) * APART);
    }
    hca_qp_send(&r.b.qp, &wr);
    hca_must_complete(&r.b.send_cq, HCA_CQE_REQ);
    hca_cq_pop(&r.b.send_cq);
    must_write(&r, key, 0, 2 * PIECE, 1);
    rdma_check(r.b.bytes + APART, PIECE, 1);
    rdma_check(r.b.bytes, PIECE, 1 + PIECE);
    must_refuse(&r, key, PIECE, PIECE + 1);
}

static Entry random_entry(const RdmaBench *r, const uint32_t *keys)
{
    Entry entry = { luck_below(200), r->b.mkey, r->b.buf };

    switch (luck_below(8)) {
    case 0:
        entry = (Entry) { luck_below(64), REPEAT,
                          (uint64_t)luck() << 32 |
                          luck_below(8) };
        break;
    case 1:
        entry.len = luck();
        entry.va = luck();
        break;
    case 2:
        entry.len = luck();
        break;
    case 3:
    case 4:
        /* Itself among them, before it is there */
        entry.key = keys[luck_below(KEYS)];
        entry.va = START + luck_below(100);
        break;
    default:
        break;
    }
    return entry;
}

/* Any list, used anyhow: it is carried out or refused, and that soon. */
static void test_random_lists(void **state)
{
    unsigned rounds = luck_begin(FUZZ_ROUNDS), done = 0;
    Entry entries[RANDOM_MAX];
    uint32_t keys[KEYS] = {};
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned i = 0; i < rounds; i++) {
        uint32_t *key = &keys[i % KEYS];
        Key k = { .mode = luck_below(4) ? MODE_KLM : MODE_KSM,
                  .shift = luck_below(24), .entries = entries,
                  .n = luck_below(RANDOM_MAX),
                  .len = luck() };
        HcaWr wr;

        for (unsigned n = 0; n < k.n; n++) {
            entries[n] = random_entry(&r, keys);
        }
        if (*key) {
            hca_must_simple(r.b.hca, OP(DESTROY_MKEY), 0, *key >> 8);
        }
        *key = must_create(&r.b, &k);
        wr = write_at(&r, keys[luck_below(KEYS)],
                      luck_below(5000), 1 + luck_below(4000));
        hca_qp_send(&r.a.qp, &wr);
        assert_true(hca_cq_wait(&r.a.send_cq));
        if (hca_cq_peek(&r.a.send_cq)[63] >> 4 == HCA_CQE_REQ) {
            done++;
            hca_cq_pop(&r.a.send_cq);
        } else {
            hca_must_fail(&r.a.send_cq, HCA_CQE_REQ_ERR,
                          HCA_SYN_REMOTE_ACCESS);
            rdma_reconnect(&r);
        }
    }
    printf("# %u of them were carried out\n", done);
    assert_in_range(done, 1, rounds);
}

/* It is its list, wherever its function is. */
static void test_it_moves(void **state)
{
    HcaObjects none = {};
    Entry entries[3];
    RdmaBench r = {};
    uint32_t key;
    VhcaBench v;
    Key k;

    r.m = v.m = machine_start_ready(state, 1, "rdma=on");
    machine_enable_vfs(r.m, 0, 3);
    vhca_buf_create(&r.m->pf[0], &v.buf[0], VHCA_BUF_BYTES);
    hca_must_set_port(&r.m->pf[0], true);
    rdma_end_create(&r.a, machine_start_vf(r.m, 0, 2), 0, false);
    rdma_end_create(&r.b, machine_start_vf(r.m, 0, 0), 1, false);
    rdma_end_qp(&r.a, HCA_QP_RC);
    rdma_end_qp(&r.b, HCA_QP_RC);
    r.way = (HcaQpWay) {
        .mtu = HCA_QP_MTU_1024, .ack_timeout = 15, .retries = 7,
        .rnr_retries = 7, .rnr_timer = 14,
    };
    rdma_connect(&r);
    k = pieces(&r.b, entries);
    key = must_create(&r.b, &k);
    vhca_move(&v, 0, 0, 0, 1, &none);
    rdma_end_moves(&r.b, &r.m->vf[0][1]);
    must_write(&r, key, 0, 3 * PIECE, 1);
    check_pieces(r.b.bytes, 1);
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
        machine_test(test_depth),
        machine_test(test_work_is_bounded),
        machine_test(test_lists_are_bounded),
        machine_test(test_keys_behind_it),
        machine_test(test_memory_of_user_space),
        machine_test(test_filled_by_request),
        machine_test(test_random_lists),
        machine_test(test_it_moves),
    };

    return machine_main(tests);
}
