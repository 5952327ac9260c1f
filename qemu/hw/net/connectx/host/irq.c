/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: interrupt vectors, sent from a bottom half
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "block/aio.h"
#include "hw/pci/msix.h"
#include "base/function.h"
#include "host/dma.h"
#include "host/irq.h"
#include "trace.h"

struct ConnectXIrq {
    QEMUBH *bh;
    uint64_t due;               /* a bit for each vector */
};

QEMU_BUILD_BUG_ON(CX_PF_VECTORS > 64 || CX_VF_VECTORS > 64);

/*
 * Under the big lock there is one message at a time, but a message of one
 * function can hit registers of all.
 */
static bool cx_irq_sending;

bool cx_irq_in_message(void)
{
    return cx_irq_sending;
}

void cx_pci_hold(PCIDevice *pci)
{
    object_ref(OBJECT(pci));
}

static void cx_pci_let_go_bh(void *opaque)
{
    object_unref(OBJECT(opaque));
}

void cx_pci_let_go(PCIDevice *pci)
{
    if (DEVICE(pci)->realized) {
        object_unref(OBJECT(pci));
        return;
    }
    /* The caller of the bottom half has still to write its guard. */
    aio_bh_schedule_oneshot(qemu_get_aio_context(), cx_pci_let_go_bh, pci);
}

static void cx_irq_send(PCIDevice *pci, unsigned vector)
{
    /* A function reset makes QEMU forget that the vector is in use. */
    if (!pci->msix_entry_used[vector]) {
        msix_vector_use(pci, vector);
    }
    if (!msix_enabled(pci)) {
        /* Delivered when the driver (or a migration) enables MSI-X. */
        msix_set_pending(pci, vector);
        return;
    }
    cx_irq_sending = true;
    msix_notify(pci, vector);
    cx_irq_sending = false;
}

static void cx_irq_bh(void *opaque)
{
    ConnectXFunction *fn = opaque;
    PCIDevice *pci = fn->pci;

    cx_pci_hold(pci);
    /* A message may reset the function, so that none is due, or unplug it. */
    while (fn->irq && fn->irq->due && cx_fn_may_dma(fn)) {
        unsigned vector = ctz64(fn->irq->due);

        fn->irq->due &= ~BIT_ULL(vector);
        trace_connectx_irq_send(fn->number, vector);
        cx_irq_send(pci, vector);
    }
    cx_pci_let_go(pci);
}

void cx_irq_init(ConnectXFunction *fn)
{
    fn->irq = g_new0(ConnectXIrq, 1);
    fn->irq->bh = qemu_bh_new_guarded(cx_irq_bh, fn,
                                      &DEVICE(fn->pci)->mem_reentrancy_guard);
}

void cx_irq_uninit(ConnectXFunction *fn)
{
    if (fn->irq) {
        qemu_bh_delete(fn->irq->bh);
        g_clear_pointer(&fn->irq, g_free);
    }
}

void cx_irq_raise(ConnectXFunction *fn, unsigned vector)
{
    if (cx_irq_sending) {
        cx_guest_error(fn, "an interrupt message set off vector %u, which is "
                       "not sent", vector);
        return;
    }
    fn->irq->due |= BIT_ULL(vector);
    qemu_bh_schedule(fn->irq->bh);
}

void cx_irq_drop(ConnectXFunction *fn)
{
    fn->irq->due = 0;
    qemu_bh_cancel(fn->irq->bh);
}
