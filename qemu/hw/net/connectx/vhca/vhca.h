/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: migration of virtual functions, as a PF asks for it
 */
#ifndef HW_NET_CONNECTX_VHCA_H
#define HW_NET_CONNECTX_VHCA_H

#include "base/status.h"
#include "base/types.h"

/* What a refused command is told besides its status. Any number would do. */
typedef enum ConnectXVhcaSyndrome {
    CX_SYN_VHCA_NONE,
    CX_SYN_IMAGE_GAP        = 0x10ad01,     /* one before it did not come */
    CX_SYN_IMAGE_REPEATED   = 0x10ad02,     /* it came already */
    CX_SYN_IMAGE_FOREIGN    = 0x10ad03,     /* of another session */
    CX_SYN_NOT_FINAL        = 0x10ad04,     /* RESUME, SAVE: more is to come */
    CX_SYN_POISONED         = 0x10ad05,     /* a LOAD was refused before */
    CX_SYN_BEHAVIOUR        = 0x10ad06,     /* a property of ours wants it so */
} ConnectXVhcaSyndrome;

void cx_vhca_register(void);
/* Of the command for the VF that was refused last. */
ConnectXVhcaSyndrome cx_vhca_syndrome(const ConnectXFunction *vf);

/* May the PF's driver have anything done with that VF? */
ConnectXStatus cx_vhca_check(const ConnectXFunction *pf, ConnectXFunction *vf);

/*
 * side is one bit of CX_SUSP_*. The initiator is suspended first and resumed
 * last. With the responder's resume, what was loaded becomes what the VF is.
 */
ConnectXStatus cx_vhca_suspend(ConnectXFunction *vf, uint8_t side);
ConnectXStatus cx_vhca_resume(ConnectXFunction *vf, uint8_t side);

/* query_vhca_migration_state_out.migration_state */
typedef enum ConnectXVhcaState {
    CX_VHCA_UNINITIALIZED,              /* no driver runs it */
    CX_VHCA_IDLE,                       /* not tracked */
    CX_VHCA_READY,                      /* nothing is to be saved */
    CX_VHCA_DIRTY,                      /* a delta is */
    CX_VHCA_INIT,                       /* a full image, or the rest of one */
} ConnectXVhcaState;

typedef struct ConnectXVhcaSize {
    uint32_t required;                  /* room that the next SAVE needs */
    uint64_t remaining;                 /* for all of them; chunks only */
    ConnectXVhcaState state;
} ConnectXVhcaSize;

ConnectXStatus cx_vhca_query(ConnectXFunction *vf, bool inc, bool chunk,
                             ConnectXVhcaSize *size);

/* Memory of the PF, behind one of its keys. */
typedef struct ConnectXVhcaBuf {
    ConnectXFunction *pf;
    uint32_t mkey;
    uint64_t va;
    uint32_t size;
    uint64_t ms_per_mib;                /* that it takes */
} ConnectXVhcaBuf;

/* bytes, next: what a SAVE wrote, and the room that the next one needs */
typedef void ConnectXVhcaDone(void *opaque, ConnectXStatus status,
                              uint32_t bytes, uint32_t next);

/*
 * CX_ASYNC: done is called when it is over, unless cx_vhca_cancel() was called
 * with the same opaque. Anything else: it is over, done is not called, and
 * nothing was written.
 */
ConnectXStatus cx_vhca_save(ConnectXFunction *vf, const ConnectXVhcaBuf *buf,
                            bool inc, bool track, ConnectXVhcaDone *done,
                            void *opaque);
ConnectXStatus cx_vhca_load(ConnectXFunction *vf, const ConnectXVhcaBuf *buf,
                            ConnectXVhcaDone *done, void *opaque);
/*
 * Is what a command was refused for not the driver's fault, but that of a reset
 * which has overtaken it, or of a property?
 */
bool cx_vhca_excuses(const ConnectXFunction *vf);
/* Whoever was to be told is gone. */
void cx_vhca_cancel(ConnectXFunction *vf, void *opaque);

#endif /* HW_NET_CONNECTX_VHCA_H */
