/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine a test runs on.
 */
#include <string.h>

#include "machine.h"

#define ARG_BYTES   256

Machine *machine_start_with(void **state, unsigned nr_pfs, const char *props,
                            const char *const *more)
{
    char arg[2 * MACHINE_MAX_PFS][ARG_BYTES];
    const char *argv[4 * MACHINE_MAX_PFS + MACHINE_MAX_MORE + 1];
    Machine *m = calloc(1, sizeof(*m));
    unsigned n = 0;

    assert_non_null(m);
    assert_in_range(nr_pfs, 1, MACHINE_MAX_PFS);
    while (more && more[n]) {
        assert_true(n < MACHINE_MAX_MORE);
        argv[n] = more[n];
        n++;
    }
    for (unsigned i = 0; i < nr_pfs; i++) {
        snprintf(arg[2 * i], ARG_BYTES,
                 "pcie-root-port,id=rp%u,bus=pcie.0,addr=0x%x,chassis=%u", i,
                 PCI_ROOT_SLOT_FIRST + i, i + 1);
        snprintf(arg[2 * i + 1], ARG_BYTES, "connectx-pf,id=pf%u,bus=rp%u%s%s",
                 i, i, props ? "," : "", props ? props : "");
        if (strchr(arg[2 * i + 1], '#')) {
            *strchr(arg[2 * i + 1], '#') = '0' + i;
        }
        argv[n++] = "-device";
        argv[n++] = arg[2 * i];
        argv[n++] = "-device";
        argv[n++] = arg[2 * i + 1];
    }
    argv[n] = NULL;
    m->q = qtest_start(argv);
    m->nr_pfs = nr_pfs;
    *state = m;
    for (unsigned i = 0; i < nr_pfs; i++) {
        PciFn fn = {};

        pci_pf_init(&fn, m->q, i);
        hca_attach(&m->pf[i], &fn);
    }
    return m;
}

Machine *machine_start(void **state, unsigned nr_pfs, const char *props)
{
    return machine_start_with(state, nr_pfs, props, NULL);
}

Machine *machine_start_ready(void **state, unsigned nr_pfs, const char *props)
{
    Machine *m = machine_start(state, nr_pfs, props);

    for (unsigned i = 0; i < nr_pfs; i++) {
        hca_must_boot(&m->pf[i]);
        hca_must_start(&m->pf[i]);
    }
    return m;
}

void machine_enable_vfs(Machine *m, unsigned pf, unsigned n)
{
    Hca *hca = &m->pf[pf];

    assert_in_range(n, 1, MACHINE_MAX_VFS);
    for (unsigned i = 0; i < n; i++) {
        hca_must_simple(hca, OP(ENABLE_HCA), 0, i + 1);
    }
    pci_sriov_set(&hca->fn, n);
    for (unsigned i = 0; i < n; i++) {
        PciFn fn = {};

        pci_vf_init(&fn, &hca->fn, i);
        hca_attach(&m->vf[pf][i], &fn);
    }
}

Hca *machine_start_vf(Machine *m, unsigned pf, unsigned vf)
{
    Hca *hca = &m->vf[pf][vf];

    hca_must_boot(hca);
    hca_must_start(hca);
    return hca;
}

int machine_teardown(void **state)
{
    Machine *m = *state;
    bool good = true;

    if (m) {
        good = qtest_stop(m->q);
        free(m);
        *state = NULL;
    }
    return good ? 0 : -1;
}
