/*
 * Properties that make the model misbehave on purpose, or weigh more.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "machine.h"

#define BOOT_PAGES      1
#define INIT_PAGES      2

static void test_fail_nth(void **state)
{
    Machine *m = machine_start_ready(state, 1, "x-fail-cmd=ALLOC_PD,"
                                     "x-fail-nth=3,x-fail-status=8");
    Hca *hca = &m->pf[0];

    hca_must_alloc(hca, OP(ALLOC_PD));
    hca_must_alloc(hca, OP(ALLOC_PD));
    assert_int_equal(hca_simple(hca, OP(ALLOC_PD), 0, 0), HCA_LIMITS);
    hca_must_alloc(hca, OP(ALLOC_PD));
}

static void test_fail_each(void **state)
{
    Machine *m = machine_start_ready(state, 1, "x-fail-cmd=0x80d,"
                                     "x-fail-nth=0,x-fail-status=1");

    for (int i = 0; i < 5; i++) {
        assert_int_equal(hca_simple(&m->pf[0], OP(NOP), 0, 0), 1);
    }
    hca_must_alloc(&m->pf[0], OP(ALLOC_PD));
}

static void test_delay(void **state)
{
    Machine *m = machine_start_ready(state, 1,
                                     "x-delay-cmd=NOP,x-delay-ms=30");
    Hca *hca = &m->pf[0];
    uint8_t nop[16] = {}, pd[16] = {};

    hca_header(nop, OP(NOP), 0);
    hca_header(pd, OP(ALLOC_PD), 0);
    hca_prepare(hca, 4, nop, sizeof(nop), 16, NULL);
    hca_prepare(hca, 5, pd, sizeof(pd), 16, NULL);
    hca_ring(hca, BIT(4) | BIT(5));
    /* The later command overtakes the delayed one. */
    assert_true(hca_done(hca, 5));
    assert_false(hca_done(hca, 4));
    assert_true(hca_wait_done(hca, 4));
    assert_int_equal(hca_result(hca, 4, NULL, 0), HCA_OK);
}

/* A reset with a command on its way: it never completes, nothing crashes. */
static void test_reset_during_delay(void **state)
{
    Machine *m = machine_start_ready(state, 1,
                                     "x-delay-cmd=NOP,x-delay-ms=20");
    Hca *hca = &m->pf[0];
    uint8_t nop[16] = {};

    hca_header(nop, OP(NOP), 0);
    for (int i = 0; i < 10; i++) {
        uint64_t cmdq;

        hca_prepare(hca, 7, nop, sizeof(nop), 16, NULL);
        hca_ring(hca, BIT(7));
        pci_flr(&hca->fn);
        assert_false(hca_done(hca, 7));
        cmdq = hca->cmdq;
        hca_must_boot(hca);
        hca_must_start(hca);
        hca_must_simple(hca, OP(NOP), 0, 0);
        assert_int_not_equal(cmdq, hca->cmdq);
    }
}

static int32_t query_pages(Hca *hca, uint16_t op_mod, uint16_t function)
{
    uint8_t in[CX_SZ(query_pages_in)] = {}, out[CX_SZ(query_pages_out)];

    hca_header(in, OP(QUERY_PAGES), op_mod);
    CX_SET(query_pages_in, in, function_id, function);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    assert_int_equal(CX_GET(query_pages_out, out, function_id), function);
    return CX_GET(query_pages_out, out, num_pages);
}

static int give_pages(Hca *hca, uint64_t first, uint32_t n, uint32_t claim)
{
    uint8_t in[CX_SZ(manage_pages_in) + 512 * 8] = {};
    uint8_t out[CX_SZ(manage_pages_out)];

    assert_in_range(n, 0, 512);
    hca_header(in, OP(MANAGE_PAGES), 1);
    CX_SET(manage_pages_in, in, input_num_entries, claim);
    for (uint32_t i = 0; i < n; i++) {
        stq_be_p(in + CX_SZ(manage_pages_in) + i * 8,
                 first + i * HCA_PAGE_BYTES);
    }
    return hca_exec(hca, in, CX_SZ(manage_pages_in) + n * 8, out,
                    sizeof(out));
}

static uint32_t take_pages(Hca *hca, uint32_t n, uint64_t *pages)
{
    uint8_t in[CX_SZ(manage_pages_in)] = {};
    uint8_t out[CX_SZ(manage_pages_out) + 512 * 8];
    uint32_t got;

    assert_in_range(n, 0, 512);
    hca_header(in, OP(MANAGE_PAGES), 2);
    CX_SET(manage_pages_in, in, input_num_entries, n);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    got = CX_GET(manage_pages_out, out, output_num_entries);
    assert_in_range(got, 0, n);
    for (uint32_t i = 0; i < got; i++) {
        pages[i] = ldq_be_p(out + CX_SZ(manage_pages_out) + i * 8);
    }
    return got;
}

static void test_no_pages_by_default(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    Hca *hca = &m->pf[0];

    hca_must_boot(hca);
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    assert_int_equal(query_pages(hca, BOOT_PAGES, 0), 0);
    assert_int_equal(query_pages(hca, INIT_PAGES, 0), 0);
    /* Some drivers give none. */
    assert_int_equal(give_pages(hca, 0, 0, 0), HCA_OK);
}

/* What the firmware asks for it takes, and gives back: the same pages. */
static void test_firmware_pages(void **state)
{
    Machine *m = machine_start(state, 1, "fw-pages=40");
    Hca *hca = &m->pf[0];
    uint64_t base, back[512];
    uint32_t n = 0, given = 0;
    uint8_t seen[512] = {};

    hca_must_boot(hca);
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    base = qtest_alloc(m->q, 512 * HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    given += query_pages(hca, BOOT_PAGES, 0);
    assert_int_equal(give_pages(hca, base, given, given), HCA_OK);
    n = query_pages(hca, INIT_PAGES, 0);
    assert_int_equal(give_pages(hca, base + given * HCA_PAGE_BYTES, n, n),
                     HCA_OK);
    given += n;
    assert_in_range(given, 1, 512);
    hca_must_start(hca);
    hca_must_simple(hca, OP(TEARDOWN_HCA), 0, 0);
    for (n = 0; n < given;) {
        uint32_t got = take_pages(hca, 7, back);

        assert_in_range(got, 1, 7);
        for (uint32_t i = 0; i < got; i++, n++) {
            uint64_t index = (back[i] - base) / HCA_PAGE_BYTES;

            assert_in_range(index, 0, given - 1);
            assert_int_equal(seen[index], 0);
            seen[index] = 1;
        }
    }
    assert_int_equal(take_pages(hca, 7, back), 0);
    hca_must_simple(hca, OP(DISABLE_HCA), 0, 0);
}

static void test_page_lists_that_lie(void **state)
{
    Machine *m = machine_start(state, 1, "fw-pages=8");
    Hca *hca = &m->pf[0];
    uint64_t base;

    hca_must_boot(hca);
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    base = qtest_alloc(m->q, 16 * HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    assert_int_equal(give_pages(hca, base, 4, 5), HCA_BAD_INPUT_LEN);
    assert_int_equal(give_pages(hca, base, 4, 0xffffffff),
                     HCA_BAD_INPUT_LEN);
    assert_int_equal(give_pages(hca, base, 4, 0x20000004),
                     HCA_BAD_INPUT_LEN);
    assert_int_equal(give_pages(hca, base + 8, 1, 1), HCA_BAD_PARAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_fail_nth),
        machine_test(test_fail_each),
        machine_test(test_delay),
        machine_test(test_reset_during_delay),
        machine_test(test_no_pages_by_default),
        machine_test(test_firmware_pages),
        machine_test(test_page_lists_that_lie),
    };

    return machine_main(tests);
}
