/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drivers do wrong is counted, and nothing else is.
 */
#include "machine.h"
#include "objects.h"
#include "qmp.h"
#include "vhca.h"

#include <time.h>

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

/* Which op_mod a command has, and who may say for whom it is. */
static void test_headers(void **state)
{
    static const struct {
        uint16_t opcode, op_mod;
    } wrong[] = {
        { OP(ALLOC_PD), 1 },
        { OP(NOP), 0xffff },
        { OP(QUERY_PAGES), 0 },
        { OP(QUERY_PAGES), 4 },
        { OP(TEARDOWN_HCA), 1 },
        { OP(SUSPEND_VHCA), 2 },
        { OP(SAVE_VHCA_STATE), 1 },
        { OP(ACCESS_REG), 2 },
    };
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint8_t in[CX_SZ(save_vhca_state_in)] = {}, out[64];
    unsigned n = sizeof(wrong) / sizeof(wrong[0]);

    for (unsigned i = 0; i < n; i++) {
        hca_header(in, wrong[i].opcode, wrong[i].op_mod);
        assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)),
                         HCA_BAD_OP);
        assert_int_equal(errors(m), i + 1);
    }
    last_is(m, "fn 0: ACCESS_REG has no op_mod 0x2");
    hca_header(in, OP(ALLOC_PD), 0);
    CX_SET(alloc_pd_in, in, uid, 5);
    assert_int_equal(hca_exec(hca, in, 16, out, sizeof(out)), HCA_BAD_PARAM);
    last_is(m, "fn 0: ALLOC_PD by user context 0x5, which does not exist");
    assert_int_equal(errors(m), n + 1);
    hca_must_alloc(hca, OP(ALLOC_PD));
    assert_int_equal(errors(m), n + 1);
}

/* A command that is refused is one error, by whomever it was refused. */
static void test_refused(void **state)
{
    Machine *m = machine_start_ready(state, 1, "x-fail-status=5");
    Hca *hca = &m->pf[0];
    uint8_t page[HCA_CAP_BYTES];
    HcaObjects o;

    hca_must_create_objects(hca, &o);
    assert_int_equal(hca_simple(hca, OP(DEALLOC_PD), 0, 0xabcd), HCA_BAD_RES);
    last_is(m, "fn 0: DEALLOC_PD (op_mod 0x0) refused with status 0x5");
    assert_int_equal(errors(m), 1);
    assert_int_equal(hca_simple(hca, OP(DESTROY_CQ), 0, o.cq.cqn),
                     HCA_RES_BUSY);
    assert_int_equal(errors(m), 2);
    /* What the model lacks and what a property makes fail are none. */
    assert_int_equal(hca_simple(hca, 0xb7f, 0, 0), HCA_BAD_OP);
    assert_int_equal(hca_query_cap(hca, 0, 0x3f, true, page), HCA_BAD_PARAM);
    qmp_set_text(m->q, "pf0", "x-fail-cmd", "ALLOC_PD");
    assert_int_equal(hca_simple(hca, OP(ALLOC_PD), 0, 0), HCA_BAD_RES);
    assert_int_equal(errors(m), 2);
}

/* A VF has capabilities for the PF from ENABLE_HCA until DISABLE_HCA. */
static void test_vf_not_enabled(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0];
    uint8_t page[HCA_CAP_BYTES];

    assert_int_equal(hca_query_cap(pf, 1, 0, false, page), HCA_BAD_RES_STATE);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    assert_int_equal(hca_query_cap(pf, 1, 0, false, page), HCA_OK);
    assert_int_equal(hca_set_cap(pf, 1, 0, page), HCA_OK);
    hca_must_simple(pf, OP(DISABLE_HCA), 0, 1);
    assert_int_equal(hca_query_cap(pf, 1, 0, false, page), HCA_BAD_RES_STATE);
    assert_int_equal(hca_set_cap(pf, 1, 0, page), HCA_BAD_RES_STATE);
    assert_int_equal(errors(m), 3);
}

/*
 * What a VF could have at most is known at any time: mlx5_core of 6.1 asks for
 * it while it prepares its switch for VFs. The id that stands there is no good.
 */
static void test_maximum_of_vf_not_enabled(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0];
    uint8_t page[HCA_CAP_BYTES];
    uint16_t id;

    assert_int_equal(hca_query_cap(pf, 1, 0, true, page), HCA_OK);
    id = CX_GET(cmd_hca_cap, page, vhca_id);
    assert_int_equal(errors(m), 0);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_BAD_RES);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_BAD_RES);
    assert_int_not_equal(vhca_id_of(pf, 0), id);
}

/* MANAGE_PAGES of one page, or QUERY_PAGES, for a VF. */
static int vf_pages(Hca *pf, uint16_t opcode, uint16_t op_mod, uint16_t vf)
{
    uint8_t in[CX_SZ(manage_pages_in) + 8] = {}, out[64];

    hca_header(in, opcode, op_mod);
    CX_SET(manage_pages_in, in, function_id, vf);
    CX_SET(manage_pages_in, in, input_num_entries, opcode == OP(MANAGE_PAGES));
    stq_be_p(in + CX_OFF(manage_pages_in, pas),
             qtest_alloc(pf->q, HCA_PAGE_BYTES, HCA_PAGE_BYTES));
    return hca_exec(pf, in, sizeof(in), out, sizeof(out));
}

/* MANAGE_PAGES op_mod */
enum { CANT_GIVE, GIVE, TAKE };

/* Nobody asks for pages on behalf of a VF that is not enabled. */
static void test_pages_of_vf_not_enabled(void **state)
{
    Machine *m = machine_start_ready(state, 1, "fw-pages=2");
    Hca *pf = &m->pf[0];

    for (uint16_t op_mod = CANT_GIVE; op_mod <= TAKE; op_mod++) {
        assert_int_equal(vf_pages(pf, OP(MANAGE_PAGES), op_mod, 1),
                         HCA_BAD_RES_STATE);
        assert_int_equal(vf_pages(pf, OP(QUERY_PAGES), op_mod + 1, 1),
                         HCA_BAD_RES_STATE);
    }
    assert_int_equal(errors(m), 6);
    assert_int_equal(hca_simple(pf, OP(DISABLE_HCA), 0, 1), HCA_BAD_RES_STATE);
    assert_int_equal(errors(m), 7);
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    assert_int_equal(vf_pages(pf, OP(QUERY_PAGES), 3, 1), HCA_OK);
    assert_int_equal(vf_pages(pf, OP(MANAGE_PAGES), GIVE, 1), HCA_OK);
    assert_int_equal(vf_pages(pf, OP(MANAGE_PAGES), CANT_GIVE, 1), HCA_OK);
    /* What was given comes back. */
    hca_must_simple(pf, OP(DISABLE_HCA), 0, 1);
    assert_int_equal(vf_pages(pf, OP(MANAGE_PAGES), TAKE, 1), HCA_OK);
    assert_int_equal(errors(m), 7);
    assert_int_equal(vf_pages(pf, OP(MANAGE_PAGES), TAKE, 1),
                     HCA_BAD_RES_STATE);
    assert_int_equal(errors(m), 8);
}

/* The driver's answer to a request may cross the end of the VF. */
static void test_late_pages(void **state)
{
    Machine *m = machine_start_ready(state, 1, "fw-pages=2");
    Hca *pf = &m->pf[0];

    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    hca_must_simple(pf, OP(DISABLE_HCA), 0, 1);
    assert_int_equal(vf_pages(pf, OP(MANAGE_PAGES), GIVE, 1),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vf_pages(pf, OP(MANAGE_PAGES), CANT_GIVE, 1),
                     HCA_BAD_RES_STATE);
    assert_int_equal(errors(m), 0);
    /* One that had all that it wanted asks for nothing. */
    hca_must_simple(pf, OP(ENABLE_HCA), 0, 1);
    assert_int_equal(vf_pages(pf, OP(MANAGE_PAGES), CANT_GIVE, 1), HCA_OK);
    hca_must_simple(pf, OP(DISABLE_HCA), 0, 1);
    assert_int_equal(vf_pages(pf, OP(MANAGE_PAGES), GIVE, 1),
                     HCA_BAD_RES_STATE);
    assert_int_equal(errors(m), 1);
}

/* Every kind of number that two functions have is another in each. */
static void test_numbers_differ(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    HcaObjects o[3];
    Hca *hca[3];

    machine_enable_vfs(m, 0, 2);
    for (unsigned i = 0; i < 3; i++) {
        hca[i] = i ? machine_start_vf(m, 0, i - 1) : &m->pf[0];
        hca_must_create_objects(hca[i], &o[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        unsigned n = (i + 1) % 3;

        assert_int_not_equal(hca[i]->uar, hca[n]->uar);
        assert_int_not_equal(o[i].pd, o[n].pd);
        assert_int_not_equal(o[i].mkey, o[n].mkey);
        assert_int_not_equal(o[i].cq.cqn, o[n].cq.cqn);
        assert_int_not_equal(o[i].sq.number, o[n].sq.number);
        assert_int_not_equal(o[i].rq.number, o[n].rq.number);
        assert_int_not_equal(o[i].tir, o[n].tir);
        assert_int_not_equal(o[i].flow_table, o[n].flow_table);
        assert_int_equal(hca_simple(hca[n], OP(DESTROY_CQ), 0, o[i].cq.cqn),
                         HCA_BAD_RES);
    }
}

/* What is not modelled is not offered. */
static void test_capabilities(void **state)
{
    static const uint8_t none[CX_SZ(flow_table_fields_supported)];
    Machine *m = machine_start_ready(state, 1, NULL);
    uint8_t page[HCA_CAP_BYTES], *rx, *fields;

    assert_int_equal(hca_query_cap(&m->pf[0], 0, 7, true, page), HCA_OK);
    rx = page + CX_OFF(flow_table_nic_cap,
                       flow_table_properties_nic_receive);
    fields = rx + CX_OFF(flow_table_prop_layout, ft_field_support);
    assert_true(CX_GET(flow_table_fields_supported, fields, outer_dmac));
    assert_false(CX_GET(flow_table_fields_supported, fields, outer_smac));
    assert_false(CX_GET(flow_table_fields_supported, fields,
                        outer_tcp_dport));
    assert_false(CX_GET(flow_table_fields_supported, fields,
                        outer_vxlan_vni));
    assert_memory_equal(fields + 4, none + 4, sizeof(none) - 4);
    assert_int_equal(hca_query_cap(&m->pf[0], 0, 0, true, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, log_max_klm_list_size), 0);
}

/* A SAVE that a reset of the VF cuts short fails by nobody's fault. */
static void test_reset_during_save(void **state)
{
    Machine *m = machine_start_ready(state, 1, "image-pad=40M");
    Hca *pf = &m->pf[0];
    VhcaBuf buf;
    uint16_t id;

    machine_enable_vfs(m, 0, 1);
    id = vhca_id_of(pf, 0);
    vhca_buf_create(pf, &buf, 41 << 20);
    vhca_must_stop(pf, id);
    vhca_start_save(&buf, id, 3);
    assert_false(hca_done(pf, 3));
    pci_flr(&m->vf[0][0].fn);
    assert_true(hca_wait_done(pf, 3));
    assert_int_equal(hca_result(pf, 3, NULL, 0), HCA_BAD_RES_STATE);
    last_is(m, "");
    assert_int_equal(errors(m), 0);
}

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static uint64_t nop_ms(Hca *hca)
{
    uint64_t start = now_ms();

    hca_must_simple(hca, OP(NOP), 0, 0);
    return now_ms() - start;
}

/* Done within the write of its doorbell */
static bool nop_at_once(Hca *hca)
{
    uint8_t nop[16] = {};
    bool at_once;

    hca_header(nop, OP(NOP), 0);
    hca_prepare(hca, 1, nop, sizeof(nop), 16, NULL);
    hca_ring(hca, BIT(1));
    at_once = hca_done(hca, 1);
    assert_true(hca_wait_done(hca, 1));
    return at_once;
}

static void test_latency(void **state)
{
    Machine *m = machine_start_ready(state, 1,
                                     "x-latency=NOP=150:ALLOC_PD=1");
    char text[QMP_TEXT_BYTES];
    Hca *hca = &m->pf[0];

    assert_in_range(nop_ms(hca), 150, HCA_TIMEOUT_MS);
    hca_must_alloc(hca, OP(ALLOC_PD));
    assert_true(qmp_refuses(m->q, "pf0", "x-latency", "NOP"));
    assert_true(qmp_refuses(m->q, "pf0", "x-latency", "NOP=-1"));
    assert_true(qmp_refuses(m->q, "pf0", "x-latency", "NOP=1:"));
    assert_true(qmp_refuses(m->q, "pf0", "x-latency", "NOSUCH=1"));
    assert_true(qmp_refuses(m->q, "pf0", "x-latency", "NOP=1+"));
    assert_true(qmp_refuses(m->q, "pf0", "x-latency", "NOP=99999999"));
    qmp_text(m->q, "pf0", "x-latency", text);
    assert_string_equal(text, "NOP=150:ALLOC_PD=1");
    assert_false(nop_at_once(hca));
    qmp_set_text(m->q, "pf0", "x-latency", "");
    assert_true(nop_at_once(hca));
}

/* A larger image takes longer, by what it is larger. */
static void test_latency_by_size(void **state)
{
    Machine *m = machine_start_ready(state, 1, "image-pad=2M,"
                                     "x-latency=SAVE_VHCA_STATE=10+100:"
                                     "LOAD_VHCA_STATE=0+100");
    Hca *pf = &m->pf[0];
    uint32_t bytes;
    uint8_t *image;
    uint64_t start;
    uint16_t id;
    VhcaBuf buf;

    machine_enable_vfs(m, 0, 1);
    id = vhca_id_of(pf, 0);
    vhca_buf_create(pf, &buf, 4 << 20);
    vhca_must_stop(pf, id);
    start = now_ms();
    image = vhca_must_save(&buf, id, &bytes);
    assert_in_range(bytes, 2 << 20, 3 << 20);
    assert_in_range(now_ms() - start, 210, HCA_TIMEOUT_MS);
    start = now_ms();
    assert_int_equal(vhca_load_image(&buf, id, image, bytes), HCA_OK);
    assert_in_range(now_ms() - start, 200, HCA_TIMEOUT_MS);
    free(image);
    assert_int_equal(errors(m), 0);
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
        machine_test(test_headers),
        machine_test(test_refused),
        machine_test(test_vf_not_enabled),
        machine_test(test_maximum_of_vf_not_enabled),
        machine_test(test_pages_of_vf_not_enabled),
        machine_test(test_late_pages),
        machine_test(test_numbers_differ),
        machine_test(test_capabilities),
        machine_test(test_reset_during_save),
        machine_test(test_latency),
        machine_test(test_latency_by_size),
    };

    return machine_main(tests);
}
