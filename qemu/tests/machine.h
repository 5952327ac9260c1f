/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine a test runs on: one or more ConnectX PFs, each behind its own
 * root port.
 */
#ifndef TESTS_MACHINE_H
#define TESTS_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hca.h"

#define MACHINE_MAX_PFS     2
#define MACHINE_MAX_VFS     8
#define MACHINE_MAX_MORE    8       /* arguments */

typedef struct Machine {
    Qtest *q;
    unsigned nr_pfs;
    Hca pf[MACHINE_MAX_PFS];
    Hca vf[MACHINE_MAX_PFS][MACHINE_MAX_VFS];
} Machine;

/*
 * Starts a machine with @nr_pfs PFs that all have the properties @props
 * ("a=b,c=d", or NULL; a # in it is the PF's number), mapped and ready for
 * hca_must_boot().  @state is the test's: machine_teardown() must be the test's
 * teardown.
 */
Machine *machine_start(void **state, unsigned nr_pfs, const char *props);

/* The same with arguments of QEMU before the PFs'; NULL ends them. */
Machine *machine_start_with(void **state, unsigned nr_pfs, const char *props,
                            const char *const *more);

/* The same with the PFs booted and started. */
Machine *machine_start_ready(void **state, unsigned nr_pfs,
                             const char *props);

/*
 * Enables @n VFs of a started PF as the kernel does: ENABLE_HCA for each on
 * the PF, then SR-IOV; the VFs are mapped, not booted.
 */
void machine_enable_vfs(Machine *m, unsigned pf, unsigned n);

/* Boots and starts one VF. */
Hca *machine_start_vf(Machine *m, unsigned pf, unsigned vf);

/* Ends the machine; the test fails if QEMU died before. */
int machine_teardown(void **state);

/* Runs a group with one machine per test; for main(). */
#define machine_test(f) cmocka_unit_test_teardown(f, machine_teardown)
#define machine_main(tests) \
    (cmocka_set_message_output(CM_OUTPUT_TAP), \
     cmocka_run_group_tests(tests, NULL, NULL))

#endif
