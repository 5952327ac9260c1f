/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI Express as a test needs it: one function behind one root port, its
 * BAR 0, its virtual functions and its MSI-X vectors; or one on the root bus.
 */
#ifndef TESTS_PCI_H
#define TESTS_PCI_H

#include "qtest.h"

#define PCI_ROOT_SLOT_FIRST     0x10
#define PCI_MAX_MSIX            64

typedef struct PciFn {
    Qtest *q;
    uint8_t bus;
    uint8_t devfn;
    uint64_t bar0;
    uint16_t exp_cap;
    uint16_t msix_cap;
    uint16_t sriov_cap;
    unsigned msix_vectors;
    uint64_t msix_table;
    uint64_t msix_pba;
    /* guest RAM that stands for the interrupt controller: 4 bytes a vector */
    uint64_t msix_sink;
} PciFn;

/* Where configuration space lies in memory. */
uint64_t pci_cfg_addr(const PciFn *fn, uint16_t off);
uint32_t pci_cfg_read(PciFn *fn, uint16_t off, unsigned size);
void pci_cfg_write(PciFn *fn, uint16_t off, uint32_t val, unsigned size);

/*
 * Turns on memory-mapped configuration space, gives the @index-th root port
 * the bus number @index + 1 and a window, and places the physical function
 * behind it: BAR 0, room for the BARs of its VFs, decoding and bus mastering.
 */
void pci_pf_init(PciFn *pf, Qtest *q, unsigned index);

/*
 * The same for a function in slot @slot of the root bus, but that its BARs
 * are left to the test and nothing is decoded.
 */
void pci_root_fn_init(PciFn *fn, Qtest *q, unsigned slot);

/* Offset of a capability; 0 if there is none. */
uint16_t pci_cap(PciFn *fn, uint8_t id);

/* The root port above a function, for its configuration space. */
PciFn pci_root_port(const PciFn *pf);

/* SR-IOV with @num_vfs functions; 0 turns it off. */
void pci_sriov_set(PciFn *pf, unsigned num_vfs);
unsigned pci_sriov_total(PciFn *pf);

/* The @index-th VF, counted from 0, of a function with SR-IOV turned on. */
void pci_vf_init(PciFn *vf, PciFn *pf, unsigned index);

/* Function-level reset, then decoding and bus mastering as before it. */
void pci_flr(PciFn *fn);

/* Resets everything behind the root port of @pf, which must be set up anew. */
void pci_hot_reset(PciFn *pf);

void pci_set_bus_master(PciFn *fn, bool on);

/*
 * MSI-X on, every vector unmasked, its message being a write of vector + 1
 * to its word of msix_sink.
 */
void pci_msix_enable(PciFn *fn);
void pci_msix_disable(PciFn *fn);
void pci_msix_mask(PciFn *fn, unsigned vector, bool masked);
bool pci_msix_pending(PciFn *fn, unsigned vector);

/* The same for one vector, with another address and another message. */
void pci_msix_aim(PciFn *fn, unsigned vector, uint64_t addr, uint32_t data);

/* True if @vector fired since the last call; lets QEMU send it before. */
bool pci_msix_fired(PciFn *fn, unsigned vector);

/* Whatever @vector sent until now does not count. */
void pci_msix_forget(PciFn *fn, unsigned vector);

uint64_t pci_bar_read(PciFn *fn, uint64_t off, unsigned size);
void pci_bar_write(PciFn *fn, uint64_t off, uint64_t val, unsigned size);

#endif
