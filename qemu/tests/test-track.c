/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page trackers: what is told is what was written, and no more.
 */
#include "area.h"
#include "machine.h"
#include "qmp.h"
#include "random.h"
#include "vhca.h"

static void test_told_is_written(void **state)
{
    uint32_t seed = 1;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    area_write(&a, 1, a.start, AREA_BYTES, 100, 99);
    id = area_track(&a, 0);
    assert_int_equal(area_report(&a, id), 0);
    for (unsigned round = 0; round < 30; round++) {
        area_remember(&a);
        area_write(&a, 1, a.start, AREA_BYTES,
                    random_below(&seed, 20000) + 1, random_next(&seed));
        assert_true(area_check(&a, area_report(&a, id)) > 0);
    }
    area_remember(&a);
    assert_int_equal(area_check(&a, area_report(&a, id)), 0);
    area_end(&a);
}

/* Each tracker tells of its own VF; and the two of one VF both tell. */
static void test_two_vfs(void **state)
{
    uint32_t id[3];
    Area a;

    area_start(&a, state, AREA_ON);
    id[0] = area_track(&a, 0);
    id[1] = area_track(&a, 1);
    id[2] = area_track(&a, 1);
    area_remember(&a);
    area_write(&a, 1, a.start, AREA_PAGE, 1, 1);
    area_write(&a, 2, a.start + 7 * AREA_PAGE, AREA_PAGE, 1, 1);
    assert_int_equal(area_report(&a, id[0]), 1);
    assert_int_equal(a.told[0], a.start);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(area_report(&a, id[i]), 1);
        assert_int_equal(a.told[0], a.start + 7 * AREA_PAGE);
    }
    assert_int_equal(track_destroy(&a.t, id[2]), HCA_OK);
    assert_int_equal(track_destroy(&a.t, id[2]), HCA_BAD_RES);
    area_write(&a, 2, a.start, AREA_PAGE, 1, 1);
    assert_int_equal(area_report(&a, id[1]), 1);
    area_end(&a);
}

/* A part is asked for, and what is not in it stays to be told. */
static void test_parts(void **state)
{
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 0);
    area_remember(&a);
    area_write(&a, 1, a.start, AREA_BYTES, 2000, 5);
    for (unsigned i = 0, n = 0; i < 4; i++) {
        n += track_must_report(&a.t, id, a.start + i * AREA_BYTES / 4,
                               AREA_BYTES / 4, a.told + n, AREA_PAGES - n);
        if (i == 3) {
            area_check(&a, n);
        }
    }
    assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES + AREA_PAGE),
                     HCA_BAD_PARAM);
    assert_int_equal(track_report(&a.t, id, a.start - AREA_PAGE, AREA_PAGE),
                     HCA_BAD_PARAM);
    assert_int_equal(track_report(&a.t, id, a.start + 8, AREA_PAGE),
                     HCA_BAD_PARAM);
    assert_int_equal(track_report(&a.t, id, a.start, 0), HCA_BAD_PARAM);
    assert_int_equal(track_report(&a.t, id, a.start, UINT64_MAX),
                     HCA_BAD_PARAM);
    area_end(&a);
}

/* Ranges with a hole between them, and pages of another size. */
static void test_ranges(void **state)
{
    uint64_t half = AREA_BYTES / 2;
    TrackSetup setup;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    setup = track_setup(&a.t, a.vhca_id[0], a.start, AREA_BYTES / 4);
    setup.log_page = 16;
    setup.nr_ranges = 2;
    setup.log_space = track_log_space(half);
    setup.ranges[1] = (TrackRange) { a.start + half, AREA_BYTES / 4 };
    assert_int_equal(track_create(&a.t, &setup, &id), HCA_OK);
    area_write(&a, 1, a.start + 3 * AREA_PAGE, AREA_PAGE, 9, 1);
    area_write(&a, 1, a.start + AREA_BYTES / 4, AREA_PAGE, 9, 1);
    area_write(&a, 1, a.start + half + 17 * AREA_PAGE, AREA_PAGE, 9, 1);
    assert_int_equal(track_must_report(&a.t, id, a.start, AREA_BYTES / 4,
                                       a.told, AREA_PAGES), 1);
    assert_int_equal(a.told[0], a.start);
    assert_int_equal(track_must_report(&a.t, id, a.start + half,
                                       AREA_BYTES / 4, a.told, AREA_PAGES), 1);
    assert_int_equal(a.told[0], a.start + half + 16 * AREA_PAGE);
    /* Not across the hole */
    assert_int_equal(track_report(&a.t, id, a.start, half), HCA_BAD_PARAM);
    area_end(&a);
}

/* As much as an address space has, of which little is ever written. */
static void test_large_space(void **state)
{
    unsigned long peak_kib;
    TrackSetup setup;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    qtest_peak_kib(a.m->q);
    setup = track_setup(&a.t, a.vhca_id[0], 0, 1ull << 52);
    assert_int_equal(track_create(&a.t, &setup, &id), HCA_OK);
    area_remember(&a);
    area_write(&a, 1, a.start, AREA_BYTES, 3000, 5);
    area_check(&a, track_must_report(&a.t, id, 0, 1ull << 52, a.told,
                                     AREA_PAGES));
    peak_kib = qtest_peak_kib(a.m->q);
    assert_int_equal(track_must_report(&a.t, id, 0, 1ull << 52, a.told,
                                       AREA_PAGES), 0);
    assert_true(qtest_peak_kib(a.m->q) < peak_kib + 16 * 1024);
    area_end(&a);
}

/* Requests run out in the midst of a report, which goes on with more. */
static void test_slow_driver(void **state)
{
    TrackMessage message;
    unsigned n = 0, state_now;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 0);
    area_remember(&a);
    /* All pages: nine messages, for which there are eight requests. */
    for (unsigned i = 0; i < AREA_PAGES; i++) {
        area_write(&a, 1, a.start + i * AREA_PAGE, AREA_PAGE, 1, i + 1);
    }
    assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES), HCA_OK);
    do {
        assert_true(track_receive(&a.t, &message));
        for (unsigned i = 0; i < message.pages; i++) {
            a.told[n++] = ldq_be_p(message.entries + i * 8);
        }
        if (n == TRACK_RECVS * (AREA_PAGE - 64) / 8) {
            /* Another report cannot be had meanwhile. */
            assert_int_equal(track_query(&a.t, id, &state_now), HCA_OK);
            assert_int_equal(state_now, TRACK_REPORTING);
            assert_int_equal(track_report(&a.t, id, a.start, AREA_PAGE),
                             HCA_BAD_RES_STATE);
            track_post(&a.t, 1);
        }
    } while (message.state == TRACK_REPORTING);
    assert_int_equal(area_check(&a, n), AREA_PAGES);
    assert_int_equal(track_query(&a.t, id, &state_now), HCA_OK);
    assert_int_equal(state_now, TRACK_TRACKING);
    area_end(&a);
}

/* What is written while a report is on its way is in it or in the next. */
static void test_overlap(void **state)
{
    bool seen[AREA_PAGES] = {};
    uint32_t seed = 3;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 0);
    area_remember(&a);
    for (unsigned round = 0; round < 20; round++) {
        TrackMessage message;

        assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES), HCA_OK);
        do {
            area_write(&a, 1, a.start, AREA_BYTES, 500, random_next(&seed));
            assert_true(track_receive(&a.t, &message));
            for (unsigned i = 0; i < message.pages; i++) {
                uint64_t page = ldq_be_p(message.entries + i * 8);

                seen[(page - a.start) / AREA_PAGE] = true;
            }
            track_post(&a.t, 1);
        } while (message.state == TRACK_REPORTING);
    }
    for (unsigned i = area_report(&a, id); i; i--) {
        seen[(a.told[i - 1] - a.start) / AREA_PAGE] = true;
    }
    a.told[0] = 0;
    for (unsigned i = 0, n = 0; i <= AREA_PAGES; i++) {
        if (i == AREA_PAGES) {
            area_check(&a, n);
        } else if (seen[i]) {
            a.told[n++] = a.start + i * (uint64_t)AREA_PAGE;
        }
    }
    area_end(&a);
}

/* What it was told while it stood still is told, and tracking goes on. */
static void test_suspended_vf(void **state)
{
    char text[QMP_TEXT_BYTES];
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 0);
    area_remember(&a);
    area_write(&a, 1, a.start, AREA_BYTES, 50, 3);
    vhca_must_stop(&a.m->pf[0], a.vhca_id[0]);
    snprintf(text, sizeof(text), "1:0x%llx:4096:1:1",
             (unsigned long long)a.start);
    assert_true(qmp_refuses(a.m->q, AREA_PF, "x-dma-write", text));
    area_check(&a, area_report(&a, id));
    assert_int_equal(area_report(&a, id), 0);
    vhca_must_run(&a.m->pf[0], a.vhca_id[0]);
    area_write(&a, 1, a.start, AREA_PAGE, 1, 1);
    assert_int_equal(area_report(&a, id), 1);
    area_end(&a);
}

/* It gives offsets of last bytes for lengths, and rounds their sum down. */
static void test_driver_of_6_1(void **state)
{
    TrackSetup setup;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    setup = track_setup(&a.t, a.vhca_id[0], a.start, AREA_BYTES - 1);
    setup.log_space = track_log_space(AREA_BYTES) - 1;
    assert_int_equal(track_create(&a.t, &setup, &id), HCA_OK);
    area_remember(&a);
    area_write(&a, 1, a.start, AREA_BYTES, 10000, 1);
    assert_true(area_check(&a, area_report(&a, id)) > 0);
    area_end(&a);
}

/* A driver that leaves its trackers behind; and one after it. */
static void test_teardown(void **state)
{
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    for (unsigned i = 0; i < 16; i++) {
        id = area_track(&a, i % 2);
    }
    assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES), HCA_OK);
    hca_must_stop(&a.m->pf[0]);
    pci_flr(&a.m->pf[0].fn);
    assert_true(qtest_alive(a.m->q));
    area_end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_told_is_written),
        machine_test(test_two_vfs),
        machine_test(test_parts),
        machine_test(test_ranges),
        machine_test(test_large_space),
        machine_test(test_slow_driver),
        machine_test(test_overlap),
        machine_test(test_suspended_vf),
        machine_test(test_driver_of_6_1),
        machine_test(test_teardown),
    };

    return machine_main(tests);
}
