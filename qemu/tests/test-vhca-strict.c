/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration commands that a driver must not send, or not then: refused, and
 * with the consequence that it has on a card.
 */
#include "vhca-bench.h"
#include "qmp.h"

#define PF          "pf0"
/* A quarter of a second each. */
#define SLOW        "image-pad=524288,x-latency=SAVE_VHCA_STATE=0+500:" \
                    "LOAD_VHCA_STATE=0+500"

static Hca *start(VhcaBench *b, void **state, const char *props, uint16_t *id)
{
    vhca_bench_start(b, state, 1, props, VHCA_BUF_BYTES);
    *id = vhca_id_of(&b->m->pf[0], 0);
    return &b->m->pf[0];
}

static void test_orders(void **state)
{
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, NULL, &id);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER), HCA_OK);
    assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_resume(pf, id, RESUME_RESPONDER), HCA_OK);
    /* Half way there and back again. */
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER), HCA_OK);
    assert_int_equal(vhca_resume(pf, id, RESUME_RESPONDER), HCA_OK);
    assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER),
                     HCA_BAD_RES_STATE);
}

static void test_twice(void **state)
{
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, NULL, &id);
    for (int strict = 0; strict < 2; strict++) {
        int again = strict ? HCA_BAD_RES_STATE : HCA_OK;

        qmp_set_number(b.m->q, PF, "x-twice-fails", strict);
        assert_int_equal(vhca_resume(pf, id, RESUME_RESPONDER), again);
        assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), again);
        vhca_must_stop(pf, id);
        assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), again);
        assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER), again);
        vhca_must_run(pf, id);
    }
}

/* What a VF is that refused an image, nobody knows. */
static void check_poisoned(VhcaBench *b, uint16_t id)
{
    Hca *pf = &b->m->pf[0];
    VhcaSaved saved;
    VhcaSize size;

    assert_int_equal(vhca_load(&b->buf[0], id, 64), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_query(pf, id, false, false, &size),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_save(&b->buf[0], id, false, false, VHCA_BUF_BYTES,
                               &saved), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_resume(pf, id, RESUME_RESPONDER),
                     HCA_BAD_RES_STATE);
    vhca_must_stop(pf, id);
}

static void test_refused_load(void **state)
{
    uint8_t *image;
    uint32_t bytes;
    HcaObjects o;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, NULL, &id);
    vhca_must_stop(pf, id);
    image = vhca_must_save(&b.buf[0], id, &bytes);
    image[bytes - 1] ^= 1;
    assert_int_equal(vhca_load_image(&b.buf[0], id, image, bytes),
                     HCA_BAD_PARAM);
    image[bytes - 1] ^= 1;
    check_poisoned(&b, id);
    assert_int_equal(vhca_load_image(&b.buf[0], id, image, bytes),
                     HCA_BAD_RES_STATE);
    /* A command that was not begun does no harm... */
    pci_flr(&b.m->vf[0][0].fn);
    vhca_must_stop(pf, id);
    assert_int_equal(vhca_load(&b.buf[0], id, 0), HCA_BAD_PARAM);
    assert_int_equal(vhca_load_image(&b.buf[0], id, image, bytes), HCA_OK);
    vhca_must_run(pf, id);
    /* ...and with the reset the VF is as good as any. */
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
    free(image);
}

/* The PF goes while the image comes in: of that, too, only a reset is left. */
static void test_load_cut_short(void **state)
{
    uint32_t bytes;
    HcaObjects o;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, SLOW, &id);
    vhca_must_stop(pf, id);
    free(vhca_must_save(&b.buf[0], id, &bytes));
    vhca_start_load(&b.buf[0], id, bytes, 5);
    hca_must_simple(pf, OP(TEARDOWN_HCA), 0, 0);
    assert_true(hca_wait_done(pf, 5));
    assert_int_equal(hca_result(pf, 5, NULL, 0), HCA_BAD_RES_STATE);
    hca_must_simple(pf, OP(INIT_HCA), 0, 0);
    vhca_buf_create(pf, &b.buf[0], VHCA_BUF_BYTES);
    check_poisoned(&b, id);
    pci_flr(&b.m->vf[0][0].fn);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
}

static void test_save_of_a_running_vf(void **state)
{
    VhcaSaved saved;
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, NULL, &id);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, VHCA_BUF_BYTES,
                               &saved), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, VHCA_BUF_BYTES,
                               &saved), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER), HCA_OK);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, VHCA_BUF_BYTES,
                               &saved), HCA_OK);
    assert_in_range(saved.bytes, 1, VHCA_BUF_BYTES);
}

static uint64_t errors(VhcaBench *b)
{
    return qmp_number(b->m->q, PF, "x-guest-errors");
}

/* A reset can come between two commands of a driver that does nothing wrong. */
static void test_reset_overtakes(void **state)
{
    VhcaSaved saved;
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, NULL, &id);
    vhca_must_stop(pf, id);
    pci_flr(&b.m->vf[0][0].fn);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, VHCA_BUF_BYTES,
                               &saved), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_load(&b.buf[0], id, 64), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER),
                     HCA_BAD_RES_STATE);
    assert_int_equal(errors(&b), 0);
    /* From the next suspension on it knows. */
    vhca_must_stop(pf, id);
    vhca_must_run(pf, id);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, VHCA_BUF_BYTES,
                               &saved), HCA_BAD_RES_STATE);
    assert_int_equal(errors(&b), 1);
}

/* The same for one that is saved while it runs. */
static void test_reset_ends_tracking(void **state)
{
    VhcaSaved saved;
    VhcaSize size;
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, NULL, &id);
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, VHCA_BUF_BYTES,
                               &saved), HCA_OK);
    pci_flr(&b.m->vf[0][0].fn);
    assert_int_equal(vhca_query(pf, id, true, false, &size),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_save(&b.buf[0], id, true, true, VHCA_BUF_BYTES,
                               &saved), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, VHCA_BUF_BYTES,
                               &saved), HCA_BAD_RES_STATE);
    assert_int_equal(errors(&b), 0);
    /* From the next image on it knows. */
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, VHCA_BUF_BYTES,
                               &saved), HCA_OK);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, VHCA_BUF_BYTES,
                               &saved), HCA_OK);
    assert_int_equal(vhca_query(pf, id, true, false, &size),
                     HCA_BAD_RES_STATE);
    assert_int_equal(errors(&b), 1);
}

/*
 * What the driver begins anew of the one says nothing of the other: a reset
 * came when the VF was suspended, or saved, or both.
 */
static void test_reset_overtakes_both(void **state)
{
    VhcaSaved saved;
    VhcaSize size;
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, NULL, &id);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
    pci_flr(&b.m->vf[0][0].fn);
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, VHCA_BUF_BYTES,
                               &saved), HCA_OK);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER),
                     HCA_BAD_RES_STATE);
    pci_flr(&b.m->vf[0][0].fn);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
    assert_int_equal(vhca_query(pf, id, true, false, &size),
                     HCA_BAD_RES_STATE);
    assert_int_equal(errors(&b), 0);
    /* Both are begun anew: from here on it knows. */
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, VHCA_BUF_BYTES,
                               &saved), HCA_OK);
    assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER),
                     HCA_BAD_RES_STATE);
    assert_int_not_equal(errors(&b), 0);
}

/* A VF that the PF has not enabled is none that a command can name. */
static void test_vf_not_enabled(void **state)
{
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, NULL, &id);
    hca_must_simple(pf, OP(DISABLE_HCA), 0, 1);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_BAD_RES);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    assert_int_equal(vhca_suspend(pf, vhca_id_of(pf, 0), SUSPEND_INITIATOR),
                     HCA_OK);
}

static void test_key_in_use(void **state)
{
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, SLOW, &id);
    vhca_must_stop(pf, id);
    for (int load = 0; load < 2; load++) {
        if (load) {
            /* What the SAVE left there. */
            vhca_start_load(&b.buf[0], id, 524288, 5);
        } else {
            vhca_start_save(&b.buf[0], id, 5);
        }
        assert_int_equal(hca_simple(pf, OP(DESTROY_MKEY), 0, b.buf[0].index),
                         HCA_RES_BUSY);
        assert_false(hca_done(pf, 5));
        assert_true(hca_wait_done(pf, 5));
        assert_int_equal(hca_result(pf, 5, NULL, 0), HCA_OK);
    }
    vhca_buf_destroy(&b.buf[0]);
}

static void check_offer(Hca *pf, bool migration, bool multi, bool tracking,
                        bool chunks)
{
    uint8_t page[HCA_CAP_BYTES];

    assert_int_equal(hca_query_cap(pf, 0, 0, false, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, migration), migration);
    assert_int_equal(hca_query_cap(pf, 0, 0x20, false, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap_2, page, migration_multi_load), multi);
    assert_int_equal(CX_GET(cmd_hca_cap_2, page, migration_tracking_state),
                     tracking);
    assert_int_equal(CX_GET(cmd_hca_cap_2, page, migration_in_chunks), chunks);
}

static void test_without_migration(void **state)
{
    VhcaSaved saved;
    VhcaSize size;
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, "migration=off", &id);
    check_offer(pf, false, true, true, false);
    assert_int_equal(vhca_suspend(pf, id, 0), HCA_BAD_OP);
    assert_int_equal(vhca_resume(pf, id, 0), HCA_BAD_OP);
    assert_int_equal(vhca_query(pf, id, 0, 0, &size), HCA_BAD_OP);
    assert_int_equal(vhca_save(&b.buf[0], id, 0, 0, 4096, &saved), HCA_BAD_OP);
    assert_int_equal(vhca_load(&b.buf[0], id, 4096), HCA_BAD_OP);
}

static void test_without_tracking(void **state)
{
    VhcaSaved saved;
    VhcaSize size;
    uint16_t id;
    VhcaBench b;
    Hca *pf;

    pf = start(&b, state, "tracking=off", &id);
    check_offer(pf, true, true, false, false);
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, VHCA_BUF_BYTES,
                               &saved), HCA_BAD_PARAM);
    assert_int_equal(vhca_query(pf, id, true, false, &size), HCA_BAD_PARAM);
    vhca_must_stop(pf, id);
    assert_int_equal(vhca_save(&b.buf[0], id, true, false, VHCA_BUF_BYTES,
                               &saved), HCA_BAD_PARAM);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, VHCA_BUF_BYTES,
                               &saved), HCA_OK);
}

static void test_without_chunks(void **state)
{
    VhcaSize size;
    uint16_t id;
    VhcaBench b;

    start(&b, state, NULL, &id);
    check_offer(&b.m->pf[0], true, true, true, false);
    assert_int_equal(vhca_query(&b.m->pf[0], id, false, true, &size),
                     HCA_BAD_PARAM);
}

/* With chunks alone, incremental still names the next one. */
static void test_chunks_without_tracking(void **state)
{
    uint64_t bytes;
    uint16_t id;
    VhcaBench b;

    start(&b, state, "tracking=off,chunks=on,image-pad=9000000", &id);
    check_offer(&b.m->pf[0], true, true, false, true);
    vhca_buf_create(&b.m->pf[0], &b.buf[0], 8u << 20);
    vhca_must_stop(&b.m->pf[0], id);
    free(vhca_must_save_chunks(&b.buf[0], id, &bytes));
    assert_in_range(bytes, 9000000, 10000000);
}

/* The whole state in one LOAD, or not at all. */
static void test_without_multi_load(void **state)
{
    uint8_t *image;
    uint32_t bytes;
    VhcaBench b;
    uint16_t id;
    Hca *pf;

    pf = start(&b, state, "multi-load=off", &id);
    check_offer(pf, true, false, true, false);
    vhca_must_stop(pf, id);
    image = vhca_must_save(&b.buf[0], id, &bytes);
    assert_int_equal(vhca_load_image(&b.buf[0], id, image, bytes), HCA_OK);
    assert_int_equal(vhca_load_image(&b.buf[0], id, image, bytes),
                     HCA_BAD_RES_STATE);
    vhca_must_run(pf, id);
    pci_flr(&b.m->vf[0][0].fn);
    vhca_must_stop(pf, id);
    assert_int_equal(vhca_load_image(&b.buf[0], id, image, bytes - 8),
                     HCA_BAD_PARAM);
    check_poisoned(&b, id);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_orders),
        machine_test(test_twice),
        machine_test(test_refused_load),
        machine_test(test_load_cut_short),
        machine_test(test_save_of_a_running_vf),
        machine_test(test_reset_overtakes),
        machine_test(test_reset_ends_tracking),
        machine_test(test_reset_overtakes_both),
        machine_test(test_vf_not_enabled),
        machine_test(test_key_in_use),
        machine_test(test_without_migration),
        machine_test(test_without_tracking),
        machine_test(test_without_chunks),
        machine_test(test_chunks_without_tracking),
        machine_test(test_without_multi_load),
    };

    return machine_main(tests);
}
