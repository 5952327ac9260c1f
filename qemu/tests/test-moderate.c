/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of a completion queue that its driver wants to have less often: after
 * so many completions or so much time, whichever comes first.
 */
#include "qmp.h"
#include "vhca-bench.h"

#define PERIOD_US       50
#define PERIOD_US_MAX   0xfff
#define COUNT           3
#define SET_PERIOD      (1 << 0)        /* modify_field_select */
#define SET_COUNT       (1 << 1)

typedef struct Moderate {
    VhcaBench b;
    HcaObjects o;
    Hca *vf;
} Moderate;

static void moderate(Moderate *m, unsigned period_us, unsigned count)
{
    uint8_t in[CX_SZ(modify_cq_in)] = {}, out[CX_SZ(modify_cq_out)];
    uint8_t *cqc = CX_ADDR(modify_cq_in, in, cq_context);

    hca_header(in, OP(MODIFY_CQ), 0);
    CX_SET(modify_cq_in, in, cqn, m->o.cq.cqn);
    stl_be_p(in + CX_OFF(modify_cq_in,
                         modify_field_select_resize_field_select),
             SET_PERIOD | SET_COUNT);
    CX_SET(cqc, cqc, cq_period, period_us);
    CX_SET(cqc, cqc, cq_max_count, count);
    assert_int_equal(hca_exec(m->vf, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
}

static void moderate_start(Moderate *m, void **state, unsigned pfs)
{
    vhca_bench_start(&m->b, state, pfs, NULL, VHCA_BUF_BYTES);
    m->vf = machine_start_vf(m->b.m, 0, 0);
    pci_msix_enable(&m->vf->fn);
    hca_must_create_objects(m->vf, &m->o);
    moderate(m, PERIOD_US, COUNT);
}

static void complete_one(Moderate *m)
{
    hca_sq_post_nop(&m->o.sq);
    hca_sq_ring(&m->o.sq, true);
    assert_true(hca_cq_wait(&m->o.cq));
    hca_cq_pop(&m->o.cq);
}

static bool event_came(Moderate *m)
{
    if (!hca_eq_peek(&m->o.comp_eq)) {
        return false;
    }
    hca_eq_pop(&m->o.comp_eq);
    return true;
}

static void time_stops(Moderate *m)
{
    qmp_stop(m->b.m->q);
}

static void time_passes(Moderate *m)
{
    qmp_cont(m->b.m->q);
}

static void test_after_a_while(void **state)
{
    Moderate m;

    moderate_start(&m, state, 1);
    time_stops(&m);
    complete_one(&m);
    assert_false(event_came(&m));
    time_passes(&m);
    assert_true(hca_eq_wait(&m.o.comp_eq));
    hca_eq_pop(&m.o.comp_eq);
    /* One event, and none without another request. */
    for (unsigned i = 0; i < COUNT; i++) {
        complete_one(&m);
    }
    assert_false(event_came(&m));
}

static void test_after_enough(void **state)
{
    Moderate m;

    moderate_start(&m, state, 1);
    time_stops(&m);
    for (unsigned i = 1; i < COUNT; i++) {
        complete_one(&m);
        assert_false(event_came(&m));
    }
    complete_one(&m);
    assert_true(event_came(&m));
}

static void test_off(void **state)
{
    Moderate m;

    moderate_start(&m, state, 1);
    moderate(&m, 0, 0);
    complete_one(&m);
    assert_true(event_came(&m));
}

/* The queue, or all of the function, is gone before the time is up. */
static void test_gone_meanwhile(void **state)
{
    Moderate m;

    moderate_start(&m, state, 1);
    time_stops(&m);
    complete_one(&m);
    hca_must_destroy_objects(m.vf, &m.o);
    time_passes(&m);
    hca_must_create_objects(m.vf, &m.o);
    moderate(&m, PERIOD_US, COUNT);
    time_stops(&m);
    complete_one(&m);
    pci_flr(&m.vf->fn);
    time_passes(&m);
    m.vf = machine_start_vf(m.b.m, 0, 1);
    pci_msix_enable(&m.vf->fn);
    hca_must_create_objects(m.vf, &m.o);
    complete_one(&m);
}

/* No event is lost to a function that is moved before the time is up. */
static void test_moved_meanwhile(void **state)
{
    Moderate m;

    moderate_start(&m, state, 2);
    moderate(&m, PERIOD_US_MAX, 0);
    complete_one(&m);
    vhca_move(&m.b, 0, 0, 1, 0, &m.o);
    m.vf = &m.b.m->vf[1][0];
    assert_true(hca_eq_wait(&m.o.comp_eq));
    hca_eq_pop(&m.o.comp_eq);
    hca_cq_arm(&m.o.cq);
    complete_one(&m);
    assert_true(hca_eq_wait(&m.o.comp_eq));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_after_a_while),
        machine_test(test_after_enough),
        machine_test(test_off),
        machine_test(test_gone_meanwhile),
        machine_test(test_moved_meanwhile),
    };

    return machine_main(tests);
}
