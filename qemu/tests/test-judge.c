/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drivers do wrong is counted, and nothing else is.
 */
#include "machine.h"
#include "objects.h"
#include "qmp.h"

static uint64_t errors(Machine *m)
{
    return qmp_number(m->q, "pf0", "x-guest-errors");
}

static void last_is(Machine *m, const char *expected)
{
    char text[QMP_TEXT_BYTES];

    qmp_text(m->q, "pf0", "x-guest-error-last", text);
    assert_string_equal(text, expected);
}

static void test_good_driver(void **state)
{
    Machine *m = machine_start_ready(state, 1, "fw-pages=16");
    HcaObjects o;
    Hca *vf;

    machine_enable_vfs(m, 0, 2);
    vf = machine_start_vf(m, 0, 1);
    hca_must_create_objects(vf, &o);
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, true);
    hca_must_destroy_objects(vf, &o);
    hca_must_stop(vf);
    hca_must_stop(&m->pf[0]);
    last_is(m, "");
    assert_int_equal(errors(m), 0);
}

static void test_wrong_doorbells(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint64_t uar = (uint64_t)hca->uar * HCA_PAGE_BYTES;

    pci_bar_write(&hca->fn, uar + 0x800, htobe64(0x123400), 8);
    last_is(m, "fn 0: doorbell for SQ 0x1234, which does not exist");
    pci_bar_write(&hca->fn, uar + 0x20, htobe64(0xabcd), 8);
    last_is(m, "fn 0: arm of CQ 0xabcd, which does not exist");
    pci_bar_write(&hca->fn, uar + 0x40, htobe32(0x77000000), 4);
    last_is(m, "fn 0: doorbell for EQ 119, which does not exist");
    assert_int_equal(errors(m), 3);
    /* A reset of the function forgives nothing. */
    pci_flr(&hca->fn);
    assert_int_equal(errors(m), 3);
}

/* The PF counts its VFs' too, a second PF's are its own. */
static void test_whose(void **state)
{
    Machine *m = machine_start_ready(state, 2, NULL);
    Hca *vf;

    machine_enable_vfs(m, 0, 2);
    vf = machine_start_vf(m, 0, 1);
    pci_bar_write(&vf->fn, (uint64_t)vf->uar * HCA_PAGE_BYTES + 0x800,
                  htobe64(0x123400), 8);
    last_is(m, "fn 2: doorbell for SQ 0x1234, which does not exist");
    assert_int_equal(errors(m), 1);
    assert_int_equal(qmp_number(m->q, "pf1", "x-guest-errors"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_good_driver),
        machine_test(test_wrong_doorbells),
        machine_test(test_whose),
    };

    return machine_main(tests);
}
