/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI Express as a test needs it.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pci.h"

/* Intel 82Q35: PCI Express Register Range Base Address, D0:F0 register 60h */
#define Q35_PCIEXBAR            0x60
#define Q35_PCIEXBAR_ENABLE     1
#define ECAM_BASE               0xb0000000ULL
#define CONFIG_ADDRESS          0xcf8
#define CONFIG_DATA             0xcfc
#define CONFIG_ENABLE           0x80000000u

/* One window per root port: the PF's 32 MiB, then the BARs of its VFs. */
#define WINDOW_BASE             0xc0000000ULL
#define WINDOW_BYTES            (64ULL << 20)
#define VF_BARS_OFFSET          (32ULL << 20)
#define MAX_ROOT_PORTS          8

#define PCI_COMMAND_ON          (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

uint64_t pci_cfg_addr(const PciFn *fn, uint16_t off)
{
    return ECAM_BASE + ((uint64_t)fn->bus << 20) +
           ((uint64_t)fn->devfn << 12) + off;
}

uint32_t pci_cfg_read(PciFn *fn, uint16_t off, unsigned size)
{
    return qtest_read(fn->q, pci_cfg_addr(fn, off), size);
}

void pci_cfg_write(PciFn *fn, uint16_t off, uint32_t val, unsigned size)
{
    qtest_write(fn->q, pci_cfg_addr(fn, off), val, size);
}

uint64_t pci_bar_read(PciFn *fn, uint64_t off, unsigned size)
{
    return qtest_read(fn->q, fn->bar0 + off, size);
}

void pci_bar_write(PciFn *fn, uint64_t off, uint64_t val, unsigned size)
{
    qtest_write(fn->q, fn->bar0 + off, val, size);
}

uint16_t pci_cap(PciFn *fn, uint8_t id)
{
    uint8_t pos = pci_cfg_read(fn, PCI_CAPABILITY_LIST, 1);

    for (int ttl = 48; pos && ttl; ttl--) {
        uint16_t head = pci_cfg_read(fn, pos, 2);

        if ((head & 0xff) == id) {
            return pos;
        }
        pos = head >> 8;
    }
    return 0;
}

static uint16_t find_ext_cap(PciFn *fn, uint16_t id)
{
    uint16_t pos = PCI_CFG_SPACE_SIZE;

    for (int ttl = 128; pos && ttl; ttl--) {
        uint32_t head = pci_cfg_read(fn, pos, 4);

        if (PCI_EXT_CAP_ID(head) == id) {
            return pos;
        }
        pos = PCI_EXT_CAP_NEXT(head);
    }
    return 0;
}

static void find_caps(PciFn *fn)
{
    uint32_t table, pba;

    fn->exp_cap = pci_cap(fn, PCI_CAP_ID_EXP);
    fn->msix_cap = pci_cap(fn, PCI_CAP_ID_MSIX);
    fn->sriov_cap = find_ext_cap(fn, PCI_EXT_CAP_ID_SRIOV);
    if (!fn->msix_cap) {
        return;
    }
    table = pci_cfg_read(fn, fn->msix_cap + PCI_MSIX_TABLE, 4);
    pba = pci_cfg_read(fn, fn->msix_cap + PCI_MSIX_PBA, 4);
    fn->msix_vectors = (pci_cfg_read(fn, fn->msix_cap + PCI_MSIX_FLAGS, 2) &
                        PCI_MSIX_FLAGS_QSIZE) + 1;
    fn->msix_table = table & PCI_MSIX_TABLE_OFFSET;
    fn->msix_pba = pba & PCI_MSIX_PBA_OFFSET;
    if (!fn->msix_sink) {
        fn->msix_sink = qtest_alloc(fn->q, PCI_MAX_MSIX * 4, 64);
    }
}

static void enable_ecam(Qtest *q)
{
    qtest_outl(q, CONFIG_ADDRESS, CONFIG_ENABLE | Q35_PCIEXBAR);
    qtest_outl(q, CONFIG_DATA, ECAM_BASE | Q35_PCIEXBAR_ENABLE);
}

PciFn pci_root_port(const PciFn *pf)
{
    return (PciFn) {
        .q = pf->q,
        .bus = 0,
        .devfn = (PCI_ROOT_SLOT_FIRST + pf->bus - 1) << 3,
    };
}

static void init_root_port(PciFn *pf, uint64_t base)
{
    PciFn port = pci_root_port(pf);
    uint16_t first = base >> 16;
    uint16_t last = (base + WINDOW_BYTES - 1) >> 16;

    pci_cfg_write(&port, PCI_PRIMARY_BUS, 0, 1);
    pci_cfg_write(&port, PCI_SECONDARY_BUS, pf->bus, 1);
    pci_cfg_write(&port, PCI_SUBORDINATE_BUS, pf->bus, 1);
    pci_cfg_write(&port, PCI_PREF_MEMORY_BASE, first & 0xfff0, 2);
    pci_cfg_write(&port, PCI_PREF_MEMORY_LIMIT, last & 0xfff0, 2);
    pci_cfg_write(&port, PCI_PREF_BASE_UPPER32, 0, 4);
    pci_cfg_write(&port, PCI_PREF_LIMIT_UPPER32, 0, 4);
    /* An empty window, or the reset value 0 would decode low memory. */
    pci_cfg_write(&port, PCI_MEMORY_BASE, 0xfff0, 2);
    pci_cfg_write(&port, PCI_MEMORY_LIMIT, 0, 2);
    pci_cfg_write(&port, PCI_COMMAND, PCI_COMMAND_ON, 2);
}

void pci_pf_init(PciFn *pf, Qtest *q, unsigned index)
{
    uint64_t base = WINDOW_BASE + index * WINDOW_BYTES;
    uint64_t sink = pf->msix_sink;

    if (index >= MAX_ROOT_PORTS) {
        fprintf(stderr, "# pci: no root port %u\n", index);
        exit(1);
    }
    *pf = (PciFn) {
        .q = q, .bus = index + 1, .bar0 = base, .msix_sink = sink,
    };
    enable_ecam(q);
    init_root_port(pf, base);
    pci_cfg_write(pf, PCI_BASE_ADDRESS_0, base, 4);
    pci_cfg_write(pf, PCI_BASE_ADDRESS_1, base >> 32, 4);
    pci_cfg_write(pf, PCI_COMMAND, PCI_COMMAND_ON, 2);
    find_caps(pf);
}

void pci_root_fn_init(PciFn *fn, Qtest *q, unsigned slot)
{
    *fn = (PciFn) { .q = q, .devfn = slot << 3 };
    enable_ecam(q);
    find_caps(fn);
}

unsigned pci_sriov_total(PciFn *pf)
{
    return pci_cfg_read(pf, pf->sriov_cap + PCI_SRIOV_TOTAL_VF, 2);
}

void pci_sriov_set(PciFn *pf, unsigned num_vfs)
{
    uint64_t base = pf->bar0 + VF_BARS_OFFSET;
    uint16_t cap = pf->sriov_cap;

    if (!num_vfs) {
        pci_cfg_write(pf, cap + PCI_SRIOV_CTRL, 0, 2);
        pci_cfg_write(pf, cap + PCI_SRIOV_NUM_VF, 0, 2);
        return;
    }
    pci_cfg_write(pf, cap + PCI_SRIOV_BAR, base, 4);
    pci_cfg_write(pf, cap + PCI_SRIOV_BAR + 4, base >> 32, 4);
    pci_cfg_write(pf, cap + PCI_SRIOV_NUM_VF, num_vfs, 2);
    pci_cfg_write(pf, cap + PCI_SRIOV_CTRL,
                  PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE, 2);
}

/* A VF BAR's size shows in the address bits that do not hold a one. */
static uint64_t vf_bar_bytes(PciFn *pf)
{
    uint16_t bar = pf->sriov_cap + PCI_SRIOV_BAR;
    uint32_t old = pci_cfg_read(pf, bar, 4);
    uint32_t mask;

    pci_cfg_write(pf, bar, 0xffffffff, 4);
    mask = pci_cfg_read(pf, bar, 4) & ~0xfu;
    pci_cfg_write(pf, bar, old, 4);
    return mask & -mask;
}

void pci_vf_init(PciFn *vf, PciFn *pf, unsigned index)
{
    uint16_t off = pci_cfg_read(pf, pf->sriov_cap + PCI_SRIOV_VF_OFFSET, 2);
    uint16_t stride = pci_cfg_read(pf, pf->sriov_cap + PCI_SRIOV_VF_STRIDE, 2);
    uint64_t sink = vf->msix_sink;

    *vf = (PciFn) {
        .q = pf->q,
        .bus = pf->bus,
        .devfn = pf->devfn + off + index * stride,
        .bar0 = pf->bar0 + VF_BARS_OFFSET + index * vf_bar_bytes(pf),
        .msix_sink = sink,
    };
    pci_cfg_write(vf, PCI_COMMAND, PCI_COMMAND_ON, 2);
    find_caps(vf);
}

void pci_set_bus_master(PciFn *fn, bool on)
{
    pci_cfg_write(fn, PCI_COMMAND,
                  PCI_COMMAND_MEMORY | (on ? PCI_COMMAND_MASTER : 0), 2);
}

void pci_flr(PciFn *fn)
{
    uint16_t ctl = fn->exp_cap + PCI_EXP_DEVCTL;
    uint32_t bar_lo = pci_cfg_read(fn, PCI_BASE_ADDRESS_0, 4);

    pci_cfg_write(fn, ctl,
                  pci_cfg_read(fn, ctl, 2) | PCI_EXP_DEVCTL_BCR_FLR, 2);
    /* What a driver's pci_restore_state() does; a VF's BAR is not its own. */
    if (bar_lo & ~0xfu) {
        pci_cfg_write(fn, PCI_BASE_ADDRESS_0, fn->bar0, 4);
        pci_cfg_write(fn, PCI_BASE_ADDRESS_1, fn->bar0 >> 32, 4);
    }
    pci_cfg_write(fn, PCI_COMMAND, PCI_COMMAND_ON, 2);
}

void pci_hot_reset(PciFn *pf)
{
    PciFn port = pci_root_port(pf);
    uint16_t ctl = pci_cfg_read(&port, PCI_BRIDGE_CONTROL, 2);

    pci_cfg_write(&port, PCI_BRIDGE_CONTROL, ctl | PCI_BRIDGE_CTL_BUS_RESET,
                  2);
    pci_cfg_write(&port, PCI_BRIDGE_CONTROL, ctl, 2);
}

static uint64_t msix_entry(PciFn *fn, unsigned vector)
{
    return fn->msix_table + vector * PCI_MSIX_ENTRY_SIZE;
}

void pci_msix_mask(PciFn *fn, unsigned vector, bool masked)
{
    pci_bar_write(fn, msix_entry(fn, vector) + PCI_MSIX_ENTRY_VECTOR_CTRL,
                  masked ? PCI_MSIX_ENTRY_CTRL_MASKBIT : 0, 4);
}

void pci_msix_aim(PciFn *fn, unsigned vector, uint64_t addr, uint32_t data)
{
    uint64_t entry = msix_entry(fn, vector);

    pci_bar_write(fn, entry + PCI_MSIX_ENTRY_LOWER_ADDR, (uint32_t)addr, 4);
    pci_bar_write(fn, entry + PCI_MSIX_ENTRY_UPPER_ADDR, addr >> 32, 4);
    pci_bar_write(fn, entry + PCI_MSIX_ENTRY_DATA, data, 4);
    pci_msix_mask(fn, vector, false);
}

void pci_msix_enable(PciFn *fn)
{
    uint16_t flags = fn->msix_cap + PCI_MSIX_FLAGS;

    memset(qtest_ram(fn->q, fn->msix_sink, PCI_MAX_MSIX * 4), 0,
           PCI_MAX_MSIX * 4);
    pci_cfg_write(fn, flags, PCI_MSIX_FLAGS_ENABLE, 2);
    for (unsigned i = 0; i < fn->msix_vectors; i++) {
        pci_msix_aim(fn, i, fn->msix_sink + i * 4, i + 1);
    }
}

void pci_msix_disable(PciFn *fn)
{
    pci_cfg_write(fn, fn->msix_cap + PCI_MSIX_FLAGS, 0, 2);
}

bool pci_msix_pending(PciFn *fn, unsigned vector)
{
    uint64_t word = pci_bar_read(fn, fn->msix_pba + vector / 64 * 8, 8);

    return word >> (vector % 64) & 1;
}

void pci_msix_forget(PciFn *fn, unsigned vector)
{
    memset(qtest_ram(fn->q, fn->msix_sink + vector * 4, 4), 0, 4);
}

bool pci_msix_fired(PciFn *fn, unsigned vector)
{
    uint64_t sink = fn->msix_sink + vector * 4;
    volatile uint32_t *cell = qtest_ram(fn->q, sink, 4); /* QEMU writes it */
    uint32_t val;

    qtest_settle(fn->q);
    val = *cell;

    *cell = 0;
    return val == vector + 1;
}
