/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page trackers: what is told is what was written, whatever else happens.
 */
#include "machine.h"
#include "qmp.h"
#include "random.h"
#include "track.h"
#include "vhca.h"

#define PF              "pf0"
#define ON              "page-tracking=on"
#define PAGE            4096u
#define PAGES           4096u               /* in the area that is written */
#define AREA_BYTES      (PAGES * (uint64_t)PAGE)
#define EV_TYPE         MLX5_OBJ_TYPE_PAGE_TRACK

typedef struct Bench {
    Machine *m;
    TrackBench t;
    uint16_t vhca_id[2];
    uint64_t area;
    uint8_t *before;
    uint64_t *told;
} Bench;

static void bench_start(Bench *b, void **state, const char *props)
{
    b->m = machine_start_ready(state, 1, props);
    machine_enable_vfs(b->m, 0, 2);
    track_bench_create(&b->t, &b->m->pf[0]);
    for (unsigned i = 0; i < 2; i++) {
        b->vhca_id[i] = vhca_id_of(&b->m->pf[0], i);
    }
    b->area = qtest_alloc(b->m->q, AREA_BYTES, AREA_BYTES);
    b->before = calloc(1, AREA_BYTES);
    b->told = calloc(PAGES, sizeof(*b->told));
}

static void bench_end(Bench *b)
{
    free(b->before);
    free(b->told);
}

/* A tracker of one VF over the whole area. */
static uint32_t bench_track(Bench *b, unsigned vf)
{
    TrackSetup setup = track_setup(&b->t, b->vhca_id[vf], b->area, AREA_BYTES);
    uint32_t id;

    assert_int_equal(track_create(&b->t, &setup, &id), HCA_OK);
    return id;
}

static void bench_write(Bench *b, unsigned function, uint64_t start,
                        uint64_t bytes, unsigned count, uint32_t seed)
{
    char text[128];

    snprintf(text, sizeof(text), "%u:0x%llx:%llu:%u:%u", function,
             (unsigned long long)start, (unsigned long long)bytes, count, seed);
    qmp_set_text(b->m->q, PF, "x-dma-write", text);
}

static void bench_remember(Bench *b)
{
    memcpy(b->before, qtest_ram(b->m->q, b->area, AREA_BYTES), AREA_BYTES);
}

/* The pages told are those whose memory is not what was remembered. */
static unsigned bench_check(Bench *b, unsigned n)
{
    const uint8_t *ram = qtest_ram(b->m->q, b->area, AREA_BYTES);
    unsigned at = 0;

    for (unsigned i = 0; i < PAGES; i++) {
        bool told = at < n && b->told[at] == b->area + i * (uint64_t)PAGE;
        bool written = memcmp(ram + i * PAGE, b->before + i * PAGE, PAGE);

        assert_int_equal(told, written);
        at += told;
    }
    assert_int_equal(at, n);
    return n;
}

static unsigned bench_report(Bench *b, uint32_t id)
{
    return track_must_report(&b->t, id, b->area, AREA_BYTES, b->told, PAGES);
}

static void test_capabilities(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    Bench b;

    bench_start(&b, state, ON ",track-ranges=7,track-log-space-max=40,"
                "track-log-msg-min=12");
    assert_int_equal(hca_query_cap(&b.m->pf[0], 0, 0, false, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, adv_virtualization), 1);
    assert_int_equal(hca_query_cap(&b.m->pf[0], 0, 0x26, false, page), HCA_OK);
#define CAP(f) CX_GET(adv_virtualization_cap, page, pg_track_##f)
    assert_int_equal(CAP(max_num_range), 7);
    assert_int_equal(CAP(log_min_addr_space), 12);
    assert_int_equal(CAP(log_max_addr_space), 40);
    assert_int_equal(CAP(log_min_msg_size), 12);
    assert_int_equal(CAP(log_max_msg_size), 20);
    assert_int_equal(CAP(log_min_page_size), 12);
    assert_int_equal(CAP(log_max_page_size), 30);
#undef CAP
    /* A VF has no trackers to offer. */
    assert_int_equal(hca_query_cap(&b.m->pf[0], 1, 0, false, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, adv_virtualization), 0);
    bench_end(&b);
}

static void test_not_offered(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    TrackSetup setup;
    uint32_t id;
    Bench b;

    bench_start(&b, state, NULL);
    assert_int_equal(hca_query_cap(&b.m->pf[0], 0, 0, false, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, adv_virtualization), 0);
    assert_int_equal(hca_query_cap(&b.m->pf[0], 0, 0x26, false, page),
                     HCA_BAD_PARAM);
    setup = track_setup(&b.t, b.vhca_id[0], b.area, AREA_BYTES);
    assert_int_equal(track_create(&b.t, &setup, &id), HCA_BAD_PARAM);
    bench_end(&b);
}

static void test_told_is_written(void **state)
{
    uint32_t seed = 1;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    bench_write(&b, 1, b.area, AREA_BYTES, 100, 99);
    id = bench_track(&b, 0);
    assert_int_equal(bench_report(&b, id), 0);
    for (unsigned round = 0; round < 30; round++) {
        bench_remember(&b);
        bench_write(&b, 1, b.area, AREA_BYTES,
                    random_below(&seed, 20000) + 1, random_next(&seed));
        assert_true(bench_check(&b, bench_report(&b, id)) > 0);
    }
    bench_remember(&b);
    assert_int_equal(bench_check(&b, bench_report(&b, id)), 0);
    bench_end(&b);
}

/* Each tracker tells of its own VF; and the two of one VF both tell. */
static void test_two_vfs(void **state)
{
    uint32_t id[3];
    Bench b;

    bench_start(&b, state, ON);
    id[0] = bench_track(&b, 0);
    id[1] = bench_track(&b, 1);
    id[2] = bench_track(&b, 1);
    bench_remember(&b);
    bench_write(&b, 1, b.area, PAGE, 1, 1);
    bench_write(&b, 2, b.area + 7 * PAGE, PAGE, 1, 1);
    assert_int_equal(bench_report(&b, id[0]), 1);
    assert_int_equal(b.told[0], b.area);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(bench_report(&b, id[i]), 1);
        assert_int_equal(b.told[0], b.area + 7 * PAGE);
    }
    assert_int_equal(track_destroy(&b.t, id[2]), HCA_OK);
    assert_int_equal(track_destroy(&b.t, id[2]), HCA_BAD_RES);
    bench_write(&b, 2, b.area, PAGE, 1, 1);
    assert_int_equal(bench_report(&b, id[1]), 1);
    bench_end(&b);
}

/* A part is asked for, and what is not in it stays to be told. */
static void test_parts(void **state)
{
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 0);
    bench_remember(&b);
    bench_write(&b, 1, b.area, AREA_BYTES, 2000, 5);
    for (unsigned i = 0, n = 0; i < 4; i++) {
        n += track_must_report(&b.t, id, b.area + i * AREA_BYTES / 4,
                               AREA_BYTES / 4, b.told + n, PAGES - n);
        if (i == 3) {
            bench_check(&b, n);
        }
    }
    assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES + PAGE),
                     HCA_BAD_PARAM);
    assert_int_equal(track_report(&b.t, id, b.area - PAGE, PAGE),
                     HCA_BAD_PARAM);
    assert_int_equal(track_report(&b.t, id, b.area + 8, PAGE), HCA_BAD_PARAM);
    assert_int_equal(track_report(&b.t, id, b.area, 0), HCA_BAD_PARAM);
    assert_int_equal(track_report(&b.t, id, b.area, UINT64_MAX),
                     HCA_BAD_PARAM);
    bench_end(&b);
}

/* Ranges with a hole between them, and pages of another size. */
static void test_ranges(void **state)
{
    uint64_t half = AREA_BYTES / 2;
    TrackSetup setup;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    setup = track_setup(&b.t, b.vhca_id[0], b.area, AREA_BYTES / 4);
    setup.log_page = 16;
    setup.nr_ranges = 2;
    setup.log_space = track_log_space(half);
    setup.ranges[1] = (TrackRange) { b.area + half, AREA_BYTES / 4 };
    assert_int_equal(track_create(&b.t, &setup, &id), HCA_OK);
    bench_write(&b, 1, b.area + 3 * PAGE, PAGE, 9, 1);
    bench_write(&b, 1, b.area + AREA_BYTES / 4, PAGE, 9, 1);
    bench_write(&b, 1, b.area + half + 17 * PAGE, PAGE, 9, 1);
    assert_int_equal(track_must_report(&b.t, id, b.area, AREA_BYTES / 4,
                                       b.told, PAGES), 1);
    assert_int_equal(b.told[0], b.area);
    assert_int_equal(track_must_report(&b.t, id, b.area + half,
                                       AREA_BYTES / 4, b.told, PAGES), 1);
    assert_int_equal(b.told[0], b.area + half + 16 * PAGE);
    /* Not across the hole */
    assert_int_equal(track_report(&b.t, id, b.area, half), HCA_BAD_PARAM);
    bench_end(&b);
}

/* As much as an address space has, of which little is ever written. */
static void test_large_space(void **state)
{
    unsigned long peak_kib;
    TrackSetup setup;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    qtest_peak_kib(b.m->q);
    setup = track_setup(&b.t, b.vhca_id[0], 0, 1ull << 52);
    assert_int_equal(track_create(&b.t, &setup, &id), HCA_OK);
    bench_remember(&b);
    bench_write(&b, 1, b.area, AREA_BYTES, 3000, 5);
    bench_check(&b, track_must_report(&b.t, id, 0, 1ull << 52, b.told, PAGES));
    peak_kib = qtest_peak_kib(b.m->q);
    assert_int_equal(track_must_report(&b.t, id, 0, 1ull << 52, b.told, PAGES),
                     0);
    assert_true(qtest_peak_kib(b.m->q) < peak_kib + 16 * 1024);
    bench_end(&b);
}

/* Requests run out in the midst of a report, which goes on with more. */
static void test_slow_driver(void **state)
{
    TrackMessage message;
    unsigned n = 0, state_now;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 0);
    bench_remember(&b);
    /* All pages: nine messages, for which there are eight requests. */
    for (unsigned i = 0; i < PAGES; i++) {
        bench_write(&b, 1, b.area + i * PAGE, PAGE, 1, i + 1);
    }
    assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES), HCA_OK);
    do {
        assert_true(track_receive(&b.t, &message));
        for (unsigned i = 0; i < message.pages; i++) {
            b.told[n++] = ldq_be_p(message.entries + i * 8);
        }
        if (n == TRACK_RECVS * (PAGE - 64) / 8) {
            /* Another report cannot be had meanwhile. */
            assert_int_equal(track_query(&b.t, id, &state_now), HCA_OK);
            assert_int_equal(state_now, TRACK_REPORTING);
            assert_int_equal(track_report(&b.t, id, b.area, PAGE),
                             HCA_BAD_RES_STATE);
            track_post(&b.t, 1);
        }
    } while (message.state == TRACK_REPORTING);
    assert_int_equal(bench_check(&b, n), PAGES);
    assert_int_equal(track_query(&b.t, id, &state_now), HCA_OK);
    assert_int_equal(state_now, TRACK_TRACKING);
    bench_end(&b);
}

/* What is written while a report is on its way is in it or in the next. */
static void test_overlap(void **state)
{
    bool seen[PAGES] = {};
    uint32_t seed = 3;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 0);
    bench_remember(&b);
    for (unsigned round = 0; round < 20; round++) {
        TrackMessage message;

        assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES), HCA_OK);
        do {
            bench_write(&b, 1, b.area, AREA_BYTES, 500, random_next(&seed));
            assert_true(track_receive(&b.t, &message));
            for (unsigned i = 0; i < message.pages; i++) {
                seen[(ldq_be_p(message.entries + i * 8) - b.area) / PAGE] =
                    true;
            }
            track_post(&b.t, 1);
        } while (message.state == TRACK_REPORTING);
    }
    for (unsigned i = bench_report(&b, id); i; i--) {
        seen[(b.told[i - 1] - b.area) / PAGE] = true;
    }
    b.told[0] = 0;
    for (unsigned i = 0, n = 0; i <= PAGES; i++) {
        if (i == PAGES) {
            bench_check(&b, n);
        } else if (seen[i]) {
            b.told[n++] = b.area + i * (uint64_t)PAGE;
        }
    }
    bench_end(&b);
}

static void check_failed(Bench *b, uint32_t id)
{
    uint64_t errors = qmp_number(b->m->q, PF, "x-guest-errors");
    uint8_t *eqe, *data;
    unsigned state;

    assert_true(hca_eq_wait(&b->t.async_eq));
    eqe = hca_eq_peek(&b->t.async_eq);
    assert_int_equal(CX_GET(eqe, eqe, event_type), HCA_EV_OBJECT_CHANGE);
    data = CX_ADDR(eqe, eqe, event_data);
    assert_int_equal(data[2] << 8 | data[3], EV_TYPE);
    assert_int_equal(ldl_be_p(data + 4), id);
    hca_eq_pop(&b->t.async_eq);
    assert_int_equal(track_query(&b->t, id, &state), HCA_OK);
    assert_int_equal(state, TRACK_ERROR);
    assert_int_equal(track_report(&b->t, id, b->area, PAGE),
                     HCA_BAD_RES_STATE);
    /* A driver that asked before it saw the event did nothing wrong. */
    assert_int_equal(qmp_number(b->m->q, PF, "x-guest-errors"), errors);
    assert_int_equal(track_destroy(&b->t, id), HCA_OK);
}

/* No memory at all for bits */
static void test_overflow(void **state)
{
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON ",track-kib=0");
    id = bench_track(&b, 0);
    bench_write(&b, 1, b.area, PAGE, 1, 1);
    check_failed(&b, id);
    bench_end(&b);
}

static void test_reset_of_the_vf(void **state)
{
    uint32_t id, other;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 0);
    other = bench_track(&b, 1);
    bench_write(&b, 1, b.area, PAGE, 1, 1);
    bench_write(&b, 2, b.area, PAGE, 1, 1);
    pci_flr(&b.m->vf[0][0].fn);
    check_failed(&b, id);
    assert_int_equal(bench_report(&b, other), 1);
    /* And one begun anew is as good as any. */
    id = bench_track(&b, 0);
    bench_write(&b, 1, b.area + PAGE, PAGE, 1, 1);
    assert_int_equal(bench_report(&b, id), 1);
    assert_int_equal(b.told[0], b.area + PAGE);
    bench_end(&b);
}

static void test_disabled_vf(void **state)
{
    TrackSetup setup;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 1);
    setup = track_setup(&b.t, b.vhca_id[1], b.area, AREA_BYTES);
    assert_int_equal(hca_simple(&b.m->pf[0], OP(DISABLE_HCA), 0, 2), HCA_OK);
    check_failed(&b, id);
    assert_int_equal(track_create(&b.t, &setup, &id), HCA_BAD_RES);
    bench_end(&b);
}

/* What it was told while it stood still is told, and tracking goes on. */
static void test_suspended_vf(void **state)
{
    char text[QMP_TEXT_BYTES];
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 0);
    bench_remember(&b);
    bench_write(&b, 1, b.area, AREA_BYTES, 50, 3);
    vhca_must_stop(&b.m->pf[0], b.vhca_id[0]);
    snprintf(text, sizeof(text), "1:0x%llx:4096:1:1",
             (unsigned long long)b.area);
    assert_true(qmp_refuses(b.m->q, PF, "x-dma-write", text));
    bench_check(&b, bench_report(&b, id));
    assert_int_equal(bench_report(&b, id), 0);
    vhca_must_run(&b.m->pf[0], b.vhca_id[0]);
    bench_write(&b, 1, b.area, PAGE, 1, 1);
    assert_int_equal(bench_report(&b, id), 1);
    bench_end(&b);
}

static void test_firmware_that_fails(void **state)
{
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 0);
    qmp_set_number(b.m->q, PF, "x-track-ends", 1);
    assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES), HCA_OK);
    check_failed(&b, id);
    qmp_set_number(b.m->q, PF, "x-track-ends", 0);
    bench_end(&b);
}

/* The first of many messages says so, and no other comes. */
static void test_firmware_that_fails_within(void **state)
{
    TrackMessage message;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON ",track-log-msg-max=12");
    id = bench_track(&b, 0);
    bench_write(&b, 1, b.area, AREA_BYTES, 5000, 1);
    qmp_set_number(b.m->q, PF, "x-track-ends-within", 1);
    assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES), HCA_OK);
    assert_true(track_receive(&b.t, &message));
    assert_int_equal(message.state, TRACK_ERROR);
    assert_true(message.pages > 0);
    check_failed(&b, id);
    assert_null(hca_cq_peek(&b.t.cq));
    qmp_set_number(b.m->q, PF, "x-track-ends-within", 0);
    bench_end(&b);
}

/* Its state alone tells of it. */
static void test_failure_without_event(void **state)
{
    unsigned now;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 0);
    qmp_set_number(b.m->q, PF, "x-track-no-event", 1);
    qmp_set_number(b.m->q, PF, "x-track-ends", 1);
    assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES), HCA_OK);
    qtest_settle(b.m->q);
    assert_null(hca_eq_peek(&b.t.async_eq));
    assert_null(hca_cq_peek(&b.t.cq));
    assert_int_equal(track_query(&b.t, id, &now), HCA_OK);
    assert_int_equal(now, TRACK_ERROR);
    assert_int_equal(track_destroy(&b.t, id), HCA_OK);
    qmp_set_number(b.m->q, PF, "x-track-no-event", 0);
    qmp_set_number(b.m->q, PF, "x-track-ends", 0);
    bench_end(&b);
}

/* A reset that nobody is told of: what was written before is lost. */
static void test_forgetful_firmware(void **state)
{
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    qmp_set_number(b.m->q, PF, "x-track-forgets", 1);
    id = bench_track(&b, 0);
    bench_write(&b, 1, b.area, PAGE, 1, 1);
    pci_flr(&b.m->vf[0][0].fn);
    assert_null(hca_eq_peek(&b.t.async_eq));
    assert_int_equal(bench_report(&b, id), 0);
    bench_write(&b, 1, b.area + PAGE, PAGE, 1, 1);
    assert_int_equal(bench_report(&b, id), 1);
    assert_int_equal(b.told[0], b.area + PAGE);
    bench_end(&b);
}

static void test_silent_firmware(void **state)
{
    unsigned now;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 0);
    qmp_set_number(b.m->q, PF, "x-track-silent", 1);
    assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES), HCA_OK);
    qtest_settle(b.m->q);
    assert_int_equal(track_query(&b.t, id, &now), HCA_OK);
    assert_int_equal(now, TRACK_REPORTING);
    assert_null(hca_cq_peek(&b.t.cq));
    assert_int_equal(track_destroy(&b.t, id), HCA_OK);
    bench_end(&b);
}

/* Queue pairs that are not, or not any more, connected to each other */
static void test_broken_connection(void **state)
{
    TrackSetup setup;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    setup = track_setup(&b.t, b.vhca_id[0], b.area, AREA_BYTES);
    setup.qpn = 0x123456;
    assert_int_equal(track_create(&b.t, &setup, &id), HCA_BAD_RES);
    setup.qpn = b.t.host_qpn;
    assert_int_not_equal(track_create(&b.t, &setup, &id), HCA_OK);
    id = bench_track(&b, 0);
    assert_int_equal(hca_simple(b.t.pf, OP(DESTROY_QP), 0, b.t.fw_qpn),
                     HCA_RES_BUSY);
    hca_must_simple(b.t.pf, OP(2ERR_QP), 0, b.t.host_qpn);
    assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES), HCA_OK);
    check_failed(&b, id);
    hca_must_simple(b.t.pf, OP(DESTROY_QP), 0, b.t.fw_qpn);
    bench_end(&b);
}

/* A receive request through a key that is none: the driver is told. */
static void test_bad_request(void **state)
{
    uint8_t *cqe;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    id = bench_track(&b, 0);
    stl_be_p(qtest_ram(b.m->q, b.t.qp_buf + 4, 4), 0x12345678);
    bench_write(&b, 1, b.area, PAGE, 1, 1);
    assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES), HCA_OK);
    assert_true(hca_cq_wait(&b.t.cq));
    cqe = hca_cq_peek(&b.t.cq);
    assert_int_equal(cqe[63] >> 4, 14);
    assert_int_equal(cqe[55], 4);
    check_failed(&b, id);
    bench_end(&b);
}

/* It gives offsets of last bytes for lengths, and rounds their sum down. */
static void test_driver_of_6_1(void **state)
{
    TrackSetup setup;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    setup = track_setup(&b.t, b.vhca_id[0], b.area, AREA_BYTES - 1);
    setup.log_space = track_log_space(AREA_BYTES) - 1;
    assert_int_equal(track_create(&b.t, &setup, &id), HCA_OK);
    bench_remember(&b);
    bench_write(&b, 1, b.area, AREA_BYTES, 10000, 1);
    assert_true(bench_check(&b, bench_report(&b, id)) > 0);
    bench_end(&b);
}

static void test_refused_setups(void **state)
{
    static const struct {
        const char *what;
        int status;
        TrackSetup change;              /* what is not 0 in it */
    } cases[] = {
        { "vhca_id", HCA_BAD_RES, { .vhca_id = 0xfff } },
        { "type", HCA_BAD_PARAM, { .type = 2 } },
        { "state", HCA_BAD_PARAM, { .state = TRACK_REPORTING } },
        { "small space", HCA_BAD_PARAM, { .log_space = 13 } },
        { "large space", HCA_BAD_PARAM, { .log_space = 53 } },
        { "small page", HCA_BAD_PARAM, { .log_page = 11 } },
        { "large page", HCA_BAD_PARAM, { .log_page = 31 } },
        { "small message", HCA_BAD_PARAM, { .log_msg = 4 } },
        { "large message", HCA_BAD_PARAM, { .log_msg = 21 } },
        { "ranges", HCA_BAD_PARAM, { .nr_ranges = 5 } },
        { "cut", HCA_BAD_INPUT_LEN, { .cut = true } },
        { "address", HCA_BAD_PARAM, { .ranges = { { 0x1008, 4096 } } } },
        { "wrap", HCA_BAD_PARAM, { .ranges = { { -4096ull, 4096 } } } },
        { "overlap", HCA_BAD_PARAM,
          { .nr_ranges = 2, .ranges = { { 0, 8192 }, { 4096, 4096 } } } },
    };
    TrackSetup good;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    good = track_setup(&b.t, b.vhca_id[0], b.area, AREA_BYTES);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const TrackSetup *c = &cases[i].change;
        TrackSetup s = good;

        s.vhca_id = c->vhca_id ?: s.vhca_id;
        s.type = c->type ?: s.type;
        s.state = c->state;
        s.log_space = c->log_space ?: s.log_space;
        s.log_page = c->log_page ?: s.log_page;
        s.log_msg = c->log_msg ?: s.log_msg;
        s.nr_ranges = c->nr_ranges ?: s.nr_ranges;
        s.cut = c->cut;
        if (c->ranges[0].len) {
            memcpy(s.ranges, c->ranges, sizeof(s.ranges));
        }
        if (track_create(&b.t, &s, &id) != cases[i].status) {
            fail_msg("%s was not refused as it should", cases[i].what);
        }
    }
    assert_int_equal(track_create(&b.t, &good, &id), HCA_OK);
    bench_end(&b);
}

/* Other types, other selections, and commands that end too soon */
static void test_bad_commands(void **state)
{
    uint8_t in[CX_SZ(modify_page_track_obj_in)] = {};
    uint8_t out[CX_SZ(query_page_track_obj_out)];
    uint8_t *ctx = CX_ADDR(modify_page_track_obj_in, in, obj_context);
    const uint32_t head = CX_SZ(general_obj_in_cmd_hdr);
    Hca *pf;
    Bench b;

    bench_start(&b, state, ON);
    pf = &b.m->pf[0];
    hca_header(in, OP(CREATE_GENERAL_OBJECT), EV_TYPE);
    assert_int_equal(hca_exec(pf, in, head, out, 16), HCA_BAD_INPUT_LEN);
    hca_header(in, OP(CREATE_GENERAL_OBJECT), EV_TYPE + 1);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, 16), HCA_BAD_PARAM);
    hca_header(in, OP(QUERY_GENERAL_OBJECT), EV_TYPE);
    CX_SET(general_obj_in_cmd_hdr, in, obj_id, bench_track(&b, 0));
    assert_int_equal(hca_exec(pf, in, head, out, 16), HCA_BAD_OUTPUT_LEN);
    hca_header(in, OP(MODIFY_GENERAL_OBJECT), EV_TYPE);
    assert_int_equal(hca_exec(pf, in, head, out, 16), HCA_BAD_INPUT_LEN);
    CX_SET(page_track, ctx, state, TRACK_REPORTING);
    CX_SET64(page_track, ctx, range_start_address, b.area);
    CX_SET64(page_track, ctx, length, PAGE);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, 16), HCA_BAD_PARAM);
    CX_SET64(page_track, ctx, modify_field_select, 3);
    CX_SET(page_track, ctx, state, TRACK_TRACKING);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, 16), HCA_BAD_PARAM);
    CX_SET(page_track, ctx, state, TRACK_REPORTING);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, 16), HCA_OK);
    bench_end(&b);
}

/* A driver that leaves its trackers behind; and one after it. */
static void test_teardown(void **state)
{
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    for (unsigned i = 0; i < 16; i++) {
        id = bench_track(&b, i % 2);
    }
    assert_int_equal(track_report(&b.t, id, b.area, AREA_BYTES), HCA_OK);
    hca_must_stop(&b.m->pf[0]);
    pci_flr(&b.m->pf[0].fn);
    assert_true(qtest_alive(b.m->q));
    bench_end(&b);
}

static void test_too_many(void **state)
{
    TrackSetup setup;
    uint32_t id;
    Bench b;

    bench_start(&b, state, ON);
    setup = track_setup(&b.t, b.vhca_id[0], b.area, AREA_BYTES);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(track_create(&b.t, &setup, &id), HCA_OK);
    }
    assert_int_equal(track_create(&b.t, &setup, &id), HCA_LIMITS);
    assert_int_equal(track_destroy(&b.t, id), HCA_BAD_RES);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_capabilities),
        machine_test(test_not_offered),
        machine_test(test_told_is_written),
        machine_test(test_two_vfs),
        machine_test(test_parts),
        machine_test(test_ranges),
        machine_test(test_large_space),
        machine_test(test_slow_driver),
        machine_test(test_overlap),
        machine_test(test_overflow),
        machine_test(test_reset_of_the_vf),
        machine_test(test_disabled_vf),
        machine_test(test_suspended_vf),
        machine_test(test_firmware_that_fails),
        machine_test(test_firmware_that_fails_within),
        machine_test(test_failure_without_event),
        machine_test(test_forgetful_firmware),
        machine_test(test_silent_firmware),
        machine_test(test_broken_connection),
        machine_test(test_bad_request),
        machine_test(test_driver_of_6_1),
        machine_test(test_refused_setups),
        machine_test(test_bad_commands),
        machine_test(test_teardown),
        machine_test(test_too_many),
    };

    return machine_main(tests);
}
