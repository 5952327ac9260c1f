/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what PF and VF are on the bus
 *
 * BAR 0, MSI-X, PCI Express with FLR and ARI. An FLR, and bus mastering that is
 * switched on, reach the function through config writes.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci.h"
#include "hw/pci/pcie.h"
#include "device/bar.h"
#include "device/pci.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"

#define CX_PCIE_CAP     0x60
#define CX_MSIX_CAP     0x9c
#define CX_ARI_CAP      0x100

bool cx_pci_realize(PCIDevice *pci, ConnectXFunction *fn, uint64_t bar_size,
                    Error **errp)
{
    uint32_t vectors = pci_is_vf(pci) ? CX_VF_VECTORS : CX_PF_VECTORS;

    memory_region_init_io(&fn->bar, OBJECT(pci), &cx_bar_ops, fn,
                          "connectx-bar0", bar_size);
    pci_register_bar(pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY |
                             PCI_BASE_ADDRESS_MEM_TYPE_64 |
                             PCI_BASE_ADDRESS_MEM_PREFETCH, &fn->bar);
    if (msix_init(pci, vectors, &fn->bar, 0, CX_MSIX_TABLE_OFF, &fn->bar, 0,
                  CX_MSIX_PBA_OFF, CX_MSIX_CAP, errp) < 0) {
        return false;
    }
    for (uint32_t i = 0; i < vectors; i++) {
        msix_vector_use(pci, i);
    }
    if (pcie_endpoint_cap_init(pci, CX_PCIE_CAP) < 0) {
        error_setg(errp, "connectx: no room for the PCI Express capability");
        msix_uninit(pci, &fn->bar, &fn->bar);
        return false;
    }
    pcie_cap_flr_init(pci);
    pcie_ari_init(pci, CX_ARI_CAP);
    return true;
}

void cx_pci_unrealize(PCIDevice *pci, ConnectXFunction *fn)
{
    cx_fn_uninit(fn);
    pcie_cap_exit(pci);
    msix_unuse_all_vectors(pci);
    msix_uninit(pci, &fn->bar, &fn->bar);
}

void cx_pci_write_config(PCIDevice *pci, ConnectXFunction *fn, uint32_t addr,
                         uint32_t val, int len)
{
    bool could = cx_fn_may_dma(fn);

    pci_default_write_config(pci, addr, val, len);
    pcie_cap_flr_write_config(pci, addr, val, len);
    /* What came while bus mastering was off has waited for this. */
    if (!could && cx_fn_may_dma(fn)) {
        cx_fn_rescan(fn);
    }
}
