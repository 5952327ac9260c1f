/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the life of a function, PF or VF
 *
 * RESET -> ENABLE_HCA -> ENABLED -> INIT_HCA -> OPERATIONAL, and back by
 * TEARDOWN_HCA and DISABLE_HCA; a function level reset leads to RESET from
 * anywhere. Suspension lies across that: it stops a function where it is.
 *
 * What that means for queues, objects, vports and the rest, each of them says
 * for itself: see ConnectXParticipant.
 */
#include "qemu/osdep.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "trace.h"

#define CX_PARTS_MAX 32

static const ConnectXParticipant *cx_parts[CX_PARTS_MAX];
static unsigned cx_nr_parts;

void cx_fn_register(const ConnectXParticipant *part)
{
    g_assert(cx_nr_parts < CX_PARTS_MAX);
    cx_parts[cx_nr_parts++] = part;
}

/* Asks all participants, from the top down. */
#define CX_ASK(_hook, _fn)                                                  \
    do {                                                                    \
        for (unsigned i_ = 0; i_ < cx_nr_parts; i_++) {                     \
            if (cx_parts[i_]->_hook) {                                      \
                cx_parts[i_]->_hook(_fn);                                   \
            }                                                               \
        }                                                                   \
    } while (0)

void cx_fn_init(ConnectXFunction *fn, PCIDevice *pci, ConnectXDevice *dev,
                uint16_t number)
{
    fn->pci = pci;
    fn->dev = dev;
    fn->guest_errors = &dev->guest_errors;
    fn->number = number;
    fn->is_vf = number != 0;
    fn->nvectors = fn->is_vf ? CX_VF_VECTORS : CX_PF_VECTORS;
    for (unsigned i = cx_nr_parts; i-- > 0;) {
        if (cx_parts[i]->init) {
            cx_parts[i]->init(fn);
        }
    }
}

void cx_fn_uninit(ConnectXFunction *fn)
{
    if (!fn->dev) {
        return;
    }
    cx_fn_reset(fn);
    CX_ASK(uninit, fn);
    fn->dev = NULL;
}

void cx_fn_teardown(ConnectXFunction *fn)
{
    CX_ASK(teardown, fn);
}

static void cx_fn_set_suspended(ConnectXFunction *fn, uint8_t suspended)
{
    fn->suspended = suspended;
    cx_dma_shut(fn, CX_SHUT_SUSPENDED, suspended & CX_SUSP_INITIATOR);
}

void cx_fn_reset(ConnectXFunction *fn)
{
    trace_connectx_fn_reset(fn->number);
    for (unsigned i = 0; i < cx_nr_parts; i++) {
        if (cx_parts[i]->teardown) {
            cx_parts[i]->teardown(fn);
        }
        if (cx_parts[i]->reset) {
            cx_parts[i]->reset(fn);
        }
    }
    fn->state = CX_FN_RESET;
    fn->issi = 0;
    fn->cmdq_addr = 0;
    fn->cmdq_addr_h = 0;
    memset(fn->sw_owner_id, 0, sizeof(fn->sw_owner_id));
    cx_fn_set_suspended(fn, 0);
    fn->timer_offset_ns = 0;
    fn->dma_errors = 0;
}

void cx_fn_suspend(ConnectXFunction *fn, uint8_t bits)
{
    if (bits & ~fn->suspended) {
        CX_ASK(quiesce, fn);
        cx_fn_set_suspended(fn, fn->suspended | bits);
    }
}

void cx_fn_rescan(ConnectXFunction *fn)
{
    trace_connectx_fn_rescan(fn->number, fn->suspended);
    CX_ASK(resume, fn);
}

void cx_fn_resume(ConnectXFunction *fn, uint8_t bits)
{
    cx_fn_set_suspended(fn, fn->suspended & ~bits);
    cx_fn_rescan(fn);
}

void cx_fn_loaded(ConnectXFunction *fn)
{
    CX_ASK(loaded, fn);
}
