/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties that make the model misbehave on purpose, or weigh more.
 */
#include "machine.h"
#include "qmp.h"

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

static void test_delay_nth(void **state)
{
    Machine *m = machine_start_ready(state, 1, "x-delay-cmd=NOP,x-delay-nth=2,"
                                     "x-delay-ms=30");
    Hca *hca = &m->pf[0];
    uint8_t nop[16] = {};

    hca_header(nop, OP(NOP), 0);
    for (int n = 1; n <= 3; n++) {
        hca_prepare(hca, 4, nop, sizeof(nop), 16, NULL);
        hca_ring(hca, BIT(4));
        assert_int_equal(hca_done(hca, 4), n != 2);
        assert_true(hca_wait_done(hca, 4));
    }
}

/* A reset with a command on its way: it never completes, nothing crashes. */
static void test_reset_during_delay(void **state)
{
    Machine *m = machine_start_ready(state, 1,
                                     "x-delay-cmd=NOP,x-delay-ms=500");
    Hca *hca = &m->pf[0];
    uint8_t nop[16] = {};

    hca_header(nop, OP(NOP), 0);
    /* Half a second is longer than a busy machine takes to reset it. */
    for (int i = 0; i < 4; i++) {
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
    assert_int_equal(hca_must_query_pages(hca, BOOT_PAGES), 0);
    assert_int_equal(hca_must_query_pages(hca, INIT_PAGES), 0);
    /* Some drivers give none. */
    assert_int_equal(hca_give_pages(hca, 0, 0, 0), HCA_OK);
}

/* Marks the page as given back; it must have been given, and only once. */
static void mark_page(Hca *hca, uint64_t page, uint8_t seen[2][512])
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t index = (page - hca->fw_pages[i]) / HCA_PAGE_BYTES;

        if (page >= hca->fw_pages[i] && index < hca->nr_fw_pages[i]) {
            assert_int_equal(seen[i][index], 0);
            seen[i][index] = 1;
            return;
        }
    }
    fail_msg("page 0x%lx was never given", (unsigned long)page);
}

/* What the firmware asks for it takes, and gives back: the same pages. */
static void test_firmware_pages(void **state)
{
    Machine *m = machine_start_ready(state, 1, "fw-pages=40");
    Hca *hca = &m->pf[0];
    uint8_t seen[2][512] = {};
    uint64_t back[512];
    uint32_t given, n;

    given = hca->nr_fw_pages[0] + hca->nr_fw_pages[1];
    assert_in_range(given, 40, 512);
    hca_must_simple(hca, OP(TEARDOWN_HCA), 0, 0);
    for (n = 0; n < given;) {
        uint32_t got = take_pages(hca, 7, back);

        assert_in_range(got, 1, 7);
        for (uint32_t i = 0; i < got; i++, n++) {
            mark_page(hca, back[i], seen);
        }
    }
    assert_int_equal(take_pages(hca, 7, back), 0);
    hca_must_simple(hca, OP(DISABLE_HCA), 0, 0);
}

/* Initialization without what was asked for. */
static void test_firmware_pages_missing(void **state)
{
    Machine *m = machine_start(state, 1, "fw-pages=4");
    uint8_t in[CX_SZ(init_hca_in)] = {}, out[CX_SZ(init_hca_out)];
    Hca *hca = &m->pf[0];

    hca_must_boot(hca);
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    hca_header(in, OP(INIT_HCA), 0);
    assert_int_not_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)),
                         HCA_OK);
}

static bool page_is_blank(Hca *hca, uint64_t addr)
{
    static const uint8_t blank[HCA_PAGE_BYTES];

    return !memcmp(qtest_ram(hca->q, addr, HCA_PAGE_BYTES), blank,
                   HCA_PAGE_BYTES);
}

static uint64_t guest_errors(Machine *m)
{
    return qmp_number(m->q, "pf0", "x-guest-errors");
}

/* The firmware uses what it was given, and lets go of what it gave back. */
static void test_firmware_pages_are_used(void **state)
{
    Machine *m = machine_start_ready(state, 1, "fw-pages=8");
    Hca *hca = &m->pf[0];
    uint64_t back[512];
    uint32_t got;

    for (unsigned i = 0; i < 2; i++) {
        for (unsigned n = 0; n < hca->nr_fw_pages[i]; n++) {
            assert_false(page_is_blank(hca, hca->fw_pages[i] +
                                       n * HCA_PAGE_BYTES));
        }
    }
    hca_must_simple(hca, OP(TEARDOWN_HCA), 0, 0);
    got = take_pages(hca, 512, back);
    assert_int_equal(got, hca->nr_fw_pages[0] + hca->nr_fw_pages[1]);
    assert_int_equal(guest_errors(m), 0);
    for (uint32_t i = 0; i < got; i++) {
        memset(qtest_ram(m->q, back[i], HCA_PAGE_BYTES), 0, HCA_PAGE_BYTES);
    }
    for (unsigned i = 0; i < 100; i++) {
        hca_must_simple(hca, OP(NOP), 0, 0);
    }
    for (uint32_t i = 0; i < got; i++) {
        assert_true(page_is_blank(hca, back[i]));
    }
    assert_int_equal(guest_errors(m), 0);
}

/*
 * A driver that frees a page which the firmware still has finds it written,
 * and is found out.
 */
static void test_firmware_page_freed_early(void **state)
{
    Machine *m = machine_start_ready(state, 1, "fw-pages=8");
    Hca *hca = &m->pf[0];
    uint64_t page = hca->fw_pages[1] + 3 * HCA_PAGE_BYTES;

    memset(qtest_ram(m->q, page, HCA_PAGE_BYTES), 0, HCA_PAGE_BYTES);
    for (unsigned i = 0; i < 100; i++) {
        hca_must_simple(hca, OP(NOP), 0, 0);
    }
    assert_false(page_is_blank(hca, page));
    assert_int_not_equal(guest_errors(m), 0);
}

/* Written anywhere, it is seen at the latest when it is given back. */
static void test_firmware_page_written(void **state)
{
    Machine *m = machine_start_ready(state, 1, "fw-pages=2");
    Hca *hca = &m->pf[0];
    uint64_t back[512], page = hca->fw_pages[0];

    *(uint8_t *)qtest_ram(m->q, page + HCA_PAGE_BYTES - 1, 1) ^= 1;
    hca_must_simple(hca, OP(TEARDOWN_HCA), 0, 0);
    assert_int_equal(take_pages(hca, 512, back), 4);
    assert_int_equal(guest_errors(m), 1);
}

/* More pages than were asked for, and pages where there is no memory */
static void test_pages_not_asked_for(void **state)
{
    Machine *m = machine_start(state, 1, "fw-pages=4");
    Hca *hca = &m->pf[0];
    uint64_t base;

    hca_must_boot(hca);
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    base = qtest_alloc(m->q, 16 * HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    assert_int_equal(hca_give_pages(hca, base, 13, 13), HCA_BAD_PARAM);
    assert_true(page_is_blank(hca, base));
    assert_int_equal(hca_give_pages(hca, QTEST_RAM_BYTES, 1, 1),
                     HCA_BAD_PARAM);
    assert_int_equal(hca_give_pages(hca, base, 12, 12), HCA_OK);
    assert_int_equal(hca_give_pages(hca, base + 12 * HCA_PAGE_BYTES, 1, 1),
                     HCA_BAD_PARAM);
}

static void test_page_lists_that_lie(void **state)
{
    Machine *m = machine_start(state, 1, "fw-pages=8");
    Hca *hca = &m->pf[0];
    uint64_t base;

    hca_must_boot(hca);
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    base = qtest_alloc(m->q, 16 * HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    assert_int_equal(hca_give_pages(hca, base, 4, 5), HCA_BAD_INPUT_LEN);
    assert_int_equal(hca_give_pages(hca, base, 4, 0xffffffff),
                     HCA_BAD_INPUT_LEN);
    assert_int_equal(hca_give_pages(hca, base, 4, 0x20000004),
                     HCA_BAD_INPUT_LEN);
    assert_int_equal(hca_give_pages(hca, base + 8, 1, 1), HCA_BAD_PARAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_fail_nth),
        machine_test(test_fail_each),
        machine_test(test_delay),
        machine_test(test_delay_nth),
        machine_test(test_reset_during_delay),
        machine_test(test_no_pages_by_default),
        machine_test(test_firmware_pages),
        machine_test(test_firmware_pages_missing),
        machine_test(test_firmware_pages_are_used),
        machine_test(test_firmware_page_freed_early),
        machine_test(test_firmware_page_written),
        machine_test(test_pages_not_asked_for),
        machine_test(test_page_lists_that_lie),
    };

    return machine_main(tests);
}
