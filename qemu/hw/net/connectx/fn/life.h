/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the life of a function
 */
#ifndef HW_NET_CONNECTX_LIFE_H
#define HW_NET_CONNECTX_LIFE_H

#include "base/types.h"

void cx_fn_init(ConnectXFunction *fn, PCIDevice *pci, ConnectXDevice *dev,
                uint16_t number);
void cx_fn_uninit(ConnectXFunction *fn);
/* FLR: everything but what the PF set for a VF. Runs the reset hooks first. */
void cx_fn_reset(ConnectXFunction *fn);
/* TEARDOWN_HCA and what a reset has in common with it: objects and vport. */
void cx_fn_teardown(ConnectXFunction *fn);

/* Called at the start of each reset, before anything is cleared. */
typedef void (*ConnectXResetHook)(ConnectXFunction *fn);
void cx_fn_add_reset_hook(ConnectXResetHook hook);

/*
 * cx_fn_quiesce - Bring a function to rest; call after setting suspended bits.
 * Waits for nothing: all work of the model is done in the call that starts it,
 * except delayed commands, which this completes at once (the one thing that
 * still reaches memory after the bits were set).
 */
void cx_fn_quiesce(ConnectXFunction *fn);
/*
 * cx_fn_rescan - Catch up; call after clearing suspended bits.
 * Replays latched writes, starts pending commands, processes the send queues'
 * doorbell records, fires armed CQs and EQs with entries not consumed.
 */
void cx_fn_rescan(ConnectXFunction *fn);
/* Recomputes what derives from saved state; call after filling it in. */
void cx_fn_loaded(ConnectXFunction *fn);

#endif /* HW_NET_CONNECTX_LIFE_H */
