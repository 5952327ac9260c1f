/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page trackers that fail: the driver is told, and begins anew.
 */
#include "area.h"
#include "machine.h"
#include "qmp.h"

/* The driver is told, and may no more than destroy it. */
static void check_failed(Area *a, uint32_t id)
{
    uint64_t errors = qmp_number(a->m->q, AREA_PF, "x-guest-errors");
    uint8_t *eqe, *data;
    unsigned state;

    assert_true(hca_eq_wait(&a->t.async_eq));
    eqe = hca_eq_peek(&a->t.async_eq);
    assert_int_equal(CX_GET(eqe, eqe, event_type), HCA_EV_OBJECT_CHANGE);
    data = CX_ADDR(eqe, eqe, event_data);
    assert_int_equal(data[2] << 8 | data[3], MLX5_OBJ_TYPE_PAGE_TRACK);
    assert_int_equal(ldl_be_p(data + 4), id);
    hca_eq_pop(&a->t.async_eq);
    assert_int_equal(track_query(&a->t, id, &state), HCA_OK);
    assert_int_equal(state, TRACK_ERROR);
    assert_int_equal(track_report(&a->t, id, a->start, AREA_PAGE),
                     HCA_BAD_RES_STATE);
    /* A driver that asked before it saw the event did nothing wrong. */
    assert_int_equal(qmp_number(a->m->q, AREA_PF, "x-guest-errors"), errors);
    assert_int_equal(track_destroy(&a->t, id), HCA_OK);
}

/* No memory at all for bits */
static void test_overflow(void **state)
{
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON ",track-kib=0");
    id = area_track(&a, 0);
    area_write(&a, 1, a.start, AREA_PAGE, 1, 1);
    check_failed(&a, id);
    area_end(&a);
}

static void test_reset_of_the_vf(void **state)
{
    uint32_t id, other;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 0);
    other = area_track(&a, 1);
    area_write(&a, 1, a.start, AREA_PAGE, 1, 1);
    area_write(&a, 2, a.start, AREA_PAGE, 1, 1);
    pci_flr(&a.m->vf[0][0].fn);
    check_failed(&a, id);
    assert_int_equal(area_report(&a, other), 1);
    /* And one begun anew is as good as any. */
    id = area_track(&a, 0);
    area_write(&a, 1, a.start + AREA_PAGE, AREA_PAGE, 1, 1);
    assert_int_equal(area_report(&a, id), 1);
    assert_int_equal(a.told[0], a.start + AREA_PAGE);
    area_end(&a);
}

static void test_disabled_vf(void **state)
{
    TrackSetup setup;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 1);
    setup = track_setup(&a.t, a.vhca_id[1], a.start, AREA_BYTES);
    assert_int_equal(hca_simple(&a.m->pf[0], OP(DISABLE_HCA), 0, 2), HCA_OK);
    check_failed(&a, id);
    assert_int_equal(track_create(&a.t, &setup, &id), HCA_BAD_RES);
    area_end(&a);
}

static void test_firmware_that_fails(void **state)
{
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 0);
    qmp_set_number(a.m->q, AREA_PF, "x-track-ends", 1);
    assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES), HCA_OK);
    check_failed(&a, id);
    qmp_set_number(a.m->q, AREA_PF, "x-track-ends", 0);
    area_end(&a);
}

/* The first of many messages says so, and no other comes. */
static void test_firmware_that_fails_within(void **state)
{
    TrackMessage message;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON ",track-log-msg-max=12");
    id = area_track(&a, 0);
    area_write(&a, 1, a.start, AREA_BYTES, 5000, 1);
    qmp_set_number(a.m->q, AREA_PF, "x-track-ends-within", 1);
    assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES), HCA_OK);
    assert_true(track_receive(&a.t, &message));
    assert_int_equal(message.state, TRACK_ERROR);
    assert_true(message.pages > 0);
    check_failed(&a, id);
    assert_null(hca_cq_peek(&a.t.cq));
    qmp_set_number(a.m->q, AREA_PF, "x-track-ends-within", 0);
    area_end(&a);
}

/* Its state alone tells of it. */
static void test_failure_without_event(void **state)
{
    unsigned now;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 0);
    qmp_set_number(a.m->q, AREA_PF, "x-track-no-event", 1);
    qmp_set_number(a.m->q, AREA_PF, "x-track-ends", 1);
    assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES), HCA_OK);
    qtest_settle(a.m->q);
    assert_null(hca_eq_peek(&a.t.async_eq));
    assert_null(hca_cq_peek(&a.t.cq));
    assert_int_equal(track_query(&a.t, id, &now), HCA_OK);
    assert_int_equal(now, TRACK_ERROR);
    assert_int_equal(track_destroy(&a.t, id), HCA_OK);
    qmp_set_number(a.m->q, AREA_PF, "x-track-no-event", 0);
    qmp_set_number(a.m->q, AREA_PF, "x-track-ends", 0);
    area_end(&a);
}

/* A reset that nobody is told of: what was written before is lost. */
static void test_forgetful_firmware(void **state)
{
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    qmp_set_number(a.m->q, AREA_PF, "x-track-forgets", 1);
    id = area_track(&a, 0);
    area_write(&a, 1, a.start, AREA_PAGE, 1, 1);
    pci_flr(&a.m->vf[0][0].fn);
    assert_null(hca_eq_peek(&a.t.async_eq));
    assert_int_equal(area_report(&a, id), 0);
    area_write(&a, 1, a.start + AREA_PAGE, AREA_PAGE, 1, 1);
    assert_int_equal(area_report(&a, id), 1);
    assert_int_equal(a.told[0], a.start + AREA_PAGE);
    area_end(&a);
}

static void test_silent_firmware(void **state)
{
    unsigned now;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 0);
    qmp_set_number(a.m->q, AREA_PF, "x-track-silent", 1);
    assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES), HCA_OK);
    qtest_settle(a.m->q);
    assert_int_equal(track_query(&a.t, id, &now), HCA_OK);
    assert_int_equal(now, TRACK_REPORTING);
    assert_null(hca_cq_peek(&a.t.cq));
    assert_int_equal(track_destroy(&a.t, id), HCA_OK);
    area_end(&a);
}

/* Queue pairs that are not, or not any more, connected to each other */
static void test_broken_connection(void **state)
{
    TrackSetup setup;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    setup = track_setup(&a.t, a.vhca_id[0], a.start, AREA_BYTES);
    setup.qpn = 0x123456;
    assert_int_equal(track_create(&a.t, &setup, &id), HCA_BAD_RES);
    setup.qpn = a.t.host_qpn;
    assert_int_not_equal(track_create(&a.t, &setup, &id), HCA_OK);
    id = area_track(&a, 0);
    assert_int_equal(hca_simple(a.t.pf, OP(DESTROY_QP), 0, a.t.fw_qpn),
                     HCA_RES_BUSY);
    hca_must_simple(a.t.pf, OP(2ERR_QP), 0, a.t.host_qpn);
    assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES), HCA_OK);
    check_failed(&a, id);
    hca_must_simple(a.t.pf, OP(DESTROY_QP), 0, a.t.fw_qpn);
    area_end(&a);
}

/* A receive request through a key that is none: the driver is told. */
static void test_bad_request(void **state)
{
    uint8_t *cqe;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    id = area_track(&a, 0);
    stl_be_p(qtest_ram(a.m->q, a.t.qp_buf + 4, 4), 0x12345678);
    area_write(&a, 1, a.start, AREA_PAGE, 1, 1);
    assert_int_equal(track_report(&a.t, id, a.start, AREA_BYTES), HCA_OK);
    assert_true(hca_cq_wait(&a.t.cq));
    cqe = hca_cq_peek(&a.t.cq);
    assert_int_equal(cqe[63] >> 4, 14);
    assert_int_equal(cqe[55], 4);
    check_failed(&a, id);
    area_end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_overflow),
        machine_test(test_reset_of_the_vf),
        machine_test(test_disabled_vf),
        machine_test(test_firmware_that_fails),
        machine_test(test_firmware_that_fails_within),
        machine_test(test_failure_without_event),
        machine_test(test_forgetful_firmware),
        machine_test(test_silent_firmware),
        machine_test(test_broken_connection),
        machine_test(test_bad_request),
    };

    return machine_main(tests);
}
