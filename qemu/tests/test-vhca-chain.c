/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images of a session come in their order, all of them, each once, and the
 * final one last; anything else is refused.
 */
#include "delta-bench.h"

/* Images 0 to 4, 4 being the final one. */
static void start(DeltaBench *d, void **state)
{
    delta_start(d, state, NULL);
    for (int i = 0; i < 3; i++) {
        delta_traffic(d);
        hca_must_alloc(d->vf, OP(ALLOC_PD));
        delta_must_save(d);
    }
    delta_must_save_final(d);
}

static void must_load(DeltaBench *d, const char *images)
{
    for (; *images; images++) {
        assert_int_equal(delta_load(d, &d->image[*images - '0']), HCA_OK);
    }
}

static void check_refused(DeltaBench *d, unsigned image, uint32_t syndrome)
{
    assert_int_equal(delta_load(d, &d->image[image]), HCA_BAD_PARAM);
    assert_int_equal(d->pf->syndrome, syndrome);
    /* And of that, only a reset is left. */
    assert_int_equal(vhca_resume(d->pf, d->to, RESUME_RESPONDER),
                     HCA_BAD_RES_STATE);
    assert_int_equal(d->pf->syndrome, DELTA_POISONED);
    delta_renew(d);
}

static void test_order(void **state)
{
    DeltaBench d;

    start(&d, state);
    must_load(&d, "");
    check_refused(&d, 1, DELTA_FOREIGN);
    must_load(&d, "0");
    check_refused(&d, 2, DELTA_GAP);
    must_load(&d, "01");
    check_refused(&d, 3, DELTA_GAP);
    must_load(&d, "012");
    check_refused(&d, 4, DELTA_GAP);
    must_load(&d, "0");
    check_refused(&d, 0, DELTA_REPEATED);
    must_load(&d, "012");
    check_refused(&d, 2, DELTA_REPEATED);
    must_load(&d, "012");
    check_refused(&d, 1, DELTA_REPEATED);
    must_load(&d, "01234");
    check_refused(&d, 4, DELTA_REPEATED);
    must_load(&d, "01234");
    delta_check_equal(&d);
    vhca_must_run(d.pf, d.to);
    delta_end(&d);
}

static void test_resume_wants_the_final_one(void **state)
{
    VhcaSaved saved;
    VhcaSize size;
    DeltaBench d;

    start(&d, state);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(delta_load(&d, &d.image[i]), HCA_OK);
        assert_int_equal(vhca_resume(d.pf, d.to, RESUME_RESPONDER),
                         HCA_BAD_RES_STATE);
        assert_int_equal(d.pf->syndrome, DELTA_NOT_FINAL);
        /* Nor can half of it be handed on; to ask for its size is no crime. */
        assert_int_equal(vhca_query(d.pf, d.to, false, false, &size), HCA_OK);
        assert_int_equal(vhca_save(d.buf, d.to, false, false, VHCA_BUF_BYTES,
                                   &saved), HCA_BAD_RES_STATE);
    }
    assert_int_equal(delta_load(&d, &d.image[4]), HCA_OK);
    vhca_must_run(d.pf, d.to);
    delta_end(&d);
}

/* Two sessions of the same VF: the numbers fit, the images do not. */
static void test_foreign_session(void **state)
{
    DeltaBench d;

    delta_start(&d, state, NULL);
    delta_traffic(&d);
    delta_must_save(&d);
    delta_save(&d, false, true);
    delta_traffic(&d);
    delta_must_save(&d);
    delta_must_save_final(&d);
    must_load(&d, "0");
    check_refused(&d, 3, DELTA_FOREIGN);
    must_load(&d, "01");
    check_refused(&d, 4, DELTA_FOREIGN);
    must_load(&d, "2");
    check_refused(&d, 1, DELTA_FOREIGN);
    /* One that begins anew needs nothing of what was before. */
    must_load(&d, "01234");
    delta_check_equal(&d);
    vhca_must_run(d.pf, d.to);
    delta_end(&d);
}

/* A change that was saved twice: the parent tells them apart. */
static void test_other_child(void **state)
{
    DeltaBench d;

    start(&d, state);
    /* Another body under the same number. */
    d.image[1].data[d.image[1].bytes - 1] ^= 1;
    must_load(&d, "0");
    check_refused(&d, 1, OP(LOAD_VHCA_STATE) << 8 | HCA_BAD_PARAM);
    delta_end(&d);
}

/* Tracking breaks: all that came is superseded by a full image, and final. */
static void test_full_image_at_the_end(void **state)
{
    DeltaBench d;

    delta_start(&d, state, NULL);
    delta_traffic(&d);
    delta_must_save(&d);
    vhca_must_stop(d.pf, d.from);
    delta_save(&d, false, false);
    must_load(&d, "012");
    delta_check_equal(&d);
    vhca_must_run(d.pf, d.to);
    delta_end(&d);
}

/* An increment without anything in it is loaded, too. */
static void test_nothing(void **state)
{
    DeltaBench d;

    start(&d, state);
    assert_int_equal(vhca_load(d.buf, d.to, 0), HCA_BAD_PARAM);
    must_load(&d, "0");
    assert_int_equal(vhca_load(d.buf, d.to, 0), HCA_OK);
    must_load(&d, "1234");
    delta_check_equal(&d);
    delta_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_order),
        machine_test(test_resume_wants_the_final_one),
        machine_test(test_foreign_session),
        machine_test(test_other_child),
        machine_test(test_full_image_at_the_end),
        machine_test(test_nothing),
    };

    return machine_main(tests);
}
