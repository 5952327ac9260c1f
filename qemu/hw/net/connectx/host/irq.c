/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: interrupt vectors, sent where nobody holds an object
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/queue.h"
#include "block/aio.h"
#include "hw/pci/msix.h"
#include "base/function.h"
#include "host/dma.h"
#include "host/irq.h"
#include "trace.h"

struct ConnectXIrq {
    ConnectXFunction *fn;
    QEMUBH *bh;
    uint64_t due;               /* a bit for each vector */
    bool in_line;
    QTAILQ_ENTRY(ConnectXIrq) next;
};

QEMU_BUILD_BUG_ON(CX_PF_VECTORS > 64 || CX_VF_VECTORS > 64);

/*
 * Under the big lock there is one message at a time, but a message of one
 * function can hit registers of all.
 */
static bool cx_irq_sending;
/* Between hold and release, and who raised a vector meanwhile. */
static bool cx_irq_held;
static QTAILQ_HEAD(, ConnectXIrq) cx_irq_line =
    QTAILQ_HEAD_INITIALIZER(cx_irq_line);

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

static void cx_irq_line_up(ConnectXIrq *irq)
{
    if (!irq->in_line) {
        irq->in_line = true;
        QTAILQ_INSERT_TAIL(&cx_irq_line, irq, next);
    }
}

static void cx_irq_step_out(ConnectXIrq *irq)
{
    if (irq->in_line) {
        irq->in_line = false;
        QTAILQ_REMOVE(&cx_irq_line, irq, next);
    }
}

/* A message may reset the function, so that none is due, or unplug it. */
static void cx_irq_send_due(ConnectXFunction *fn)
{
    PCIDevice *pci = fn->pci;

    cx_pci_hold(pci);
    while (fn->irq && fn->irq->due && cx_fn_may_dma(fn)) {
        unsigned vector = ctz64(fn->irq->due);

        fn->irq->due &= ~BIT_ULL(vector);
        trace_connectx_irq_send(fn->number, vector);
        cx_irq_send(pci, vector);
    }
    cx_pci_let_go(pci);
}

bool cx_irq_hold(void)
{
    if (cx_irq_held || cx_irq_sending) {
        return false;
    }
    cx_irq_held = true;
    return true;
}

void cx_irq_release(void)
{
    cx_irq_held = false;
    while (!QTAILQ_EMPTY(&cx_irq_line)) {
        ConnectXIrq *irq = QTAILQ_FIRST(&cx_irq_line);

        cx_irq_step_out(irq);
        cx_irq_send_due(irq->fn);
    }
}

/* What runs in a main loop of someone else leaves it to those outside. */
static void cx_irq_bh(void *opaque)
{
    ConnectXFunction *fn = opaque;

    cx_irq_line_up(fn->irq);
    if (cx_irq_hold()) {
        cx_irq_release();
    }
}

void cx_irq_init(ConnectXFunction *fn)
{
    fn->irq = g_new0(ConnectXIrq, 1);
    fn->irq->fn = fn;
    fn->irq->bh = qemu_bh_new_guarded(cx_irq_bh, fn,
                                      &DEVICE(fn->pci)->mem_reentrancy_guard);
}

void cx_irq_uninit(ConnectXFunction *fn)
{
    if (fn->irq) {
        cx_irq_step_out(fn->irq);
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
    if (cx_irq_held) {
        cx_irq_line_up(fn->irq);
    } else {
        qemu_bh_schedule(fn->irq->bh);
    }
}

void cx_irq_drop(ConnectXFunction *fn)
{
    fn->irq->due = 0;
    cx_irq_step_out(fn->irq);
    qemu_bh_cancel(fn->irq->bh);
}
