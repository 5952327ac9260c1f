/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a VF's migration in the life of its function
 *
 * Behaviour for sequences that no driver issues is our reading of the
 * interface; it was not compared with a card.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "base/ifc.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "vhca/state.h"

ConnectXStatus cx_vhca_check(const ConnectXFunction *pf, ConnectXFunction *vf)
{
    if (!CX_CAP(pf, CX_CAP_GENERAL, cmd_hca_cap, migration)) {
        return CX_BAD_OP;
    }
    if (!vf || !vf->is_vf) {
        return CX_BAD_RESOURCE;
    }
    return CX_CAP(vf, CX_CAP_GENERAL_2, cmd_hca_cap_2, migratable) ?
           CX_OK : CX_BAD_RES_STATE;
}

bool cx_vhca_excuses(const ConnectXFunction *vf)
{
    return cx_vhca_lost(vf) || vf->vhca->syndrome == CX_SYN_BEHAVIOUR;
}

ConnectXVhcaSyndrome cx_vhca_syndrome(const ConnectXFunction *vf)
{
    return vf->vhca->syndrome;
}

void cx_vhca_cancel(ConnectXFunction *vf, void *opaque)
{
    ConnectXTransfer *t = vf->vhca->transfer;

    if (t && t->opaque == opaque) {
        cx_transfer_cancel(t);
    }
}

static void cx_vhca_later(void *opaque)
{
    cx_fn_rescan(opaque);
}

static void cx_vhca_init(ConnectXFunction *fn)
{
    MemReentrancyGuard *guard = &DEVICE(fn->pci)->mem_reentrancy_guard;

    fn->vhca = g_new0(ConnectXVhca, 1);
    fn->vhca->later = qemu_bh_new_guarded(cx_vhca_later, fn, guard);
}

static void cx_vhca_uninit(ConnectXFunction *fn)
{
    qemu_bh_delete(fn->vhca->later);
    g_clear_pointer(&fn->vhca, g_free);
}

static void cx_vhca_end_transfer(ConnectXFunction *vf)
{
    if (vf->vhca->transfer) {
        cx_transfer_end(vf->vhca->transfer, CX_BAD_RES_STATE);
    }
}

/* The keys of a PF go; whoever waits for what needs them is told before. */
static void cx_vhca_teardown(ConnectXFunction *fn)
{
    if (fn->is_vf) {
        return;
    }
    for (unsigned i = 0; i < fn->dev->nr_vfs; i++) {
        if (fn->dev->vf[i]) {
            cx_vhca_end_transfer(fn->dev->vf[i]);
        }
    }
}

/* A PF is reset with its VFs. */
static void cx_vhca_reset(ConnectXFunction *fn)
{
    ConnectXVhca *vhca = fn->vhca;

    vhca->lost_suspension |= fn->suspended != 0;
    vhca->lost_tracking |= vhca->tracked || vhca->transfer;
    cx_vhca_end_transfer(fn);
    cx_save_untrack(fn);
    g_clear_pointer(&vhca->in, cx_image_in_free);
    vhca->chunked = false;
    vhca->poisoned = false;
    qemu_bh_cancel(vhca->later);
    fn->cmds_held = false;
}

static const ConnectXParticipant cx_vhca_part = {
    .name = "vhca",
    .init = cx_vhca_init,
    .uninit = cx_vhca_uninit,
    .teardown = cx_vhca_teardown,
    .reset = cx_vhca_reset,
};

void cx_vhca_register(void)
{
    cx_fn_register(&cx_vhca_part);
}
