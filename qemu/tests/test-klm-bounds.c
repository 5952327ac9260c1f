/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory keys that lead to other keys: how long their lists may be, how far
 * they lead, and how much the device does for one that leads nowhere.
 */
#include "klm.h"
#include "luck.h"

#define PIECE           100             /* bytes */
/* As many looks at entries as one access may take, nearly */
#define OUTER           256
#define INNER           126
#define SEVERAL         10              /* requests */
#define FUZZ_ROUNDS     400
#define KEYS            16
#define RANDOM_MAX      12              /* entries */

/* Each leads to the one before; the first to memory. */
static void test_depth(void **state)
{
    RdmaBench r;
    KlmEntry entry;
    KlmKey k = { .mode = KLM_PIECES, .entries = &entry, .n = 1, .len = PIECE };

    rdma_start(&r, state, HCA_QP_RC, false);
    entry = (KlmEntry) { PIECE, r.b.mkey, r.b.buf };
    for (unsigned depth = 1; depth <= KLM_DEPTH_MAX; depth++) {
        entry.key = klm_must_create(&r.b, &k);
        entry.va = KLM_START;
        klm_must_write(&r, entry.key, 0, PIECE, depth);
        rdma_check(r.b.bytes, PIECE, depth);
    }
    klm_must_refuse(&r, klm_must_create(&r.b, &k), 0, PIECE);
}

/*
 * Lists that lead to each other for as many times as a peer has bytes: the
 * device gives up, soon.
 */
static void test_work_is_bounded(void **state)
{
    static KlmEntry entries[KLM_LIST_MAX];
    KlmKey k = {
        .mode = KLM_PIECES, .entries = entries, .n = KLM_LIST_MAX,
        .len = KLM_LIST_MAX,
    };
    uint32_t key;
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned i = 0; i < KLM_LIST_MAX; i++) {
        entries[i] = (KlmEntry) { 1, r.b.mkey, r.b.buf + i };
    }
    key = klm_must_create(&r.b, &k);
    klm_must_write(&r, key, KLM_LIST_MAX - 16, 16, 1);
    rdma_check(r.b.bytes + KLM_LIST_MAX - 16, 16, 1);
    for (unsigned depth = 1; depth < KLM_DEPTH_MAX; depth++) {
        for (unsigned i = 0; i < KLM_LIST_MAX; i++) {
            entries[i] = (KlmEntry) { 1, key, KLM_START + KLM_LIST_MAX - 1 };
        }
        key = klm_must_create(&r.b, &k);
        klm_must_refuse(&r, key, 0, RDMA_MTU);
    }
}

/* A list whose entries all lead to the last one of another, of one byte each */
static uint32_t create_nested(RdmaEnd *e)
{
    static KlmEntry entries[KLM_LIST_MAX];
    KlmKey k = { .mode = KLM_PIECES, .entries = entries, .n = INNER,
                 .len = INNER };
    uint32_t inner;

    for (unsigned i = 0; i < INNER; i++) {
        entries[i] = (KlmEntry) { 1, e->mkey, e->buf + i };
    }
    inner = klm_must_create(e, &k);
    for (unsigned i = 0; i < OUTER; i++) {
        entries[i] = (KlmEntry) { 1, inner, KLM_START + INNER - 1 };
    }
    k.n = k.len = OUTER;
    return klm_must_create(e, &k);
}

/*
 * Looks at lists are work, at whichever end, though there is but a packet of
 * it: others have their turn between.
 */
static void test_looks_are_work(void **state)
{
    RdmaBench r;
    HcaWr wr;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned what = 0; what < 3; what++) {
        unsigned done;

        wr = rdma_wr(&r, HCA_WR_WRITE, 0, OUTER);
        if (what == 1) {
            wr.seg[0].key = create_nested(&r.a);
            wr.seg[0].addr = KLM_START;
        } else if (what == 2) {
            wr.remote_key = create_nested(&r.b);
            wr.remote_addr = KLM_START;
        }
        for (unsigned i = 0; i < SEVERAL; i++) {
            hca_qp_post(&r.a.qp, &wr);
        }
        done = rdma_done_in_a_go(&r.a.qp, &r.a.send_cq, SEVERAL);
        printf("# %u of %u in a go\n", done, SEVERAL);
        if (what) {
            assert_in_range(done, 0, SEVERAL / 2);
        } else {
            assert_int_equal(done, SEVERAL);
        }
    }
}

static void test_lists_are_bounded(void **state)
{
    static KlmEntry entries[KLM_LIST_MAX + 1];
    RdmaBench r;
    uint32_t key;
    KlmKey k = {
        .mode = KLM_PIECES, .entries = entries, .n = KLM_LIST_MAX + 1,
    };

    rdma_start(&r, state, HCA_QP_RC, false);
    assert_int_equal(klm_create(&r.b, &k, &key), HCA_BAD_PARAM);
    k.mode = KLM_FIXED;
    assert_int_equal(klm_create(&r.b, &k, &key), HCA_BAD_PARAM);
    k.n = KLM_LIST_MAX;
    assert_int_equal(klm_create(&r.b, &k, &key), HCA_OK);
    /* An entry's length, as its power of two */
    k.shift = 63;
    assert_int_equal(klm_create(&r.b, &k, &key), HCA_BAD_PARAM);
}

static KlmEntry random_entry(const RdmaBench *r, const uint32_t *keys)
{
    KlmEntry entry = { luck_below(200), r->b.mkey, r->b.buf };

    switch (luck_below(8)) {
    case 0:
        entry = (KlmEntry) {
            luck_below(64), KLM_REPEAT,
            (uint64_t)luck() << 32 | luck_below(8),
        };
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
        entry.va = KLM_START + luck_below(100);
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
    KlmEntry entries[RANDOM_MAX];
    uint32_t keys[KEYS] = {};
    RdmaBench r;

    rdma_start(&r, state, HCA_QP_RC, false);
    for (unsigned i = 0; i < rounds; i++) {
        uint32_t *key = &keys[i % KEYS];
        KlmKey k = {
            .mode = luck_below(4) ? KLM_PIECES : KLM_FIXED,
            .shift = luck_below(24), .entries = entries,
            .n = luck_below(RANDOM_MAX), .len = luck(),
        };
        HcaWr wr;

        for (unsigned n = 0; n < k.n; n++) {
            entries[n] = random_entry(&r, keys);
        }
        if (*key) {
            hca_must_simple(r.b.hca, OP(DESTROY_MKEY), 0, *key >> 8);
        }
        *key = klm_must_create(&r.b, &k);
        wr = klm_write(&r, keys[luck_below(KEYS)], luck_below(5000),
                       1 + luck_below(4000));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_depth),
        machine_test(test_work_is_bounded),
        machine_test(test_looks_are_work),
        machine_test(test_lists_are_bounded),
        machine_test(test_random_lists),
    };

    return machine_main(tests);
}
