/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stand-ins for other devices: what a driver finds of them, and that no
 * access harms the machine.
 */
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define SLOT            0x10
#define BAR_BASE        0xc0000000ULL

#define MEM             PCI_BASE_ADDRESS_SPACE_MEMORY
#define MEM64           (MEM | PCI_BASE_ADDRESS_MEM_TYPE_64)
#define MEM64_PREF      (MEM64 | PCI_BASE_ADDRESS_MEM_PREFETCH)
#define IO              PCI_BASE_ADDRESS_SPACE_IO

#define NULL_DRIVE      "if=none,id=d0,file=null-co://,format=raw"
#define CFG_BYTES       4096
#define FUZZ_ROUNDS     2000

struct standin {
    const char *device;
    uint16_t vendor;
    uint16_t device_id;
    uint16_t subvendor;
    uint16_t subsystem;
    uint32_t class_rev;
    /* size and kind of each BAR, 0 for none */
    struct {
        uint32_t bytes;
        uint32_t kind;
    } bar[6];
    /* a BAR that keeps what is written, or -1 */
    int memory_bar;
};

static const struct standin standins[] = {
    {
        "igd-standin", 0x8086, 0x1912, 0x8086, 0x2212, 0x03000006,
        { { 16 << 20, MEM64 }, {}, { 256 << 20, MEM64_PREF }, {}, { 64, IO } },
        2,
    },
    {
        "v100-standin", 0x10de, 0x1db1, 0x10de, 0x1212, 0x030200a1,
        { { 16 << 20, MEM }, { 64 << 20, MEM64_PREF } },
        1,
    },
    {
        "npu-standin", 0x1014, 0x04ea, 0, 0, 0x06800101,
        { { 128 << 10, MEM64 }, {}, { 64 << 10, MEM64 } },
        0,
    },
    {
        "snap-nvme,drive=d0,serial=1", 0x15b3, 0x6001, 0x15b3, 0x6001,
        0x01080202, { { 16 << 10, MEM64 } }, -1,
    },
    {
        "snap-virtio-blk,drive=d0", 0x1af4, 0x1042, 0x15b3, 0x1042,
        0x01000001, { {}, { 4 << 10, MEM }, {}, {}, { 16 << 10, MEM64_PREF } },
        -1,
    },
};

#define NR_STANDINS     (sizeof(standins) / sizeof(standins[0]))

static Qtest *start(void **state, PciFn *fn, const char *device)
{
    Machine *m = calloc(1, sizeof(*m));
    char arg[256];
    const char *argv[] = { "-drive", NULL_DRIVE, "-device", arg, NULL };

    assert_non_null(m);
    snprintf(arg, sizeof(arg), "%s,bus=pcie.0,addr=0x%x", device, SLOT);
    m->q = qtest_start(argv);
    *state = m;
    pci_root_fn_init(fn, m->q, SLOT);
    return m->q;
}

static void stop(void **state)
{
    assert_int_equal(machine_teardown(state), 0);
}

static void check_bar(PciFn *fn, const struct standin *s, int bar)
{
    uint16_t off = PCI_BASE_ADDRESS_0 + 4 * bar;
    uint32_t kind, mask;

    kind = pci_cfg_read(fn, off, 4);
    pci_cfg_write(fn, off, 0xffffffff, 4);
    mask = pci_cfg_read(fn, off, 4);
    if (!s->bar[bar].bytes) {
        /* Nothing there, or the upper half of a 64-bit BAR */
        assert_true(!mask || mask == 0xffffffff);
        pci_cfg_write(fn, off, 0, 4);
        return;
    }
    assert_int_equal(kind & 0xf, s->bar[bar].kind);
    mask &= s->bar[bar].kind & IO ? ~3u : ~0xfu;
    assert_int_equal(mask & -mask, s->bar[bar].bytes);
    pci_cfg_write(fn, off, 0, 4);
}

static void test_config_space(void **state)
{
    for (size_t i = 0; i < NR_STANDINS; i++) {
        const struct standin *s = &standins[i];
        PciFn fn;

        start(state, &fn, s->device);
        assert_int_equal(pci_cfg_read(&fn, PCI_VENDOR_ID, 2), s->vendor);
        assert_int_equal(pci_cfg_read(&fn, PCI_DEVICE_ID, 2), s->device_id);
        assert_int_equal(pci_cfg_read(&fn, PCI_SUBSYSTEM_VENDOR_ID, 2),
                         s->subvendor);
        assert_int_equal(pci_cfg_read(&fn, PCI_SUBSYSTEM_ID, 2), s->subsystem);
        assert_int_equal(pci_cfg_read(&fn, PCI_CLASS_REVISION, 4),
                         s->class_rev);
        for (int bar = 0; bar < 6; bar++) {
            check_bar(&fn, s, bar);
        }
        stop(state);
    }
}

/* A virtio disk on the root bus is no PCI Express device, all others are. */
static void test_flr(void **state)
{
    for (size_t i = 0; i < NR_STANDINS; i++) {
        const struct standin *s = &standins[i];
        uint16_t ctl;
        PciFn fn;

        start(state, &fn, s->device);
        if (!fn.exp_cap) {
            assert_int_equal(s->vendor, 0x1af4);
            stop(state);
            continue;
        }
        assert_true(pci_cfg_read(&fn, fn.exp_cap + PCI_EXP_DEVCAP, 4) &
                    PCI_EXP_DEVCAP_FLR);
        ctl = fn.exp_cap + PCI_EXP_DEVCTL;
        pci_cfg_write(&fn, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
        pci_cfg_write(&fn, ctl, PCI_EXP_DEVCTL_BCR_FLR, 2);
        assert_int_equal(pci_cfg_read(&fn, PCI_COMMAND, 2), 0);
        assert_int_equal(pci_cfg_read(&fn, PCI_VENDOR_ID, 2), s->vendor);
        stop(state);
    }
}

static void place_bar(PciFn *fn, int bar, uint64_t addr, bool wide)
{
    pci_cfg_write(fn, PCI_BASE_ADDRESS_0 + 4 * bar, addr, 4);
    if (wide) {
        pci_cfg_write(fn, PCI_BASE_ADDRESS_0 + 4 * bar + 4, addr >> 32, 4);
    }
    pci_cfg_write(fn, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_IO, 2);
}

static void test_memory_bars(void **state)
{
    for (size_t i = 0; i < NR_STANDINS; i++) {
        const struct standin *s = &standins[i];
        uint64_t last;
        Qtest *q;
        PciFn fn;

        if (s->memory_bar < 0) {
            continue;
        }
        last = BAR_BASE + s->bar[s->memory_bar].bytes - 8;
        q = start(state, &fn, s->device);
        place_bar(&fn, s->memory_bar, BAR_BASE, true);
        qtest_write(q, BAR_BASE, 0x1122334455667788, 8);
        qtest_write(q, last, 0x99, 1);
        assert_int_equal(qtest_read(q, BAR_BASE + 4, 2), 0x3344);
        assert_int_equal(qtest_read(q, last, 4), 0x99);
        stop(state);
    }
}

/* It is QEMU's own controller: version and doorbell stride of its registers */
static void test_snap_nvme_is_nvme(void **state)
{
    PciFn fn;
    Qtest *q = start(state, &fn, "snap-nvme,drive=d0,serial=1");

    place_bar(&fn, 0, BAR_BASE, true);
    assert_int_equal(qtest_read(q, BAR_BASE + 8, 4), 0x00010400);
    assert_int_not_equal(qtest_read(q, BAR_BASE, 8), 0);
}

static void test_npu_link_index(void **state)
{
    PciFn fn;
    uint8_t pos;

    start(state, &fn, "npu-standin,link-index=3");
    pos = pci_cfg_read(&fn, PCI_CAPABILITY_LIST, 1);
    while (pos && pci_cfg_read(&fn, pos, 1) != PCI_CAP_ID_VNDR) {
        pos = pci_cfg_read(&fn, pos + 1, 1);
    }
    assert_int_not_equal(pos, 0);
    assert_int_equal(pci_cfg_read(&fn, pos + 2, 1), 0x10);
    assert_int_equal(pci_cfg_read(&fn, pos + 12, 1), 3);
}

static void test_memory_at_an_address(void **state)
{
    const uint64_t addr = 0x4000000000ULL;
    PciFn fn;
    Qtest *q;

    q = start(state, &fn, "v100-standin,ram-addr=0x4000000000,ram-size=1M");
    qtest_write(q, addr, 0xabcd, 2);
    qtest_write(q, addr + (1 << 20) - 4, 0x12345678, 4);
    assert_int_equal(qtest_read(q, addr, 4), 0xabcd);
    assert_int_equal(qtest_read(q, addr + (1 << 20) - 4, 4), 0x12345678);
    qtest_write(q, addr + (1 << 20), 1, 8);
    assert_int_equal(qtest_read(q, addr + (1 << 20), 8), 0);
    stop(state);

    q = start(state, &fn, "npu-standin,atsd-addr=0x4000000000");
    qtest_write(q, addr + 0xfff8, 0x55, 8);
    assert_int_equal(qtest_read(q, addr + 0xfff8, 8), 0x55);
}

/* Fixed seed: what fails, fails again. */
static void fuzz_config(PciFn *fn)
{
    uint32_t seed = 1;

    for (int i = 0; i < FUZZ_ROUNDS; i++) {
        unsigned size;
        uint16_t off;

        seed = seed * 1664525 + 1013904223;
        size = 1u << ((seed >> 8) % 3);
        /* Most of what matters is in the first 256 bytes. */
        off = (seed >> 12) % (seed & 0x80 ? 256 : CFG_BYTES) & ~(size - 1);
        seed = seed * 1664525 + 1013904223;
        pci_cfg_write(fn, off, seed, size);
        pci_cfg_read(fn, off, size);
    }
}

static void test_hostile_config_writes(void **state)
{
    for (size_t i = 0; i < NR_STANDINS; i++) {
        PciFn fn;
        Qtest *q = start(state, &fn, standins[i].device);

        fuzz_config(&fn);
        assert_true(qtest_alive(q));
        assert_int_equal(pci_cfg_read(&fn, PCI_VENDOR_ID, 2),
                         standins[i].vendor);
        stop(state);
    }
}

static void refused(const char *first, const char *second, const char *what)
{
    const char *argv[] = {
        "-device", first, "-drive", NULL_DRIVE, second ? "-device" : NULL,
        second, NULL
    };
    char text[1024];

    assert_int_equal(qtest_start_refused(argv, text, sizeof(text)), 1);
    if (!strstr(text, what)) {
        fail_msg("no \"%s\" in: %s", what, text);
    }
}

static void test_bad_properties(void **state)
{
    (void)state;
    refused("v100-standin,bar1-size=5000", NULL, "power of two");
    refused("v100-standin,ram-addr=0x4000001000", NULL, "whole 64 KiB");
    refused("v100-standin,ram-addr=0x4000000000,ram-size=0", NULL,
            "whole 64 KiB");
    refused("v100-standin,ram-addr=0xffffffffffff0000,ram-size=128K", NULL,
            "whole 64 KiB");
    refused("v100-standin,ram-addr=0x10000", NULL, "already");
    refused("v100-standin,ram-addr=0x4000000000",
            "npu-standin,atsd-addr=0x4000ff0000", "already");
    refused("igd-standin,aperture-size=3M", NULL, "power of two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_config_space),
        machine_test(test_flr),
        machine_test(test_memory_bars),
        machine_test(test_snap_nvme_is_nvme),
        machine_test(test_npu_link_index),
        machine_test(test_memory_at_an_address),
        machine_test(test_hostile_config_writes),
        machine_test(test_bad_properties),
    };

    return machine_main(tests);
}
