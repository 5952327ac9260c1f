/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The OpRegion of the Intel GPU's stand-in: what firmware gets to copy, and
 * what the device does when it is told where the copy lies.
 */
#include <endian.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "fwcfg.h"
#include "machine.h"

#define SLOT                0x10
#define OPREGION_FILE       "etc/igd-opregion"
#define ASLS                0xfc

/* IGD OpRegion specification: header, mailbox 3, mailbox 4 */
#define OPREGION_BYTES      8192
#define OPREGION_SIZE_KIB   0x10
#define OPREGION_VERSION    0x16
#define OPREGION_MAILBOXES  0x58
#define OPREGION_RVDA       0x3ba
#define OPREGION_RVDS       0x3c2
#define OPREGION_VBT        0x400
#define MAILBOX_VBT         0x8

#define VBT_BYTES           0x18

typedef struct Region {
    uint64_t addr;
    size_t bytes;
    uint8_t *mem;
} Region;

static uint64_t get(const Region *r, size_t off, size_t len)
{
    uint64_t val = 0;

    assert_true(off + len <= r->bytes);
    memcpy(&val, r->mem + off, len);
    return le64toh(val);
}

static Qtest *start(void **state, PciFn *fn, const char *props)
{
    Machine *m = calloc(1, sizeof(*m));
    char arg[256];
    const char *argv[] = { "-device", arg, NULL };

    assert_non_null(m);
    snprintf(arg, sizeof(arg), "igd-standin,addr=0x%x%s%s", SLOT,
             *props ? "," : "", props);
    m->q = qtest_start(argv);
    *state = m;
    pci_root_fn_init(fn, m->q, SLOT);
    return m->q;
}

static void stop(void **state)
{
    assert_int_equal(machine_teardown(state), 0);
}

/* As firmware: copies the file to page-aligned memory. */
static Region load(Qtest *q)
{
    Region r;

    r.addr = fwcfg_load(q, OPREGION_FILE, &r.bytes);
    assert_int_not_equal(r.addr, 0);
    r.mem = qtest_ram(q, r.addr, r.bytes);
    return r;
}

static void check_header(const Region *r, uint16_t version)
{
    assert_true(r->bytes >= OPREGION_BYTES);
    assert_memory_equal(r->mem, "IntelGraphicsMem", 16);
    assert_int_equal(get(r, OPREGION_SIZE_KIB, 4), OPREGION_BYTES / 1024);
    assert_int_equal(get(r, OPREGION_VERSION, 2), version);
}

static void check_vbt(const Region *r, size_t off, uint32_t bytes)
{
    uint8_t sum = 0;

    assert_true(off + bytes <= r->bytes);
    assert_memory_equal(r->mem + off, "$VBT", 4);
    assert_int_equal(get(r, off + VBT_BYTES, 2), bytes);
    assert_memory_equal(r->mem + off + get(r, off + 0x1c, 4),
                        "BIOS_DATA_BLOCK ", 16);
    for (uint32_t i = 0; i < bytes; i++) {
        sum += r->mem[off + i];
    }
    assert_int_equal(sum, 0);
    assert_true(get(r, OPREGION_MAILBOXES, 4) & MAILBOX_VBT);
}

static void test_vbt_in_mailbox(void **state)
{
    static const struct {
        const char *props;
        uint16_t version;
        uint32_t vbt_bytes;
    } cases[] = {
        { "", 0x0201, 4096 },
        { "opregion-version=2.0,vbt-bytes=6144", 0x0200, 6144 },
        { "opregion-version=1.0,vbt-bytes=73", 0x0100, 73 },
        { "opregion-version=3.17", 0x0311, 4096 },
    };
    PciFn fn;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Region r = load(start(state, &fn, cases[i].props));

        assert_int_equal(r.bytes, OPREGION_BYTES);
        check_header(&r, cases[i].version);
        check_vbt(&r, OPREGION_VBT, cases[i].vbt_bytes);
        assert_int_equal(get(&r, OPREGION_RVDA, 8), 0);
        assert_int_equal(get(&r, OPREGION_RVDS, 4), 0);
        stop(state);
    }
}

static void test_no_vbt(void **state)
{
    PciFn fn;
    Region r = load(start(state, &fn, "vbt-bytes=0"));

    check_header(&r, 0x0201);
    assert_false(get(&r, OPREGION_MAILBOXES, 4) & MAILBOX_VBT);
    assert_int_equal(get(&r, OPREGION_VBT, 8), 0);
}

static void test_extended_vbt(void **state)
{
    static const struct {
        const char *props;
        uint32_t offset;
        uint32_t vbt_bytes;
    } cases[] = {
        { "vbt-bytes=6145", 8192, 6145 },
        { "vbt-bytes=65535", 8192, 65535 },
        { "opregion-version=2.2,vbt-bytes=9000,vbt-offset=12289", 12289, 9000 },
    };
    PciFn fn;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Region r = load(start(state, &fn, cases[i].props));

        assert_int_equal(r.bytes, cases[i].offset + cases[i].vbt_bytes);
        assert_int_equal(get(&r, OPREGION_RVDA, 8), cases[i].offset);
        assert_int_equal(get(&r, OPREGION_RVDS, 4), cases[i].vbt_bytes);
        check_vbt(&r, cases[i].offset, cases[i].vbt_bytes);
        assert_int_equal(get(&r, OPREGION_VBT, 8), 0);
        stop(state);
    }
}

static void test_absolute_rvda_comes_with_asls(void **state)
{
    PciFn fn;
    Region r = load(start(state, &fn, "opregion-version=2.0,vbt-bytes=7000,"
                                      "vbt-offset=16384"));

    check_header(&r, 0x0200);
    assert_int_equal(get(&r, OPREGION_RVDA, 8), 0);
    assert_int_equal(get(&r, OPREGION_RVDS, 4), 7000);
    pci_cfg_write(&fn, ASLS, r.addr, 4);
    assert_int_equal(pci_cfg_read(&fn, ASLS, 4), r.addr);
    assert_int_equal(get(&r, OPREGION_RVDA, 8), r.addr + 16384);
    check_vbt(&r, 16384, 7000);
}

/* By bytes as well, in any order */
static void test_asls_by_bytes(void **state)
{
    PciFn fn;
    Region r = load(start(state, &fn,
                          "opregion-version=2.0,vbt-bytes=7000"));

    for (int i = 3; i >= 0; i--) {
        pci_cfg_write(&fn, ASLS + i, r.addr >> (8 * i) & 0xff, 1);
    }
    assert_int_equal(get(&r, OPREGION_RVDA, 8), r.addr + 8192);
}

static void test_asls_keeps_its_value_over_flr(void **state)
{
    PciFn fn;

    start(state, &fn, "opregion=off");
    assert_int_equal(pci_cfg_read(&fn, ASLS, 4), 0);
    pci_cfg_write(&fn, ASLS, 0x12345678, 4);
    pci_flr(&fn);
    assert_int_equal(pci_cfg_read(&fn, ASLS, 4), 0x12345678);
}

static void test_hostile_asls(void **state)
{
    static const uint32_t addrs[] = {
        0, 1, 0xffffffff, 0xfffff000, 0xfed00000, 0xfee00000, 0xb0000000,
        0xc0000000, 0xa0000, 0xf0000, QTEST_RAM_BYTES - 4096,
        QTEST_RAM_BYTES - 1, QTEST_RAM_BYTES,
    };
    PciFn fn;
    Qtest *q = start(state, &fn, "opregion-version=2.0,vbt-bytes=7000");
    uint64_t blank = qtest_alloc(q, OPREGION_BYTES, 4096);
    uint8_t *mem = qtest_ram(q, blank, OPREGION_BYTES);
    uint8_t *end = qtest_ram(q, QTEST_RAM_BYTES - 4096, 4096);

    /* Its own BAR is among the addresses. */
    pci_cfg_write(&fn, PCI_BASE_ADDRESS_0, 0xc0000000, 4);
    pci_cfg_write(&fn, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    /* A signature with too little behind it */
    memcpy(end, "IntelGraphicsMem", 16);
    for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
        pci_cfg_write(&fn, ASLS, addrs[i], 4);
        assert_true(qtest_alive(q));
    }
    for (size_t i = 16; i < 4096; i++) {
        assert_int_equal(end[i], 0);
    }
    /* Memory that is no OpRegion is not touched. */
    pci_cfg_write(&fn, ASLS, blank, 4);
    for (size_t i = 0; i < OPREGION_BYTES; i++) {
        assert_int_equal(mem[i], 0);
    }
}

static void test_off(void **state)
{
    size_t bytes;
    PciFn fn;
    Qtest *q = start(state, &fn, "opregion=off");

    assert_int_equal(fwcfg_load(q, OPREGION_FILE, &bytes), 0);
}

static void refused(const char *device, const char *what)
{
    const char *argv[] = {
        "-device", "igd-standin", "-device", device, NULL
    };
    char text[1024];

    assert_int_equal(qtest_start_refused(argv, text, sizeof(text)), 1);
    if (!strstr(text, what)) {
        fail_msg("no \"%s\" in: %s", what, text);
    }
}

static void refused_alone(const char *props, const char *what)
{
    char device[128];
    const char *argv[] = { "-device", device, NULL };
    char text[1024];

    snprintf(device, sizeof(device), "igd-standin,%s", props);
    assert_int_equal(qtest_start_refused(argv, text, sizeof(text)), 1);
    if (!strstr(text, what)) {
        fail_msg("no \"%s\" in: %s", what, text);
    }
}

static void test_bad_properties(void **state)
{
    (void)state;
    refused("igd-standin", "only one can have an OpRegion");
    refused_alone("opregion-version=2", "opregion-version");
    refused_alone("opregion-version=2.x", "opregion-version");
    refused_alone("opregion-version=2.256", "opregion-version");
    refused_alone("opregion-version=-1.0", "opregion-version");
    refused_alone("vbt-bytes=72", "a VBT has");
    refused_alone("vbt-bytes=65536", "a VBT has");
    refused_alone("opregion-version=1.2,vbt-bytes=6145", "before version 2.0");
    refused_alone("vbt-bytes=6145,vbt-offset=8191", "an extended VBT");
    refused_alone("vbt-bytes=6145,vbt-offset=4294967295", "an extended VBT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_vbt_in_mailbox),
        machine_test(test_no_vbt),
        machine_test(test_extended_vbt),
        machine_test(test_absolute_rvda_comes_with_asls),
        machine_test(test_asls_by_bytes),
        machine_test(test_asls_keeps_its_value_over_flr),
        machine_test(test_hostile_asls),
        machine_test(test_off),
        machine_test(test_bad_properties),
    };

    return machine_main(tests);
}
