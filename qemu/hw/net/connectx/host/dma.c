/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the one way to memory
 *
 * Every access goes through the function's own requester id, so that an IOMMU
 * sees a VF as a VF. An error on the bus is the guest's doing: it is counted,
 * traced and handed up, never fatal. Only RAM can be reached: a queue that a
 * guest puts on top of registers, of this device or another, would re-enter
 * the model.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_device.h"
#include "base/function.h"
#include "host/dirty.h"
#include "host/dma.h"
#include "trace.h"

bool cx_fn_may_dma(const ConnectXFunction *fn)
{
    return !fn->shut && fn->pci->enabled &&
           pci_get_word(fn->pci->config + PCI_COMMAND) & PCI_COMMAND_MASTER;
}

void cx_dma_shut(ConnectXFunction *fn, uint8_t why, bool shut)
{
    fn->shut = shut ? fn->shut | why : fn->shut & ~why;
}

static bool cx_dma(ConnectXFunction *fn, uint64_t addr, void *buf,
                   uint64_t len, DMADirection dir)
{
    const MemTxAttrs attrs = { .memory = true };
    MemTxResult res;

    if (!cx_fn_may_dma(fn)) {
        return false;
    }
    /* Before it is known how much of it reaches memory */
    if (dir == DMA_DIRECTION_FROM_DEVICE) {
        cx_dirty_mark(fn, addr, len);
    }
    res = pci_dma_rw(fn->pci, addr, buf, len, dir, attrs);
    if (res != MEMTX_OK) {
        fn->dma_errors++;
        trace_connectx_dma_error(fn->number, addr, len,
                                 dir == DMA_DIRECTION_FROM_DEVICE);
        return false;
    }
    return true;
}

bool cx_dma_read(ConnectXFunction *fn, uint64_t addr, void *buf, uint64_t len)
{
    return cx_dma(fn, addr, buf, len, DMA_DIRECTION_TO_DEVICE);
}

bool cx_dma_write(ConnectXFunction *fn, uint64_t addr, const void *buf,
                  uint64_t len)
{
    return cx_dma(fn, addr, (void *)buf, len, DMA_DIRECTION_FROM_DEVICE);
}
