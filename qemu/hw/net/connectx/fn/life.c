/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the life of a function, PF or VF
 *
 * RESET -> ENABLE_HCA -> ENABLED -> INIT_HCA -> OPERATIONAL, and back by
 * TEARDOWN_HCA and DISABLE_HCA; a function level reset leads to RESET from
 * anywhere. Suspension lies across that: it stops a function where it is.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "cmd/cmd.h"
#include "device/bar.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "queue/cq.h"
#include "queue/eq.h"
#include "queue/sq.h"
#include "trace.h"

#define CX_RESET_HOOKS_MAX 8

static ConnectXResetHook cx_reset_hooks[CX_RESET_HOOKS_MAX];
static unsigned cx_nr_reset_hooks;

void cx_fn_add_reset_hook(ConnectXResetHook hook)
{
    g_assert(cx_nr_reset_hooks < CX_RESET_HOOKS_MAX);
    cx_reset_hooks[cx_nr_reset_hooks++] = hook;
}

static void cx_fn_rescan_bh(void *opaque)
{
    cx_sq_rescan(opaque);
}

void cx_fn_init(ConnectXFunction *fn, PCIDevice *pci, ConnectXDevice *dev,
                uint16_t number)
{
    fn->pci = pci;
    fn->dev = dev;
    fn->guest_errors = &dev->guest_errors;
    fn->number = number;
    fn->vhca_id = number;
    fn->is_vf = number != 0;
    fn->nvectors = fn->is_vf ? CX_VF_VECTORS : CX_PF_VECTORS;
    fn->latch = g_array_new(false, true, sizeof(ConnectXLatch));
    fn->rescan_bh = qemu_bh_new_guarded(cx_fn_rescan_bh, fn,
                                        &DEVICE(pci)->mem_reentrancy_guard);
    QTAILQ_INIT(&fn->cmds);
    cx_obj_store_init(&fn->objs);
    cx_pages_init(fn);
    cx_vport_init(fn);
    cx_caps_reset(fn);
}

void cx_fn_uninit(ConnectXFunction *fn)
{
    if (!fn->latch) {
        return;
    }
    cx_fn_reset(fn);
    g_clear_pointer(&fn->rescan_bh, qemu_bh_delete);
    g_array_free(g_steal_pointer(&fn->latch), true);
    cx_obj_store_destroy(&fn->objs);
    cx_pages_uninit(fn);
    cx_caps_free(fn);
}

void cx_fn_teardown(ConnectXFunction *fn)
{
    cx_obj_store_clear(&fn->objs);
    memset(fn->flow_root, 0, sizeof(fn->flow_root));
    fn->cmd_eqn = 0;
    cx_vport_reset(fn);
    cx_fn_changed(fn);
}

void cx_fn_reset(ConnectXFunction *fn)
{
    trace_connectx_fn_reset(fn->number);
    for (unsigned i = 0; i < cx_nr_reset_hooks; i++) {
        cx_reset_hooks[i](fn);
    }
    cx_cmd_cancel_all(fn);
    qemu_bh_cancel(fn->rescan_bh);
    cx_fn_teardown(fn);
    cx_pages_reset(fn);
    cx_caps_reset(fn);
    g_array_set_size(fn->latch, 0);
    fn->state = CX_FN_RESET;
    fn->issi = 0;
    fn->nic_interface = 0;
    fn->cmdq_addr = 0;
    fn->cmdq_addr_h = 0;
    memset(fn->sw_owner_id, 0, sizeof(fn->sw_owner_id));
    fn->pending = 0;
    fn->suspended = 0;
    fn->tracked = false;
    fn->saved_generation = 0;
    fn->db_half_offset = 0;
    fn->timer_offset_ns = 0;
    fn->dma_errors = 0;
}

void cx_fn_loaded(ConnectXFunction *fn)
{
    fn->db_half_offset = 0;
    cx_eq_find_cmd(fn);
    /* Whoever watches the vport finds the lists of another one in it. */
    cx_vport_changed(fn, fn->vport.event_mask);
    cx_fn_changed(fn);
}

void cx_fn_quiesce(ConnectXFunction *fn)
{
    uint8_t suspended = fn->suspended;

    qemu_bh_cancel(fn->rescan_bh);
    fn->suspended &= ~CX_SUSP_INITIATOR;
    cx_cmd_flush_delayed(fn);
    fn->suspended = suspended;
}

static void cx_fn_replay(ConnectXFunction *fn)
{
    g_autoptr(GArray) latch = fn->latch;

    fn->latch = g_array_new(false, true, sizeof(ConnectXLatch));
    for (guint i = 0; i < latch->len; i++) {
        ConnectXLatch *w = &g_array_index(latch, ConnectXLatch, i);

        cx_bar_write(fn, w->offset, w->value, w->size);
    }
}

void cx_fn_rescan(ConnectXFunction *fn)
{
    if (!(fn->suspended & CX_SUSP_RESPONDER)) {
        cx_fn_replay(fn);
    }
    if (!cx_fn_may_dma(fn)) {
        return;
    }
    trace_connectx_fn_rescan(fn->number, fn->pending);
    cx_cmd_run_pending(fn);
    cx_sq_rescan(fn);
    cx_cq_rescan(fn);
    cx_eq_rescan(fn);
}
