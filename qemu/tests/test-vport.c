/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PF's driver is told of what changes in a vport that it watches: by the
 * VF's driver, or because that is gone.
 */
#include "vhca-bench.h"
#include "vport.h"

#define VPORT           1           /* of the first VF */
#define LOG_EQ          5
#define EQE_TYPE        1
#define EQE_VPORT       34          /* two bytes into the data */

static const uint8_t macs[][HCA_MAC_BYTES] = { { 2, 0, 0, 0, 0, 0xb1 },
                                               { 2, 0, 0, 0, 0, 0xb2 } };

typedef struct Watch {
    VhcaBench b;
    Hca *pf, *vf;
    HcaObjects o;
    HcaEq eq;                       /* of the PF's */
} Watch;

static void watch_eq(Watch *w)
{
    hca_must_create_eq(w->pf, &w->eq, BIT(HCA_EV_NIC_VPORT_CHANGE), LOG_EQ, 1);
}

/* As drivers do: what changes between the two is told. */
static void watch(Watch *w, unsigned vport)
{
    hca_macs(w->pf, vport);
    hca_must_watch_macs(w->pf, vport);
}

/* A VF wants frames of one address, and its vport is watched. */
static void watch_start(Watch *w, void **state)
{
    vhca_bench_start(&w->b, state, 1, "eswitch=on", VHCA_BUF_BYTES);
    w->pf = &w->b.m->pf[0];
    w->vf = vhca_busy_vf(&w->b, 0, 0, &w->o);
    watch_eq(w);
    hca_must_set_macs(w->vf, macs, 1);
    assert_null(hca_eq_peek(&w->eq));
    watch(w, VPORT);
}

/* Is there an event? It is of this vport. */
static bool told(Watch *w, unsigned vport)
{
    uint8_t *eqe = hca_eq_peek(&w->eq);

    if (!eqe) {
        return false;
    }
    assert_int_equal(eqe[EQE_TYPE], HCA_EV_NIC_VPORT_CHANGE);
    assert_int_equal(lduw_be_p(eqe + EQE_VPORT), vport);
    hca_eq_pop(&w->eq);
    hca_eq_ring(&w->eq, true);
    assert_null(hca_eq_peek(&w->eq));
    return true;
}

static void test_told_once(void **state)
{
    Watch w;

    watch_start(&w, state);
    hca_must_set_macs(w.vf, macs, 2);
    assert_true(told(&w, VPORT));
    hca_must_set_macs(w.vf, macs, 1);
    assert_false(told(&w, VPORT));
    watch(&w, VPORT);
    assert_false(told(&w, VPORT));
    hca_must_set_macs(w.vf, macs, 2);
    assert_true(told(&w, VPORT));
}

/* What changes after it was read, and before it is watched again */
static void test_told_late(void **state)
{
    Watch w;

    watch_start(&w, state);
    hca_must_set_macs(w.vf, macs, 2);
    assert_true(told(&w, VPORT));
    assert_int_equal(hca_macs(w.pf, VPORT), 2);
    hca_must_set_macs(w.vf, macs, 1);
    hca_must_set_groups(w.vf, macs, 1);
    assert_false(told(&w, VPORT));
    hca_must_watch_macs(w.pf, VPORT);
    assert_true(told(&w, VPORT));
    /* Once, though nobody has read it; and of groups nobody wants to know. */
    hca_must_watch_macs(w.pf, VPORT);
    assert_false(told(&w, VPORT));
}

/* A reset leaves no list; what had none loses none. */
static void test_reset(void **state)
{
    Watch w;

    watch_start(&w, state);
    pci_flr(&w.vf->fn);
    assert_true(told(&w, VPORT));
    assert_int_equal(hca_macs(w.pf, VPORT), 0);
    watch(&w, VPORT);
    pci_flr(&w.vf->fn);
    assert_false(told(&w, VPORT));
}

static void test_teardown(void **state)
{
    Watch w;

    watch_start(&w, state);
    hca_must_simple(w.vf, OP(TEARDOWN_HCA), 0, 0);
    assert_true(told(&w, VPORT));
}

static void test_disabled(void **state)
{
    Watch w;

    watch_start(&w, state);
    hca_must_simple(w.pf, OP(DISABLE_HCA), 0, VPORT);
    assert_true(told(&w, VPORT));
}

/* The vport that it moves to has other lists, the one that it left has none. */
static void test_move(void **state)
{
    Watch w;

    watch_start(&w, state);
    vhca_move(&w.b, 0, 0, 0, 1, &w.o);
    assert_true(told(&w, VPORT));
    watch(&w, VPORT + 1);
    vhca_move(&w.b, 0, 1, 0, 0, &w.o);
    assert_true(told(&w, VPORT + 1));
    watch(&w, VPORT + 1);
    vhca_move(&w.b, 0, 0, 0, 1, &w.o);
    assert_true(told(&w, VPORT + 1));
    assert_int_equal(hca_macs(w.pf, VPORT), 0);
    assert_int_equal(hca_macs(w.pf, VPORT + 1), 1);
}

/* Nobody writes for a device that is reset as a whole. */
static void test_device_reset(void **state)
{
    Watch w;

    watch_start(&w, state);
    pci_flr(&w.pf->fn);
    assert_false(told(&w, VPORT));
}

/* The next driver of the PF has not asked. */
static void test_watch_ends_with_its_driver(void **state)
{
    Watch w;

    watch_start(&w, state);
    hca_must_simple(w.pf, OP(TEARDOWN_HCA), 0, 0);
    hca_must_simple(w.pf, OP(INIT_HCA), 0, 0);
    w.pf->uar = hca_must_alloc(w.pf, OP(ALLOC_UAR));
    watch_eq(&w);
    hca_must_set_macs(w.vf, macs, 2);
    assert_false(told(&w, VPORT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_told_once),
        machine_test(test_told_late),
        machine_test(test_reset),
        machine_test(test_teardown),
        machine_test(test_disabled),
        machine_test(test_move),
        machine_test(test_device_reset),
        machine_test(test_watch_ends_with_its_driver),
    };

    return machine_main(tests);
}
