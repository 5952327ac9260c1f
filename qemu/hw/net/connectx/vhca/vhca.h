/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: migration of virtual functions, as a PF asks for it
 */
#ifndef HW_NET_CONNECTX_VHCA_H
#define HW_NET_CONNECTX_VHCA_H

#include "base/status.h"
#include "base/types.h"

void cx_vhca_register(void);

/* May the PF's driver have anything done with that VF? */
ConnectXStatus cx_vhca_check(const ConnectXFunction *pf, ConnectXFunction *vf);

/*
 * side is one bit of CX_SUSP_*. The initiator is suspended first and resumed
 * last. With the responder's resume, what was loaded becomes what the VF is.
 */
ConnectXStatus cx_vhca_suspend(ConnectXFunction *vf, uint8_t side);
ConnectXStatus cx_vhca_resume(ConnectXFunction *vf, uint8_t side);

typedef struct ConnectXVhcaSize {
    uint32_t required;                  /* room that the next SAVE needs */
    uint64_t remaining;                 /* for all of them; chunks only */
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
/* Has a reset overtaken the commands that a driver has under way for it? */
bool cx_vhca_overtaken(const ConnectXFunction *vf);
/* Whoever was to be told is gone. */
void cx_vhca_cancel(ConnectXFunction *vf, void *opaque);

#endif /* HW_NET_CONNECTX_VHCA_H */
