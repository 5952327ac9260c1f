/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: BAR0
 *
 * Where an access of a driver goes: the initialization segment or a page of
 * doorbells. Everything here is big-endian; drivers read in pieces of 1 to 8
 * bytes. A write that arrives while the responder is suspended waits.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "device/bar.h"
#include "device/iseg.h"
#include "device/uar.h"
#include "fn/fn.h"
#include "fn/latch.h"
#include "fn/life.h"
#include "host/irq.h"
#include "host/sched.h"
#include "trace.h"

static uint64_t cx_bar_read(void *opaque, hwaddr addr, unsigned size)
{
    ConnectXFunction *fn = opaque;
    uint64_t value = 0;

    if (addr >= CX_ISEG_SIZE) {
        return 0;
    }
    for (unsigned i = 0; i < size; i++) {
        uint32_t word = cx_iseg_read(fn, (addr + i) & ~3u);

        value = value << 8 | ((word >> (24 - (addr + i) % 4 * 8)) & 0xff);
    }
    trace_connectx_iseg_read(fn->number, addr, value, size);
    return value;
}

static void cx_bar_write(ConnectXFunction *fn, uint32_t offset,
                         uint64_t value, unsigned size)
{
    if (fn->suspended & CX_SUSP_RESPONDER) {
        cx_latch_add(fn, offset, value, size);
        return;
    }
    if (offset >= CX_UAR_FIRST * CX_PAGE_SIZE) {
        cx_uar_write(fn, offset, value, size);
    } else if (offset < CX_ISEG_SIZE && size == 8) {
        cx_iseg_write(fn, offset, value >> 32);
        cx_iseg_write(fn, offset + 4, value);
    } else if (offset < CX_ISEG_SIZE && size == 4) {
        cx_iseg_write(fn, offset, value);
    }
}

/* Replays the writes that came while the responder was suspended. */
static void cx_bar_resume(ConnectXFunction *fn)
{
    g_autoptr(GArray) latch = NULL;

    if (fn->suspended & CX_SUSP_RESPONDER) {
        return;
    }
    latch = cx_latch_take(fn);
    for (guint i = 0; i < latch->len; i++) {
        ConnectXLatch *w = &g_array_index(latch, ConnectXLatch, i);

        cx_bar_write(fn, w->offset, w->value, w->size);
    }
}

static const ConnectXParticipant cx_bar_part = {
    .name = "bar",
    .resume = cx_bar_resume,
};

void cx_bar_register(void)
{
    cx_latch_set_covers(cx_uar_covers);
    cx_fn_register(&cx_bar_part);
}

static void cx_bar_mmio_write(void *opaque, hwaddr addr, uint64_t value,
                              unsigned size)
{
    ConnectXFunction *fn = opaque;
    PCIDevice *pci = fn->pci;
    bool outermost;

    if (cx_irq_in_message()) {
        cx_guest_error(fn, "an interrupt message wrote to a register");
        return;
    }
    cx_pci_hold(pci);
    outermost = cx_irq_hold();
    if (outermost) {
        cx_sched_open(fn->dev);
    }
    cx_bar_write(fn, addr, value, size);
    if (outermost) {
        cx_sched_close(fn->dev);
        cx_irq_release();
    }
    cx_pci_let_go(pci);
}

const MemoryRegionOps cx_bar_ops = {
    .read = cx_bar_read,
    .write = cx_bar_mmio_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 8,
    },
};
