/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images in pieces: in chunks, by firmware that has them, and of a VF that runs
 * by any; and what is told of the progress meanwhile.
 */
#include <time.h>

#include "delta-bench.h"
#include "qmp.h"

#define PF          "pf0"
#define CHUNK       (8u << 20)

enum {
    STATE_UNINITIALIZED,
    STATE_IDLE,
    STATE_READY,
    STATE_DIRTY,
    STATE_INIT,
};

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/* What a driver sends: all pieces, each with its length. */
typedef struct Stream {
    VhcaBench b;
    Hca *pf, *vf;
    uint16_t from, to;
    HcaObjects o;
    VhcaSaved saved;
    VhcaSize size;
    uint8_t *data;
    uint64_t bytes, room;
    uint32_t piece[64];
    unsigned n;
} Stream;

static void start(Stream *s, void **state, const char *props, uint32_t buf,
                  uint64_t room)
{
    memset(s, 0, sizeof(*s));
    vhca_bench_start(&s->b, state, 1, props, buf);
    s->pf = &s->b.m->pf[0];
    s->from = vhca_id_of(s->pf, 0);
    s->to = vhca_id_of(s->pf, 1);
    s->vf = vhca_busy_vf(&s->b, 0, 0, &s->o);
    s->room = room;
    s->data = malloc(room);
    vhca_must_stop(s->pf, s->to);
}

static int save(Stream *s, bool inc, bool track, uint32_t room)
{
    int status = vhca_save(&s->b.buf[0], s->from, inc, track, room, &s->saved);

    if (status == HCA_OK) {
        assert_in_range(s->saved.bytes, 0, room);
        assert_true(s->bytes + s->saved.bytes <= s->room && s->n < 64);
        memcpy(s->data + s->bytes, vhca_buf_data(&s->b.buf[0]),
               s->saved.bytes);
        s->bytes += s->saved.bytes;
        s->piece[s->n++] = s->saved.bytes;
    }
    return status;
}

static uint32_t query(Stream *s, bool inc, bool chunk)
{
    assert_int_equal(vhca_query(s->pf, s->from, inc, chunk, &s->size), HCA_OK);
    return s->size.required;
}

static void load(Stream *s)
{
    uint64_t at = 0;

    for (unsigned i = 0; i < s->n; i++) {
        assert_int_equal(vhca_load_image(&s->b.buf[0], s->to, s->data + at,
                                         s->piece[i]), HCA_OK);
        at += s->piece[i];
    }
}

static void end_by_moving(Stream *s)
{
    Hca *dst = &s->b.m->vf[0][1];

    load(s);
    pci_flr(&s->vf->fn);
    vhca_move_driver(dst, s->vf);
    vhca_move_objects(&s->o, dst);
    pci_msix_enable(&dst->fn);
    vhca_must_run(s->pf, s->to);
    vhca_check_objects(dst, &s->o);
    free(s->data);
}

/* While the VF runs there is always another SAVE: a short buffer is no harm. */
static void test_short_buffers(void **state)
{
    uint32_t left, whole;
    Stream s;

    start(&s, state, "image-pad=20000", VHCA_BUF_BYTES, VHCA_BUF_BYTES);
    assert_int_equal(save(&s, false, true, 0), HCA_LIMITS);
    assert_int_equal(save(&s, false, true, 4096), HCA_OK);
    left = query(&s, true, false);
    assert_int_equal(s.saved.next, 0);
    for (unsigned i = 1; left > 4096; i++) {
        hca_must_alloc(s.vf, OP(ALLOC_PD));
        assert_int_equal(save(&s, true, true, 4096), HCA_OK);
        assert_int_equal(s.saved.bytes, 4096);
        /* Of what has changed meanwhile nothing is said yet. */
        assert_int_equal(query(&s, true, false), left - 4096);
        left -= 4096;
    }
    /* The final image goes behind the rest of the first, in one. */
    vhca_must_stop(s.pf, s.from);
    whole = query(&s, true, false);
    assert_in_range(whole, left + 1, VHCA_BUF_BYTES);
    assert_int_equal(save(&s, true, false, whole - 1), HCA_LIMITS);
    assert_int_equal(query(&s, true, false), whole);
    assert_int_equal(save(&s, true, false, whole), HCA_OK);
    assert_int_equal(s.saved.bytes, whole);
    assert_int_equal(vhca_query(s.pf, s.from, true, false, &s.size),
                     HCA_BAD_RES_STATE);
    end_by_moving(&s);
}

#define TRACKED     "chunks=on,image-pad=20971520,delta-pad=9437184"

/*
 * As a driver does with chunks: the first image goes in one SAVE, which does
 * not look at what would come next; QUERY tells of the rest.
 */
static void test_tracked_chunks(void **state)
{
    Stream s;

    start(&s, state, TRACKED, CHUNK, 64u << 20);
    assert_int_equal(query(&s, false, true), CHUNK);
    assert_in_range(s.size.remaining, 20u << 20, 22u << 20);
    assert_int_equal(save(&s, false, true, CHUNK), HCA_OK);
    assert_int_equal(s.saved.bytes, CHUNK);
    while (query(&s, true, true)) {
        assert_int_equal(s.size.required, s.size.remaining < CHUNK ?
                         s.size.remaining : CHUNK);
        assert_int_equal(save(&s, true, true, s.size.required), HCA_OK);
    }
    assert_in_range(s.bytes, 20u << 20, 21u << 20);
    vhca_check_one_nop(s.vf, &s.o);
    assert_int_equal(query(&s, true, true), CHUNK);
    assert_in_range(s.size.remaining, 9u << 20, 10u << 20);
    assert_int_equal(save(&s, true, true, CHUNK), HCA_OK);
    vhca_check_one_nop(s.vf, &s.o);
    /* A bit more than a megabyte is left, and the final one of nine comes. */
    vhca_must_stop(s.pf, s.from);
    assert_int_equal(query(&s, true, true), CHUNK);
    assert_in_range(s.size.remaining, 10u << 20, 11u << 20);
    assert_int_equal(save(&s, true, false, CHUNK), HCA_OK);
    while (s.saved.next) {
        assert_int_equal(save(&s, true, false, s.saved.next), HCA_OK);
    }
    assert_in_range(s.bytes, 38u << 20, 39u << 20);
    end_by_moving(&s);
}

#define HUGE        (4400ull << 20)
#define HUGE_IMAGE  "chunks=on,image-pad=4613734400"

/* More than a SAVE can say, through one buffer and next to no memory. */
static void test_more_than_4_gib(void **state)
{
    unsigned long peak_kib;
    uint64_t bytes = 0;
    Hca *dst;
    Stream s;

    start(&s, state, HUGE_IMAGE, CHUNK, 0);
    vhca_must_stop(s.pf, s.from);
    assert_int_equal(query(&s, false, true), CHUNK);
    assert_in_range(s.size.remaining, HUGE, HUGE + CHUNK);
    qtest_peak_kib(s.b.m->q);
    peak_kib = qtest_peak_kib(s.b.m->q);
    do {
        assert_int_equal(vhca_save(&s.b.buf[0], s.from, bytes, false, CHUNK,
                                   &s.saved), HCA_OK);
        bytes += s.saved.bytes;
        assert_int_equal(vhca_load(&s.b.buf[0], s.to, s.saved.bytes), HCA_OK);
    } while (s.saved.next);
    assert_in_range(bytes, HUGE, HUGE + CHUNK);
    peak_kib = qtest_peak_kib(s.b.m->q) - peak_kib;
    printf("# %lu KiB for an image of %u MiB\n", peak_kib,
           (unsigned)(bytes >> 20));
    /* Sanitizers keep what was freed, for a while */
    assert_true(peak_kib <= 2 * (CHUNK >> 10) || qtest_is_watched());
    dst = &s.b.m->vf[0][1];
    pci_flr(&s.vf->fn);
    vhca_move_driver(dst, s.vf);
    vhca_move_objects(&s.o, dst);
    pci_msix_enable(&dst->fn);
    vhca_must_run(s.pf, s.to);
    vhca_check_objects(dst, &s.o);
}

/* A tracked SAVE is refused in the midst of an image: a full one follows. */
static void test_given_up(void **state)
{
    Stream s;

    start(&s, state, TRACKED, CHUNK, 64u << 20);
    query(&s, false, true);
    assert_int_equal(save(&s, false, true, CHUNK), HCA_OK);
    qmp_set_number(s.b.m->q, PF, "x-track-fails", 1);
    assert_int_equal(save(&s, true, true, CHUNK), HCA_BAD_RES_STATE);
    vhca_must_stop(s.pf, s.from);
    query(&s, false, true);
    for (bool more = false; !more || s.saved.next; more = true) {
        assert_int_equal(save(&s, more, false, CHUNK), HCA_OK);
    }
    assert_in_range(s.bytes, 28u << 20, 30u << 20);
    end_by_moving(&s);
}

/* The same piece twice is no new beginning. */
static void test_first_piece_twice(void **state)
{
    Stream s;

    start(&s, state, TRACKED, CHUNK, 64u << 20);
    vhca_must_stop(s.pf, s.from);
    query(&s, false, true);
    assert_int_equal(save(&s, false, false, CHUNK), HCA_OK);
    assert_int_equal(vhca_load_image(&s.b.buf[0], s.to, s.data, CHUNK),
                     HCA_OK);
    assert_int_equal(vhca_load_image(&s.b.buf[0], s.to, s.data, CHUNK),
                     HCA_BAD_PARAM);
    free(s.data);
}

static unsigned state_of(Stream *s, bool inc)
{
    query(s, inc, false);
    return s->size.state;
}

static void test_migration_state(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    Stream s;

    start(&s, state, "migration-state=on", VHCA_BUF_BYTES, VHCA_BUF_BYTES);
    assert_int_equal(hca_query_cap(s.pf, 0, 0x20, false, page), HCA_OK);
    assert_int_equal(cx_bits_get(page, CX_BIT_CAP_2_MIGRATION_STATE, 1), 1);
    assert_int_equal(state_of(&s, false), STATE_IDLE);
    assert_int_equal(save(&s, false, true, 4096), HCA_OK);
    assert_int_equal(state_of(&s, true), STATE_INIT);
    assert_int_equal(save(&s, true, true, VHCA_BUF_BYTES), HCA_OK);
    assert_int_equal(state_of(&s, true), STATE_READY);
    vhca_check_one_nop(s.vf, &s.o);
    assert_int_equal(state_of(&s, true), STATE_DIRTY);
    assert_int_equal(save(&s, true, true, VHCA_BUF_BYTES), HCA_OK);
    assert_int_equal(state_of(&s, true), STATE_READY);
    hca_must_stop(s.vf);
    assert_int_equal(state_of(&s, true), STATE_UNINITIALIZED);
    hca_must_start(s.vf);
    assert_int_equal(state_of(&s, true), STATE_INIT);
    hca_must_create_objects(s.vf, &s.o);
    assert_int_equal(save(&s, true, true, VHCA_BUF_BYTES), HCA_OK);
    assert_int_equal(state_of(&s, true), STATE_READY);
    vhca_must_stop(s.pf, s.from);
    assert_int_equal(save(&s, true, false, VHCA_BUF_BYTES), HCA_OK);
    assert_int_equal(state_of(&s, false), STATE_IDLE);
    end_by_moving(&s);
}

static void test_no_migration_state(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    Stream s;

    start(&s, state, NULL, VHCA_BUF_BYTES, VHCA_BUF_BYTES);
    assert_int_equal(hca_query_cap(s.pf, 0, 0x20, false, page), HCA_OK);
    assert_int_equal(cx_bits_get(page, CX_BIT_CAP_2_MIGRATION_STATE, 1), 0);
    assert_int_equal(state_of(&s, false), 0);
    free(s.data);
}

/* Each chunk takes its time, and they are not all charged to the first. */
static void test_latency_of_chunks(void **state)
{
    uint64_t begun;
    Stream s;

    start(&s, state, "chunks=on,image-pad=10485760,"
          "x-latency=SAVE_VHCA_STATE=20+25:LOAD_VHCA_STATE=20+25",
          CHUNK, 16u << 20);
    vhca_must_stop(s.pf, s.from);
    query(&s, false, true);
    begun = now_ms();
    assert_int_equal(save(&s, false, false, CHUNK), HCA_OK);
    assert_in_range(now_ms() - begun, 220, 8000);
    begun = now_ms();
    assert_int_equal(save(&s, true, false, s.saved.next), HCA_OK);
    assert_in_range(now_ms() - begun, 70, 8000);
    assert_int_equal(s.saved.next, 0);
    begun = now_ms();
    load(&s);
    assert_in_range(now_ms() - begun, 290, 8000);
    free(s.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_short_buffers),
        machine_test(test_tracked_chunks),
        machine_test(test_more_than_4_gib),
        machine_test(test_given_up),
        machine_test(test_first_piece_twice),
        machine_test(test_migration_state),
        machine_test(test_no_migration_state),
        machine_test(test_latency_of_chunks),
    };

    return machine_main(tests);
}
