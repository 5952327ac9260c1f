/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the life of a function
 */
#ifndef HW_NET_CONNECTX_LIFE_H
#define HW_NET_CONNECTX_LIFE_H

#include "base/types.h"

/*
 * A part of the model that keeps something of each function, and what it does
 * in the function's life. Each member but the name may be NULL.
 *
 * Participants are asked in the order in which they were registered, which is
 * from the top layer to the ground; .init goes the other way. So whoever's turn
 * it is finds that what stands on it has let go, and that what it stands on is
 * still as it was.
 */
typedef struct ConnectXParticipant {
    const char *name;
    /* Makes its state, which is then as after a reset; frees it. */
    void (*init)(ConnectXFunction *fn);
    void (*uninit)(ConnectXFunction *fn);
    /* TEARDOWN_HCA: ends what only a running driver has. */
    void (*teardown)(ConnectXFunction *fn);
    /* Of the function, by FLR or by software. Comes after .teardown. */
    void (*reset)(ConnectXFunction *fn);
    /*
     * The function is going to be suspended: ends what was begun, the last
     * time that it may reach memory. Must not wait for anything.
     */
    void (*quiesce)(ConnectXFunction *fn);
    /*
     * Catches up with what came while the function was out of reach of memory
     * or of its driver. May still be: one asked before may have suspended or
     * reset the function, so each checks what it needs.
     */
    void (*resume)(ConnectXFunction *fn);
    /* State was filled in from an image: computes what derives from it. */
    void (*loaded)(ConnectXFunction *fn);
} ConnectXParticipant;

/* part must live forever. */
void cx_fn_register(const ConnectXParticipant *part);

void cx_fn_init(ConnectXFunction *fn, PCIDevice *pci, ConnectXDevice *dev,
                uint16_t number);
void cx_fn_uninit(ConnectXFunction *fn);
/* Everything but what the PF set for a VF; includes a teardown. */
void cx_fn_reset(ConnectXFunction *fn);
void cx_fn_teardown(ConnectXFunction *fn);

/*
 * cx_fn_suspend/resume - Set and clear bits of fn->suspended (CX_SUSP_*).
 * Suspending waits for nothing. Resuming catches up: see .resume.
 */
void cx_fn_suspend(ConnectXFunction *fn, uint8_t bits);
void cx_fn_resume(ConnectXFunction *fn, uint8_t bits);
/* Catches up where something else than suspension was in the way. */
void cx_fn_rescan(ConnectXFunction *fn);
/* To be called after filling in saved state. */
void cx_fn_loaded(ConnectXFunction *fn);

#endif /* HW_NET_CONNECTX_LIFE_H */
