/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual functions: how they come, go, are reset, and stay apart.
 */
#include <linux/pci_regs.h>

#include "machine.h"
#include "objects.h"
#include "vhca.h"

static void test_eight_vfs(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    HcaObjects o[MACHINE_MAX_VFS];

    assert_int_equal(pci_sriov_total(&m->pf[0].fn), MACHINE_MAX_VFS);
    assert_int_equal(pci_cfg_read(&m->pf[0].fn, m->pf[0].fn.sriov_cap +
                                  PCI_SRIOV_VF_DID, 2), 0x101e);
    machine_enable_vfs(m, 0, MACHINE_MAX_VFS);
    for (unsigned i = 0; i < MACHINE_MAX_VFS; i++) {
        hca_must_create_objects(machine_start_vf(m, 0, i), &o[i]);
    }
    for (unsigned i = 0; i < MACHINE_MAX_VFS; i++) {
        hca_sq_post_nop(&o[i].sq);
        hca_sq_ring(&o[i].sq, true);
        assert_true(hca_cq_wait(&o[i].cq));
        assert_true(hca_eq_wait(&o[i].comp_eq));
    }
    for (unsigned i = 0; i < MACHINE_MAX_VFS; i++) {
        hca_must_destroy_objects(&m->vf[0][i], &o[i]);
        hca_must_stop(&m->vf[0][i]);
    }
}

static void test_vhca_ids(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    uint8_t page[HCA_CAP_BYTES], own[HCA_CAP_BYTES];
    uint32_t seen[MACHINE_MAX_VFS + 1];

    machine_enable_vfs(m, 0, MACHINE_MAX_VFS);
    assert_int_equal(hca_query_cap(&m->pf[0], 0, 0, false, page), HCA_OK);
    seen[0] = CX_GET(cmd_hca_cap, page, vhca_id);
    for (unsigned i = 1; i <= MACHINE_MAX_VFS; i++) {
        Hca *vf = machine_start_vf(m, 0, i - 1);

        assert_int_equal(hca_query_cap(&m->pf[0], i, 0, false, page), HCA_OK);
        assert_int_equal(hca_query_cap(vf, 0, 0, false, own), HCA_OK);
        seen[i] = CX_GET(cmd_hca_cap, page, vhca_id);
        assert_int_equal(seen[i], CX_GET(cmd_hca_cap, own, vhca_id));
        assert_int_not_equal(seen[i], i);
        assert_int_equal(seen[i] >> 15, 0);
        assert_int_equal(CX_GET(cmd_hca_cap, own, migration), 0);
        assert_int_equal(CX_GET(cmd_hca_cap, own, eswitch_manager), 0);
        for (unsigned j = 0; j < i; j++) {
            assert_int_not_equal(seen[i], seen[j]);
        }
    }
    assert_int_equal(hca_query_cap(&m->pf[0], MACHINE_MAX_VFS + 1, 0, false,
                                   page), HCA_BAD_PARAM);
    assert_int_not_equal(hca_query_cap(&m->vf[0][0], 2, 0, false, page),
                         HCA_OK);
}

/* Ids of the first @n VFs, as one number that is not 0. */
static uint64_t ids_of(Machine *m, unsigned n)
{
    uint64_t ids = 0;

    assert_in_range(n, 1, 4);
    for (unsigned i = 0; i < n; i++) {
        ids = ids << 16 | vhca_id_of(&m->pf[0], i);
    }
    return ids;
}

static uint64_t ids_with(const char *props)
{
    void *state;
    Machine *m = machine_start_ready(&state, 1, props);
    uint64_t ids;

    machine_enable_vfs(m, 0, 4);
    ids = ids_of(m, 4);
    assert_int_equal(machine_teardown(&state), 0);
    return ids;
}

/* A seed makes the same numbers, another one others. */
static void test_vhca_ids_of_a_seed(void **state)
{
    uint64_t ids = ids_with("x-vhca-seed=7");

    (void)state;
    assert_int_equal(ids_with("x-vhca-seed=7"), ids);
    assert_int_not_equal(ids_with("x-vhca-seed=8"), ids);
}

/* An id is good from one ENABLE_HCA of the PF to its DISABLE_HCA. */
static void test_vhca_ids_change(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0];
    uint16_t old, other, id;

    machine_enable_vfs(m, 0, 2);
    machine_start_vf(m, 0, 0);
    old = vhca_id_of(pf, 0);
    other = vhca_id_of(pf, 1);
    /* The VF's own driver and a reset do not change it. */
    pci_flr(&m->vf[0][0].fn);
    hca_must_boot(&m->vf[0][0]);
    hca_must_start(&m->vf[0][0]);
    assert_int_equal(vhca_id_of(pf, 0), old);
    vhca_must_stop(pf, old);
    vhca_must_run(pf, old);

    hca_must_simple(pf, OP(DISABLE_HCA), 0, 1);
    assert_int_equal(vhca_suspend(pf, old, SUSPEND_INITIATOR), HCA_BAD_RES);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    id = vhca_id_of(pf, 0);
    assert_int_not_equal(id, old);
    assert_int_equal(vhca_id_of(pf, 1), other);
    assert_int_equal(vhca_suspend(pf, old, SUSPEND_INITIATOR), HCA_BAD_RES);
    vhca_must_stop(pf, id);
    vhca_must_run(pf, id);
    /* Enabled already: nothing happens. */
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    assert_int_equal(vhca_id_of(pf, 0), id);
}

/* As mlx5_core's e-switch asks for it, of a VF that is not enabled, too */
static uint16_t vhca_id_in_max(Hca *pf, unsigned vf)
{
    uint8_t page[HCA_CAP_BYTES];

    assert_int_equal(hca_query_cap(pf, vf + 1, 0, true, page), HCA_OK);
    return CX_GET(cmd_hca_cap, page, vhca_id);
}

/* It asks before ENABLE_HCA and after DISABLE_HCA, for the same VF. */
static void test_vhca_ids_hold_with_an_eswitch(void **state)
{
    Machine *m = machine_start_ready(state, 1, "eswitch=on");
    Hca *pf = &m->pf[0];
    uint16_t id;

    machine_enable_vfs(m, 0, 2);
    id = vhca_id_in_max(pf, 0);
    hca_must_simple(pf, OP(DISABLE_HCA), 0, 1);
    assert_int_equal(vhca_id_in_max(pf, 0), id);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_BAD_RES);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    assert_int_equal(vhca_id_of(pf, 0), id);
    vhca_must_stop(pf, id);
    vhca_must_run(pf, id);
    /* A driver that starts over finds others. */
    hca_must_boot(pf);
    hca_must_start(pf);
    assert_int_not_equal(vhca_id_in_max(pf, 0), id);
}

/* Many of them, all different and none that was given before it was needed */
static void test_vhca_ids_never_alike(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0];
    uint16_t id[MACHINE_MAX_VFS];

    machine_enable_vfs(m, 0, MACHINE_MAX_VFS);
    for (unsigned round = 0; round < 50; round++) {
        unsigned n = round % MACHINE_MAX_VFS;

        hca_must_simple(pf, OP(DISABLE_HCA), 0, n + 1);
        hca_must_simple(pf, OP(ENABLE_HCA), 0, n + 1);
        for (unsigned i = 0; i < MACHINE_MAX_VFS; i++) {
            id[i] = vhca_id_of(pf, i);
            for (unsigned j = 0; j < i; j++) {
                assert_int_not_equal(id[i], id[j]);
            }
        }
    }
}

static void test_enable_vf_that_is_not(void **state)
{
    Machine *m = machine_start_ready(state, 1, "vfs=4");

    assert_int_equal(pci_sriov_total(&m->pf[0].fn), 4);
    assert_int_equal(hca_simple(&m->pf[0], OP(ENABLE_HCA), 0, 5),
                     HCA_BAD_PARAM);
    assert_int_equal(hca_simple(&m->pf[0], OP(ENABLE_HCA), 0, 0xffff),
                     HCA_BAD_PARAM);
    hca_must_simple(&m->pf[0], OP(ENABLE_HCA), 0, 4);
    hca_must_simple(&m->pf[0], OP(DISABLE_HCA), 0, 4);
}

static void test_vf_flr(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    HcaObjects a, b;
    Hca *vf, *other;

    machine_enable_vfs(m, 0, 2);
    vf = machine_start_vf(m, 0, 0);
    other = machine_start_vf(m, 0, 1);
    hca_must_create_objects(vf, &a);
    hca_must_create_objects(other, &b);
    for (int i = 0; i < 5; i++) {
        pci_flr(&vf->fn);
        hca_must_boot(vf);
        hca_must_start(vf);
        assert_int_equal(hca_simple(vf, OP(DEALLOC_PD), 0, a.pd),
                         HCA_BAD_RES);
        hca_must_create_objects(vf, &a);
    }
    hca_must_destroy_objects(other, &b);
    hca_must_destroy_objects(vf, &a);
}

/* FLR between the moment a VF's command starts and the moment it is seen. */
static void test_vf_flr_with_commands_waiting(void **state)
{
    Machine *m = machine_start_ready(state, 1,
                                     "x-delay-cmd=ALLOC_PD,x-delay-ms=50");
    uint8_t in[16] = {};
    Hca *vf;

    machine_enable_vfs(m, 0, 1);
    vf = machine_start_vf(m, 0, 0);
    hca_header(in, OP(ALLOC_PD), 0);
    for (unsigned slot = 0; slot < HCA_SLOTS; slot++) {
        hca_prepare(vf, slot, in, sizeof(in), 16, NULL);
    }
    hca_ring(vf, 0xffffffff);
    assert_false(hca_done(vf, 0));
    pci_flr(&vf->fn);
    assert_false(hca_done(vf, 0));
    hca_must_boot(vf);
    hca_must_start(vf);
    hca_must_alloc(vf, OP(ALLOC_PD));
}

static void test_pf_flr_takes_vfs_away(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0];
    HcaObjects o;

    for (int i = 0; i < 3; i++) {
        machine_enable_vfs(m, 0, 4);
        hca_must_create_objects(machine_start_vf(m, 0, 3), &o);
        pci_flr(&pf->fn);
        hca_must_boot(pf);
        hca_must_start(pf);
    }
}

static void test_sriov_on_and_off(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0];

    for (unsigned n = 1; n <= MACHINE_MAX_VFS; n++) {
        machine_enable_vfs(m, 0, n);
        machine_start_vf(m, 0, n - 1);
        hca_must_create_objects(&m->vf[0][n - 1], &(HcaObjects) {});
        pci_sriov_set(&pf->fn, 0);
        assert_int_equal(pci_cfg_read(&m->vf[0][0].fn, PCI_VENDOR_ID, 4),
                         0xffffffff);
        for (unsigned i = n; i; i--) {
            hca_must_simple(pf, OP(DISABLE_HCA), 0, i);
        }
    }
}

static void test_disable_running_vf(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    HcaObjects o;
    Hca *vf;

    machine_enable_vfs(m, 0, 1);
    vf = machine_start_vf(m, 0, 0);
    hca_must_create_objects(vf, &o);
    hca_must_simple(&m->pf[0], OP(DISABLE_HCA), 0, 1);
    hca_must_simple(&m->pf[0], OP(ENABLE_HCA), 0, 1);
    hca_must_boot(vf);
    hca_must_start(vf);
    assert_int_equal(hca_simple(vf, OP(DEALLOC_PD), 0, o.pd), HCA_BAD_RES);
}

static void set_mac(Hca *hca, uint16_t vport, uint64_t mac, int answer)
{
    uint8_t in[CX_SZ(modify_nic_vport_context_in)] = {};
    uint8_t out[CX_SZ(modify_nic_vport_context_out)];
    uint8_t *ctx = CX_ADDR(modify_nic_vport_context_in, in,
                           nic_vport_context);

    hca_header(in, OP(MODIFY_NIC_VPORT_CONTEXT), 0);
    CX_SET(modify_nic_vport_context_in, in, other_vport, vport != 0);
    CX_SET(modify_nic_vport_context_in, in, vport_number, vport);
    CX_SET(modify_nic_vport_context_in, in,
           field_select.permanent_address, 1);
    stq_be_p(CX_ADDR(nic_vport_context, ctx, permanent_address), mac);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), answer);
}

static uint64_t get_mac(Hca *hca)
{
    uint8_t in[CX_SZ(query_nic_vport_context_in)] = {};
    uint8_t out[CX_SZ(query_nic_vport_context_out)];

    hca_header(in, OP(QUERY_NIC_VPORT_CONTEXT), 0);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    return ldq_be_p(CX_ADDR(nic_vport_context,
                            CX_ADDR(query_nic_vport_context_out, out,
                                    nic_vport_context), permanent_address));
}

/* The PF's administrator names a VF; a reset of the VF keeps the name. */
static void test_mac_of_vf(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *vf;

    machine_enable_vfs(m, 0, 2);
    set_mac(&m->pf[0], 1, 0x525400abcd01, HCA_OK);
    vf = machine_start_vf(m, 0, 0);
    assert_int_equal(get_mac(vf), 0x525400abcd01);
    pci_flr(&vf->fn);
    hca_must_boot(vf);
    hca_must_start(vf);
    assert_int_equal(get_mac(vf), 0x525400abcd01);
    assert_int_not_equal(get_mac(machine_start_vf(m, 0, 1)),
                         0x525400abcd01);
}

#define CAP_ESWITCH     9

static int set_cvlan(Hca *hca, uint16_t vport, bool strip, unsigned insert)
{
    uint8_t in[CX_SZ(modify_esw_vport_context_in)] = {};
    uint8_t out[CX_SZ(modify_esw_vport_context_out)];
    uint8_t *ctx = CX_ADDR(modify_esw_vport_context_in, in,
                           esw_vport_context);

    hca_header(in, OP(MODIFY_ESW_VPORT_CONTEXT), 0);
    CX_SET(modify_esw_vport_context_in, in, other_vport, 1);
    CX_SET(modify_esw_vport_context_in, in, vport_number, vport);
    CX_SET(modify_esw_vport_context_in, in, field_select.vport_cvlan_strip, 1);
    CX_SET(modify_esw_vport_context_in, in, field_select.vport_cvlan_insert,
           1);
    CX_SET(esw_vport_context, ctx, vport_cvlan_strip, strip);
    CX_SET(esw_vport_context, ctx, vport_cvlan_insert, insert);
    return hca_exec(hca, in, sizeof(in), out, sizeof(out));
}

/* The e-switch takes customer tags for a VF; test-switch.c has what they do. */
static void test_vlan_of_vf(void **state)
{
    Machine *m = machine_start_ready(state, 1, "eswitch=on");
    uint8_t page[HCA_CAP_BYTES];

    assert_int_equal(hca_query_cap(&m->pf[0], 0, CAP_ESWITCH, false, page),
                     HCA_OK);
    assert_int_equal(CX_GET(e_switch_cap, page, vport_cvlan_strip), 1);
    assert_int_equal(CX_GET(e_switch_cap, page,
                            vport_cvlan_insert_if_not_exist), 1);
    machine_enable_vfs(m, 0, 1);
    assert_int_equal(set_cvlan(&m->pf[0], 1, false, 0), HCA_OK);
    assert_int_equal(set_cvlan(&m->pf[0], 1, true, 1), HCA_OK);
    assert_int_equal(set_cvlan(&m->pf[0], 9, false, 0), HCA_BAD_PARAM);
}

static void test_vf_cannot_reach_others(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    uint8_t in[CX_SZ(query_nic_vport_context_in)] = {};
    uint8_t out[CX_SZ(query_nic_vport_context_out)];
    Hca *vf;

    machine_enable_vfs(m, 0, 2);
    vf = machine_start_vf(m, 0, 0);
    hca_header(in, OP(QUERY_NIC_VPORT_CONTEXT), 0);
    CX_SET(query_nic_vport_context_in, in, other_vport, 1);
    CX_SET(query_nic_vport_context_in, in, vport_number, 2);
    assert_int_not_equal(hca_exec(vf, in, sizeof(in), out, sizeof(out)),
                         HCA_OK);
    assert_int_not_equal(hca_simple(vf, OP(ENABLE_HCA), 0, 2), HCA_OK);
    assert_int_not_equal(hca_simple(vf, OP(DISABLE_HCA), 0, 2), HCA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_eight_vfs),
        machine_test(test_vhca_ids),
        machine_test(test_vhca_ids_of_a_seed),
        machine_test(test_vhca_ids_change),
        machine_test(test_vhca_ids_hold_with_an_eswitch),
        machine_test(test_vhca_ids_never_alike),
        machine_test(test_enable_vf_that_is_not),
        machine_test(test_vf_flr),
        machine_test(test_vf_flr_with_commands_waiting),
        machine_test(test_pf_flr_takes_vfs_away),
        machine_test(test_sriov_on_and_off),
        machine_test(test_disable_running_vf),
        machine_test(test_mac_of_vf),
        machine_test(test_vlan_of_vf),
        machine_test(test_vf_cannot_reach_others),
    };

    return machine_main(tests);
}
