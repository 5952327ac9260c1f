/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that change memory keys, as drivers fill keys that they have made
 * beforehand, change rights, and take keys back.
 */
#include "rdma-bench.h"

#define SYN_KEY_CHANGE  0x06
#define OCTWORDS        8               /* of the key's list: 16 pages */
#define PAGES           16
#define FEW             4               /* of a small key */
#define VAST            0x80000000u     /* octwords of a huge one */
#define BYTES           (PAGES * HCA_PAGE_BYTES)
#define LONG            (1u << 19)      /* octwords: 8 MiB, of 4 GiB in pages */
#define SEVERAL         4               /* requests */
#define NEW_BYTE        0x77
#define PRESENT         3               /* in an address of the list */

enum {                      /* flags of the segment */
    HAS_OFFSET      = 1 << 4,
    IF_FREE         = 1 << 5,
    IF_NOT_FREE     = 2 << 5,
    INLINE          = 1 << 7,
};

enum {                      /* bits of the mask */
    MASK_LEN        = 1 << 0,
    MASK_PAGE_SIZE  = 1 << 1,
    MASK_START      = 1 << 6,
    MASK_PD         = 1 << 7,
    MASK_KEY        = 1 << 13,
    MASK_RIGHTS     = 0xf << 17,
    MASK_FREE       = 1 << 29,
    MASK_ENABLE     = MASK_LEN | MASK_PAGE_SIZE | MASK_START | MASK_PD |
                      MASK_KEY | MASK_RIGHTS | MASK_FREE,
};

typedef struct Umr {
    uint32_t key;
    unsigned flags;
    uint64_t mask;
    unsigned octwords, offset;
    uint64_t list;                      /* address of the entries */
    bool free, no_remote_write;
    uint32_t pd;
    uint64_t len;
} Umr;

typedef struct Bench {
    RdmaBench r;
    HcaQp umr;                          /* b's */
    bool of_user_space;                 /* so is that */
    uint32_t index;
    uint32_t bus_key;                   /* for all of memory */
    uint64_t list;
} Bench;

static void make_free(uint8_t *in)
{
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);

    CX_SET(mkc, mkc, free, 1);
    CX_SET(mkc, mkc, umr_en, 1);
    CX_SET(mkc, mkc, translations_octword_size, OCTWORDS);
}

/* Room for more than there is memory */
static void make_vast(uint8_t *in)
{
    make_free(in);
    CX_SET(mkc, CX_ADDR(create_mkey_in, in, memory_key_mkey_entry),
           translations_octword_size, VAST + OCTWORDS);
}

/* Room for less than the 64 bytes that lists come in */
static void make_small(uint8_t *in)
{
    make_free(in);
    CX_SET(mkc, CX_ADDR(create_mkey_in, in, memory_key_mkey_entry),
           translations_octword_size, FEW / 2);
}

static void make_fixed(uint8_t *in)
{
    make_free(in);
    CX_SET(mkc, CX_ADDR(create_mkey_in, in, memory_key_mkey_entry), umr_en, 0);
}

static uint32_t create_key(Bench *b, void (*spoil)(uint8_t *in))
{
    HcaMttKey k = { .pd = b->r.b.pd, .spoil = spoil };
    uint32_t index;

    assert_int_equal(hca_create_list_mkey(b->r.b.hca, &k, &index), HCA_OK);
    return index;
}

static void bench_umr_qp_of(Bench *b, uint32_t pd)
{
    uint8_t qpc[CX_SZ(qpc)];

    hca_must_create_qp(b->r.b.hca, &b->umr, &(HcaQpSetup) {
        .type = HCA_QP_REG_UMR, .pd = pd,
        .send_cqn = b->r.b.send_cq.cqn, .recv_cqn = b->r.b.send_cq.cqn,
        .log_sq = RDMA_LOG_WQ, .of_user_space = b->of_user_space,
    });
    hca_qp_fill(&(HcaQpWay) { .mtu = 5 }, qpc);
    assert_int_equal(hca_move_qp(&b->umr, OP(RST2INIT_QP), 0, qpc), HCA_OK);
    assert_int_equal(hca_move_qp(&b->umr, OP(INIT2RTR_QP), 0, qpc), HCA_OK);
    assert_int_equal(hca_move_qp(&b->umr, OP(RTR2RTS_QP), 0, qpc), HCA_OK);
}

static void bench_umr_qp(Bench *b)
{
    bench_umr_qp_of(b, b->r.b.pd);
}

/* The list has b's pages backwards, so that a right one shows. */
static void bench_start(Bench *b, void **state)
{
    uint8_t *list;

    rdma_start(&b->r, state, HCA_QP_RC, false);
    bench_umr_qp(b);
    b->index = create_key(b, make_free);
    b->bus_key = hca_must_create_pa_mkey(b->r.b.hca, b->r.b.pd) << 8 |
                 HCA_MKEY_BYTE;
    b->list = qtest_alloc(b->r.m->q, PAGES * 8, 64);
    list = qtest_ram(b->r.m->q, b->list, PAGES * 8);
    for (unsigned i = 0; i < PAGES; i++) {
        stq_be_p(list + i * 8, (b->r.b.buf + (PAGES - 1 - i) *
                                HCA_PAGE_BYTES) | PRESENT);
    }
}

static Umr enable(const Bench *b)
{
    return (Umr) {
        .key = b->index << 8 | NEW_BYTE, .flags = IF_FREE,
        .mask = MASK_ENABLE, .octwords = OCTWORDS, .list = b->list,
        .pd = b->r.b.pd, .len = BYTES,
    };
}

static void fill_mkc(const Umr *u, uint8_t *mkc)
{
    CX_SET(mkc, mkc, free, u->free);
    CX_SET(mkc, mkc, lr, 1);
    CX_SET(mkc, mkc, lw, 1);
    CX_SET(mkc, mkc, rr, 1);
    CX_SET(mkc, mkc, rw, !u->no_remote_write);
    CX_SET(mkc, mkc, qpn, 0xffffff);
    CX_SET(mkc, mkc, mkey_7_0, u->key & 0xff);
    CX_SET(mkc, mkc, pd, u->pd);
    CX_SET64(mkc, mkc, len, u->len);
    CX_SET(mkc, mkc, log_page_size, 12);
}

static void put(Bench *b, HcaQp *qp, const Umr *u)
{
    uint8_t body[48 + 64 + PAGES * 8] = {};
    bool inlined = u->flags & INLINE;
    unsigned bytes = 48 + 64 + (inlined ? u->octwords * 16 : 0);
    HcaWr wr = {
        .opcode = HCA_WR_UMR, .flags = HCA_SIGNALLED, .imm = u->key,
        .body = body, .body_len = bytes, .nr_segs = !inlined,
        .seg = { { u->list, u->octwords * 16, b->bus_key } },
    };

    body[0] = u->flags;
    stw_be_p(body + 4, u->octwords);
    stw_be_p(body + 6, u->offset);
    stl_be_p(body + 16, u->offset >> 16);
    stq_be_p(body + 8, u->mask);
    fill_mkc(u, body + 48);
    if (inlined) {
        memcpy(body + 112, qtest_ram(b->r.m->q, u->list, u->octwords * 16),
               u->octwords * 16);
    }
    hca_qp_post(qp, &wr);
}

static void post(Bench *b, HcaQp *qp, const Umr *u)
{
    put(b, qp, u);
    hca_qp_ring(qp);
}

static void must_change(Bench *b, const Umr *u)
{
    post(b, &b->umr, u);
    hca_must_pop(&b->r.b.send_cq, HCA_CQE_REQ);
}

static void must_refuse(Bench *b, const Umr *u)
{
    post(b, &b->umr, u);
    hca_must_fail(&b->r.b.send_cq, HCA_CQE_REQ_ERR, SYN_KEY_CHANGE);
    bench_umr_qp(b);
}

static HcaWr write_through(const Bench *b, unsigned pages)
{
    HcaWr wr = rdma_wr(&b->r, HCA_WR_WRITE, 0, pages * HCA_PAGE_BYTES);

    wr.remote_addr = 0;
    wr.remote_key = b->index << 8 | NEW_BYTE;
    return wr;
}

static void check_first(Bench *b, unsigned pages, unsigned seed)
{
    HcaWr wr = write_through(b, pages);

    rdma_fill(b->r.a.bytes, pages * HCA_PAGE_BYTES, seed);
    hca_qp_send(&b->r.a.qp, &wr);
    hca_must_pop(&b->r.a.send_cq, HCA_CQE_REQ);
    for (unsigned i = 0; i < pages; i++) {
        rdma_check(b->r.b.bytes + (PAGES - 1 - i) * HCA_PAGE_BYTES,
                   HCA_PAGE_BYTES, seed + i * HCA_PAGE_BYTES);
    }
}

static void check_pages(Bench *b, unsigned seed)
{
    check_first(b, PAGES, seed);
}

static void check_refused(Bench *b)
{
    HcaWr wr = write_through(b, PAGES);

    hca_qp_send(&b->r.a.qp, &wr);
    hca_must_fail(&b->r.a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_ACCESS);
    rdma_reconnect(&b->r);
}

static void test_enable_and_revoke(void **state)
{
    Bench b = {};
    Umr u;

    bench_start(&b, state);
    check_refused(&b);
    u = enable(&b);
    must_change(&b, &u);
    check_pages(&b, 1);
    u = (Umr) {
        .key = u.key, .flags = INLINE, .mask = MASK_FREE | MASK_PD,
        .free = true, .pd = b.r.b.pd,
    };
    must_change(&b, &u);
    check_refused(&b);
    /* The list may stand in the request. */
    u = enable(&b);
    u.flags |= INLINE;
    must_change(&b, &u);
    check_pages(&b, 2);
}

/* A list that comes in two parts */
static void test_offset(void **state)
{
    Bench b = {};
    Umr u;

    bench_start(&b, state);
    u = enable(&b);
    u.mask = 0;
    u.octwords = OCTWORDS / 2;
    must_change(&b, &u);
    check_refused(&b);
    u = enable(&b);
    u.flags |= HAS_OFFSET;
    u.offset = u.octwords = OCTWORDS / 2;
    u.list += OCTWORDS / 2 * 16;
    must_change(&b, &u);
    check_pages(&b, 3);
}

static void test_rights(void **state)
{
    Bench b = {};
    Umr u;

    bench_start(&b, state);
    u = enable(&b);
    must_change(&b, &u);
    u.flags = IF_NOT_FREE | INLINE;
    u.octwords = 0;
    u.mask = MASK_RIGHTS;
    u.no_remote_write = true;
    must_change(&b, &u);
    check_refused(&b);
    u.no_remote_write = false;
    must_change(&b, &u);
    check_pages(&b, 4);
}

/* What does not fit leaves the key as it was. */
static void test_refused(void **state)
{
    Bench b = {};
    Umr u;

    bench_start(&b, state);
    u = enable(&b);
    u.flags = IF_NOT_FREE;
    must_refuse(&b, &u);
    u = enable(&b);
    u.octwords = OCTWORDS - 1;          /* shorter than the key then is */
    must_refuse(&b, &u);
    u = enable(&b);
    u.flags |= HAS_OFFSET;
    u.offset = 1;                       /* behind the end of its list */
    must_refuse(&b, &u);
    u = enable(&b);
    u.pd = 0x123456;
    must_refuse(&b, &u);
    u = enable(&b);
    u.key ^= 0x7fff00;
    must_refuse(&b, &u);
    u = enable(&b);
    u.mask |= 1ull << 40;
    must_refuse(&b, &u);
    u = enable(&b);
    u.key = create_key(&b, make_fixed) << 8;
    must_refuse(&b, &u);
    check_refused(&b);
    u = enable(&b);
    must_change(&b, &u);
    check_pages(&b, 5);
}

/*
 * Drivers fill a list up to 64 bytes, whatever the key has room for: that is
 * no more room.
 */
static void test_padding(void **state)
{
    Bench b = {};
    Umr u;

    bench_start(&b, state);
    b.index = create_key(&b, make_small);
    u = enable(&b);
    u.octwords = FEW;
    u.len = FEW * HCA_PAGE_BYTES;
    must_change(&b, &u);
    check_first(&b, FEW, 7);
    u.flags = IF_NOT_FREE;
    u.len += HCA_PAGE_BYTES;            /* the padding is no page */
    must_refuse(&b, &u);
    u.len -= HCA_PAGE_BYTES;
    u.octwords++;
    must_refuse(&b, &u);
    u.octwords--;
    u.flags |= HAS_OFFSET;
    u.offset = 1;
    must_refuse(&b, &u);
    check_first(&b, FEW, 8);
}

/* Of a list that has room for it, a part that no store could hold */
static void test_vast(void **state)
{
    static const unsigned offsets[] = { VAST, VAST / 2, VAST / 64 };
    Bench b = {};
    Umr u;

    bench_start(&b, state);
    b.index = create_key(&b, make_vast);
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        u = enable(&b);
        u.flags |= HAS_OFFSET;
        u.offset = offsets[i];
        must_refuse(&b, &u);
    }
    u = enable(&b);
    must_change(&b, &u);
    check_pages(&b, 10);
}

static unsigned done_in_a_go(Bench *b, const Umr *u)
{
    for (unsigned n = 0; n < SEVERAL; n++) {
        put(b, &b->umr, u);
    }
    return rdma_done_in_a_go(&b->umr, &b->r.b.send_cq, SEVERAL);
}

/*
 * A change of a little of a long list is little work, but a key that is enabled
 * by it has all of its pages looked at.
 */
static void test_long_list(void **state)
{
    Bench b = {};
    Umr u;

    bench_start(&b, state);
    b.index = create_key(&b, make_vast);
    u = enable(&b);
    u.mask = 0;
    u.flags |= HAS_OFFSET;
    u.offset = LONG;
    must_change(&b, &u);
    assert_int_equal(done_in_a_go(&b, &u), SEVERAL);
    u.flags = HAS_OFFSET;
    u.mask = MASK_ENABLE;
    u.len = 2ull * LONG * HCA_PAGE_BYTES;
    assert_in_range(done_in_a_go(&b, &u), 1, SEVERAL - 1);
    /* One that cannot be leaves the list as it was, and as long. */
    u = enable(&b);
    u.flags = IF_NOT_FREE | HAS_OFFSET;
    u.offset = 2 * LONG;
    u.pd = 0x123456;
    must_refuse(&b, &u);
    u.flags = IF_NOT_FREE;
    u.offset = 0;
    u.len = (2ull * LONG + PAGES + 1) * HCA_PAGE_BYTES;
    u.pd = b.r.b.pd;
    must_refuse(&b, &u);
    u.len = BYTES;
    must_change(&b, &u);
    check_pages(&b, 8);
}

/* Drivers make the queue pair for it in no domain, and lists in their own. */
static void test_list_of_a_domain(void **state)
{
    Bench b = {};
    uint32_t pd;
    Umr u;

    bench_start(&b, state);
    bench_umr_qp_of(&b, 0);
    pd = hca_must_alloc(b.r.b.hca, OP(ALLOC_PD));
    b.bus_key = hca_must_create_pa_mkey(b.r.b.hca, pd) << 8 | HCA_MKEY_BYTE;
    u = enable(&b);
    must_change(&b, &u);
    check_pages(&b, 9);
    /* A connection is in one, and has no keys but those of it. */
    u.flags = IF_NOT_FREE;
    post(&b, &b.r.b.qp, &u);
    hca_must_fail(&b.r.b.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_PROT);
}

/* A connection's own may, for keys of its domain, which stay there. */
static void test_by_a_connection(void **state)
{
    Bench b = {};
    Umr u;

    bench_start(&b, state);
    u = enable(&b);
    post(&b, &b.r.b.qp, &u);
    hca_must_pop(&b.r.b.send_cq, HCA_CQE_REQ);
    check_pages(&b, 6);
    u.flags = IF_NOT_FREE;
    u.pd = hca_must_alloc(b.r.b.hca, OP(ALLOC_PD));
    post(&b, &b.r.b.qp, &u);
    hca_must_fail(&b.r.b.send_cq, HCA_CQE_REQ_ERR, SYN_KEY_CHANGE);
    rdma_reconnect(&b.r);
    check_pages(&b, 7);
}

/* The queue pair of such requests has no peer, however it was made. */
static void test_nothing_else(void **state)
{
    static const unsigned opcodes[] = { HCA_WR_SEND, HCA_WR_WRITE, HCA_WR_READ,
                                        HCA_WR_ATOMIC_FA };
    Bench b = {};

    bench_start(&b, state);
    for (unsigned i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
        HcaWr wr = rdma_wr(&b.r, opcodes[i], 0, 8);

        wr.seg[0] = (HcaSeg) { b.r.b.buf, 8, b.r.b.mkey };
        hca_qp_send(&b.umr, &wr);
        hca_must_fail(&b.r.b.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_QP_OP);
        bench_umr_qp(&b);
    }
}

/* Its pages would be at addresses of the bus, which are not user space's. */
static void test_without_fast_registration(void **state)
{
    Bench b = {};
    Umr u;

    bench_start(&b, state);
    u = enable(&b);
    b.of_user_space = true;
    bench_umr_qp(&b);
    must_refuse(&b, &u);
    b.of_user_space = false;
    bench_umr_qp(&b);
    must_change(&b, &u);
    check_pages(&b, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_enable_and_revoke),
        machine_test(test_offset),
        machine_test(test_rights),
        machine_test(test_refused),
        machine_test(test_padding),
        machine_test(test_vast),
        machine_test(test_long_list),
        machine_test(test_list_of_a_domain),
        machine_test(test_by_a_connection),
        machine_test(test_nothing_else),
        machine_test(test_without_fast_registration),
    };

    return machine_main(tests);
}
