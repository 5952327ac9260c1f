/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A function that takes all the memory that it can get: it is bounded, can be
 * migrated, and nobody else waits long meanwhile.
 */
#include <time.h>

#include "vhca-bench.h"

/* The most that fits into the longest command: 16 MiB. */
#define KEY_PAGES_MAX   (((16u << 20) - 1024) / 8)
/* All objects of a function together. */
#define STORE_BYTES     (128u << 20)
#define CHUNK_BYTES     (8u << 20)
#define SLOT            5
#define LOCK_TRIES      5
#define CQE_BYTES       64
#define LOG_SMALL       2
#define LOG_LARGE       15              /* of a queue with a list of 4 KiB */

/*
 * Keys with long lists, then shorter ones, until nothing fits any more.
 * Returns what their lists take; *index is one of the largest.
 */
static uint64_t fill(Hca *hca, uint32_t pd, uint32_t *index)
{
    unsigned pages = KEY_PAGES_MAX;
    uint64_t bytes = 0;
    uint32_t any;

    assert_int_equal(hca_create_mtt_mkey(hca, pd, 0, pages, index), HCA_OK);
    while (pages) {
        int status = hca_create_mtt_mkey(hca, pd, 0, pages, &any);

        if (status == HCA_OK) {
            bytes += pages * 8ull;
        } else {
            assert_int_equal(status, HCA_LIMITS);
            pages /= 2;
        }
    }
    return bytes;
}

/* What is full is full for objects of every kind. */
static void test_memory_is_bounded(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint32_t pd = hca_must_alloc(hca, OP(ALLOC_PD));
    uint64_t bytes;
    uint32_t index;

    bytes = fill(hca, pd, &index);
    assert_in_range(bytes, STORE_BYTES * 3 / 4, STORE_BYTES);
    /* There may be room left for one that is smaller than a key. */
    hca_simple(hca, OP(ALLOC_PD), 0, 0);
    assert_int_equal(hca_simple(hca, OP(ALLOC_PD), 0, 0), HCA_LIMITS);
    assert_int_equal(hca_simple(hca, OP(ALLOC_TRANSPORT_DOMAIN), 0, 0),
                     HCA_LIMITS);
    hca_must_simple(hca, OP(DESTROY_MKEY), 0, index);
    hca_must_alloc(hca, OP(ALLOC_PD));
    hca_must_alloc(hca, OP(ALLOC_TRANSPORT_DOMAIN));
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

/*
 * Waits for the command in SLOT, which began at @start, with one register
 * access after the other. Each of them needs the big lock; none may wait for
 * a large part of the time that all of it takes.
 */
static bool lock_is_given_up(Hca *pf, uint64_t start, const char *what)
{
    uint64_t before = start, longest = 0, total;

    do {
        uint64_t now;

        pci_bar_read(&pf->fn, 0, 4);
        now = now_us();
        longest = now - before > longest ? now - before : longest;
        before = now;
    } while (!hca_done(pf, SLOT));
    total = before - start;
    assert_int_equal(hca_result(pf, SLOT, NULL, 0), HCA_OK);
    printf("# %s: %u ms, the lock taken for %u at most\n", what,
           (unsigned)(total / 1000), (unsigned)(longest / 1000));
    return longest <= total * 2 / 3;
}

/*
 * Whoever keeps the lock does so each time. On a busy machine an access may
 * have to wait for others once.
 */
static void check_save_gives_lock_up(VhcaBuf *buf, Hca *pf, uint16_t id)
{
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        uint64_t start = now_us();

        vhca_start_save(buf, id, SLOT);
        if (lock_is_given_up(pf, start, "SAVE")) {
            return;
        }
    }
    fail_msg("the lock is kept while an image is saved");
}

/* The last piece of the image, by which all of it is loaded */
static void check_load_gives_lock_up(VhcaBench *b, uint16_t id, uint8_t *image,
                                     uint64_t bytes)
{
    uint64_t last = bytes % CHUNK_BYTES, start;
    Hca *pf = &b->m->pf[0];

    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        pci_flr(&b->m->vf[0][1].fn);
        vhca_must_stop(pf, id);
        vhca_must_load_chunks(&b->buf[0], id, image, bytes - last);
        memcpy(vhca_buf_data(&b->buf[0]), image + bytes - last, last);
        start = now_us();
        vhca_start_load(&b->buf[0], id, last, SLOT);
        if (lock_is_given_up(pf, start, "LOAD")) {
            return;
        }
    }
    fail_msg("the lock is kept while an image is loaded");
}

static void full_vf(VhcaBench *b, void **state, HcaObjects *o)
{
    uint32_t index;
    Hca *vf;

    vhca_bench_start(b, state, 1, "chunks=on", CHUNK_BYTES);
    vf = vhca_busy_vf(b, 0, 0, o);
    fill(vf, o->pd, &index);
    vhca_must_stop(&b->m->pf[0], vhca_id_of(&b->m->pf[0], 0));
}

/* Sizes are known: to ask for them costs nothing, however large they are. */
static void test_query_is_cheap(void **state)
{
    uint64_t start, query_us, save_us;
    HcaObjects o;
    VhcaSize size;
    VhcaSaved saved;
    VhcaBench b;
    uint16_t id;

    full_vf(&b, state, &o);
    id = vhca_id_of(&b.m->pf[0], 0);
    start = now_us();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(vhca_query(&b.m->pf[0], id, false, true, &size),
                         HCA_OK);
    }
    query_us = now_us() - start;
    assert_in_range(size.remaining, STORE_BYTES * 3 / 4, STORE_BYTES * 5 / 4);
    /* Which writes it, once. */
    start = now_us();
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, CHUNK_BYTES,
                               &saved), HCA_OK);
    save_us = now_us() - start;
    assert_in_range(query_us, 0, save_us / 2);
}

static void test_full_vf_moves(void **state)
{
    uint8_t *image;
    uint16_t from, to;
    uint64_t bytes;
    HcaObjects o;
    VhcaBench b;
    Hca *pf, *dst;

    full_vf(&b, state, &o);
    pf = &b.m->pf[0];
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    image = vhca_must_save_chunks(&b.buf[0], from, &bytes);
    check_save_gives_lock_up(&b.buf[0], pf, from);
    pci_flr(&b.m->vf[0][0].fn);
    check_load_gives_lock_up(&b, to, image, bytes);
    dst = &b.m->vf[0][1];
    vhca_move_driver(dst, &b.m->vf[0][0]);
    vhca_move_objects(&o, dst);
    pci_msix_enable(&dst->fn);
    vhca_must_run(pf, to);
    vhca_check_one_nop(dst, &o);
    free(image);
}

/* All of a tracked image, from one VF into another, through one buffer. */
static void move_pieces(VhcaBench *b, uint16_t from, uint16_t to)
{
    VhcaSaved saved;
    VhcaSize size;

    do {
        assert_int_equal(vhca_load(&b->buf[0], to, CHUNK_BYTES), HCA_OK);
        assert_int_equal(vhca_query(&b->m->pf[0], from, true, true, &size),
                         HCA_OK);
        if (size.required) {
            assert_int_equal(vhca_save(&b->buf[0], from, true, true,
                                       CHUNK_BYTES, &saved), HCA_OK);
        }
    } while (size.required == CHUNK_BYTES);
    assert_int_equal(vhca_load(&b->buf[0], to, saved.bytes), HCA_OK);
}

/* The next piece of the VF that runs, and into the other */
static void pass_on(VhcaBench *b, uint16_t from, uint16_t to, bool inc)
{
    VhcaSaved saved;
    VhcaSize size;

    assert_int_equal(vhca_query(&b->m->pf[0], from, inc, true, &size), HCA_OK);
    assert_int_equal(vhca_save(&b->buf[0], from, inc, true, CHUNK_BYTES,
                               &saved), HCA_OK);
    if (inc) {
        assert_int_equal(vhca_load(&b->buf[0], to, saved.bytes), HCA_OK);
    } else {
        move_pieces(b, from, to);
    }
}

/* To ask for a delta, to save and to load it costs what it holds, not more. */
static void test_delta_of_a_full_vf(void **state)
{
    uint64_t start, whole_us, delta_us;
    uint16_t from, to;
    VhcaSaved saved;
    VhcaSize size;
    HcaObjects o;
    VhcaBench b;
    Hca *pf, *vf;

    full_vf(&b, state, &o);
    pf = &b.m->pf[0];
    vf = &b.m->vf[0][0];
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vhca_must_run(pf, from);
    vhca_must_stop(pf, to);
    start = now_us();
    pass_on(&b, from, to, false);
    whole_us = now_us() - start;
    start = now_us();
    for (int i = 0; i < 10; i++) {
        vhca_check_one_nop(vf, &o);
        assert_int_equal(vhca_query(pf, from, true, true, &size), HCA_OK);
        assert_in_range(size.remaining, 1, 4096);
        assert_int_equal(vhca_save(&b.buf[0], from, true, true, CHUNK_BYTES,
                                   &saved), HCA_OK);
        assert_int_equal(vhca_load(&b.buf[0], to, saved.bytes), HCA_OK);
    }
    delta_us = now_us() - start;
    printf("# 1 image in %u ms, 10 deltas in %u\n",
           (unsigned)(whole_us / 1000), (unsigned)(delta_us / 1000));
    assert_in_range(delta_us, 0, whole_us / 2);
}

/*
 * Of two queues one became small, and the other as large as that was, with no
 * room for both: a delta, in which the one that grew comes first, is good.
 */
static void test_delta_at_the_limit(void **state)
{
    const unsigned pages = (CQE_BYTES << LOG_LARGE) / HCA_PAGE_BYTES;
    HcaCq grows, shrinks;
    uint16_t from, to;
    uint32_t index;
    HcaObjects o;
    VhcaBench b;
    uint64_t buf;
    Hca *vf;

    vhca_bench_start(&b, state, 1, "chunks=on", CHUNK_BYTES);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    from = vhca_id_of(&b.m->pf[0], 0);
    to = vhca_id_of(&b.m->pf[0], 1);
    buf = qtest_alloc(b.m->q, pages * HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    hca_must_create_cq(vf, &grows, o.comp_eq.eqn, LOG_SMALL);
    hca_must_create_cq(vf, &shrinks, o.comp_eq.eqn, LOG_SMALL);
    assert_int_equal(hca_resize_cq(&shrinks, buf, LOG_LARGE, pages), HCA_OK);
    fill(vf, o.pd, &index);
    assert_int_equal(hca_resize_cq(&grows, buf, LOG_LARGE, pages),
                     HCA_BAD_PARAM);
    vhca_must_stop(&b.m->pf[0], to);
    pass_on(&b, from, to, false);
    /* What was changed first comes first, whatever became of it later. */
    assert_int_equal(hca_resize_cq(&grows, buf, LOG_SMALL, 1), HCA_OK);
    assert_int_equal(hca_resize_cq(&shrinks, buf, LOG_SMALL, 1), HCA_OK);
    assert_int_equal(hca_resize_cq(&grows, buf, LOG_LARGE, pages), HCA_OK);
    pass_on(&b, from, to, true);
}

static void check_ended(Hca *pf)
{
    assert_true(hca_wait_done(pf, SLOT));
    assert_int_equal(hca_result(pf, SLOT, NULL, 0), HCA_BAD_RES_STATE);
}

/* While an image is being written, and while one is being taken apart. */
static void test_reset_in_the_midst(void **state)
{
    uint64_t bytes, last;
    uint8_t *image;
    HcaObjects o;
    VhcaBench b;
    uint16_t id;
    Hca *pf, *vf;

    full_vf(&b, state, &o);
    pf = &b.m->pf[0];
    vf = &b.m->vf[0][0];
    id = vhca_id_of(pf, 0);
    image = vhca_must_save_chunks(&b.buf[0], id, &bytes);
    vhca_start_save(&b.buf[0], id, SLOT);
    assert_false(hca_done(pf, SLOT));
    pci_flr(&vf->fn);
    check_ended(pf);
    vhca_must_stop(pf, id);
    last = bytes % CHUNK_BYTES;
    vhca_must_load_chunks(&b.buf[0], id, image, bytes - last);
    memcpy(vhca_buf_data(&b.buf[0]), image + bytes - last, last);
    vhca_start_load(&b.buf[0], id, last, SLOT);
    assert_false(hca_done(pf, SLOT));
    /* The image is here by then, and long not taken apart. */
    for (int i = 0; i < 100 && !hca_done(pf, SLOT); i++) {
        pci_bar_read(&pf->fn, 0, 4);
    }
    pci_flr(&vf->fn);
    check_ended(pf);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_memory_is_bounded),
        machine_test(test_query_is_cheap),
        machine_test(test_full_vf_moves),
        machine_test(test_delta_of_a_full_vf),
        machine_test(test_delta_at_the_limit),
        machine_test(test_reset_in_the_midst),
    };

    return machine_main(tests);
}
