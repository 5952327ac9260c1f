/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What firmware may do to a driver that migrates, as properties ask for it:
 * each is off at first, and its opposite is what the driver hopes for.
 */
#include "vhca-bench.h"
#include "qmp.h"

#define PF          "pf0"
#define SLOT        5
/* An image of a megabyte and a bit that takes long enough to come in between */
#define SLOW        "image-pad=1048576,x-latency=SAVE_VHCA_STATE=0+500"
#define BUF_BYTES   (2u << 20)

static Hca *start(VhcaBench *b, void **state, uint16_t *id)
{
    vhca_bench_start(b, state, 1, SLOW, BUF_BYTES);
    *id = vhca_id_of(&b->m->pf[0], 0);
    return &b->m->pf[0];
}

static int save_result(VhcaBench *b)
{
    Hca *pf = &b->m->pf[0];

    assert_true(hca_wait_done(pf, SLOT));
    return hca_result(pf, SLOT, NULL, 0);
}

static void test_suspend_during_tracked_save(void **state)
{
    VhcaSize size;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, &id);
    for (int fails = 0; fails < 2; fails++) {
        qmp_set_number(b.m->q, PF, "x-suspend-ends-save", fails);
        vhca_start_tracked_save(&b.buf[0], id, SLOT);
        assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
        assert_int_equal(hca_done(pf, SLOT), fails);
        /* Pre-copy goes on: the initiator may run again meanwhile. */
        assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
        assert_int_equal(save_result(&b), fails ? HCA_BAD_RES_STATE : HCA_OK);
        assert_int_equal(vhca_query(pf, id, true, false, &size),
                         fails ? HCA_BAD_RES_STATE : HCA_OK);
        pci_flr(&b.m->vf[0][0].fn);
    }
}

/*
 * Pre-copy that begins while the VFs that talk to each other are silent: the
 * driver lets the initiator run without waiting for the SAVE.
 */
static void test_resume_during_tracked_save(void **state)
{
    VhcaSize size;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, &id);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
    vhca_start_tracked_save(&b.buf[0], id, SLOT);
    assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
    assert_false(hca_done(pf, SLOT));
    assert_int_equal(save_result(&b), HCA_OK);
    assert_int_equal(vhca_query(pf, id, true, false, &size), HCA_OK);
    qmp_set_number(b.m->q, PF, "x-twice-fails", 1);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
}

static void test_query_during_first_save(void **state)
{
    VhcaSize size;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, &id);
    for (int fails = 0; fails < 2; fails++) {
        qmp_set_number(b.m->q, PF, "x-query-in-save-fails", fails);
        vhca_start_tracked_save(&b.buf[0], id, SLOT);
        assert_int_equal(vhca_query(pf, id, true, false, &size),
                         fails ? HCA_BAD_RES_STATE : HCA_OK);
        assert_int_equal(vhca_query(pf, id, false, false, &size), HCA_OK);
        assert_int_equal(save_result(&b), HCA_OK);
        assert_int_equal(vhca_query(pf, id, true, false, &size), HCA_OK);
        pci_flr(&b.m->vf[0][0].fn);
    }
    assert_int_equal(qmp_number(b.m->q, PF, "x-guest-errors"), 0);
}

static void test_tracked_save_while_suspended(void **state)
{
    VhcaSaved saved;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, &id);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, BUF_BYTES, &saved),
                     HCA_OK);
    qmp_set_number(b.m->q, PF, "x-suspended-track-fails", 1);
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, BUF_BYTES, &saved),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, BUF_BYTES, &saved),
                     HCA_OK);
    assert_int_equal(qmp_number(b.m->q, PF, "x-guest-errors"), 0);
}

/* A driver that saw tracking fail ends it all the same; nothing else may. */
static void test_end_of_tracking_that_failed(void **state)
{
    VhcaSaved saved;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, &id);
    qmp_set_number(b.m->q, PF, "x-suspend-ends-save", 1);
    vhca_start_tracked_save(&b.buf[0], id, SLOT);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
    assert_int_equal(save_result(&b), HCA_BAD_RES_STATE);
    qmp_set_number(b.m->q, PF, "x-suspended-track-fails", 1);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
        assert_int_equal(vhca_save(&b.buf[0], id, false, false, BUF_BYTES,
                                   &saved), HCA_BAD_RES_STATE);
        assert_int_equal(qmp_number(b.m->q, PF, "x-guest-errors"), 0);
        assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
        assert_int_equal(vhca_save(&b.buf[0], id, false, true, BUF_BYTES,
                                   &saved), HCA_BAD_RES_STATE);
    }
    assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
    for (int errors = 0; errors < 2; errors++) {
        assert_int_equal(vhca_save(&b.buf[0], id, false, false, BUF_BYTES,
                                   &saved), HCA_BAD_RES_STATE);
        assert_int_equal(qmp_number(b.m->q, PF, "x-guest-errors"), errors);
    }
}

/*
 * Status 9 on tracked saves: the driver may stop the VF and save all, or go on
 * as if nothing had been.
 */
static void test_tracking_that_fails(void **state)
{
    VhcaSaved saved;
    VhcaSize size;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, &id);
    qmp_set_number(b.m->q, PF, "x-track-fails", 1);
    for (int stop = 0; stop < 2; stop++) {
        assert_int_equal(vhca_save(&b.buf[0], id, false, true, BUF_BYTES,
                                   &saved), HCA_BAD_RES_STATE);
        if (stop) {
            vhca_must_stop(pf, id);
        }
        assert_int_equal(vhca_query(pf, id, !stop, false, &size), HCA_OK);
        assert_int_equal(vhca_save(&b.buf[0], id, false, false, BUF_BYTES,
                                   &saved), HCA_OK);
        assert_int_equal(saved.bytes != 0, stop);
    }
}

static bool shows_state(Hca *pf)
{
    uint8_t page[HCA_CAP_BYTES];

    assert_int_equal(hca_query_cap(pf, 0, 0x20, false, page), HCA_OK);
    return cx_bits_get(page, CX_BIT_CAP_2_MIGRATION_STATE, 1);
}

/* Commands go by what is offered now, capabilities by what ENABLE_HCA found. */
static void test_offers_change(void **state)
{
    VhcaSaved saved;
    VhcaSize size;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, &id);
    assert_int_equal(vhca_query(pf, id, false, true, &size), HCA_BAD_PARAM);
    qmp_set_bool(b.m->q, PF, "chunks", true);
    assert_int_equal(vhca_query(pf, id, false, true, &size), HCA_OK);
    assert_in_range(size.remaining, 1u << 20, BUF_BYTES);
    qmp_set_number(b.m->q, PF, "image-pad", 0);
    assert_int_equal(vhca_query(pf, id, false, true, &size), HCA_OK);
    assert_in_range(size.remaining, 1, 1u << 20);
    qmp_set_bool(b.m->q, PF, "tracking", false);
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, BUF_BYTES, &saved),
                     HCA_BAD_PARAM);

    qmp_set_bool(b.m->q, PF, "migration-state", true);
    assert_false(shows_state(pf));
    pci_flr(&pf->fn);
    hca_must_boot(pf);
    hca_must_start(pf);
    assert_true(shows_state(pf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_suspend_during_tracked_save),
        machine_test(test_resume_during_tracked_save),
        machine_test(test_query_during_first_save),
        machine_test(test_tracked_save_while_suspended),
        machine_test(test_end_of_tracking_that_failed),
        machine_test(test_tracking_that_fails),
        machine_test(test_offers_change),
    };

    return machine_main(tests);
}
