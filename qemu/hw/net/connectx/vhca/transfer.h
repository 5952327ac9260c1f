/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a SAVE or LOAD on its way
 */
#ifndef HW_NET_CONNECTX_TRANSFER_H
#define HW_NET_CONNECTX_TRANSFER_H

#include "base/status.h"
#include "base/types.h"
#include "vhca/vhca.h"

/* What a slice moves, or the work that it does, in bytes of an image. */
#define CX_SLICE_BYTES      (256 * KiB)

typedef struct ConnectXTransfer ConnectXTransfer;

/* What is different about a SAVE and a LOAD. */
typedef struct ConnectXTransferKind {
    bool to_memory;
    /* Does a slice. CX_ASYNC: there is more; anything else ends it. */
    ConnectXStatus (*slice)(ConnectXTransfer *t);
    /*
     * It ends, with that status. Says what a SAVE needs next. cancelled: not
     * by itself, and nobody is told.
     */
    uint32_t (*end)(ConnectXTransfer *t, ConnectXStatus status,
                    bool cancelled);
} ConnectXTransferKind;

struct ConnectXTransfer {
    ConnectXFunction *vf;
    const ConnectXTransferKind *kind;
    ConnectXVhcaBuf buf;
    uint64_t len;                       /* bytes to move... */
    uint64_t done;                      /* ...and moved, through memory */
    bool track;                         /* SAVE: go on tracking */
    /* Staging memory. LOAD: have bytes of it are filled, used are consumed. */
    uint8_t *slice;
    uint64_t have, used;

    ConnectXStatus status;              /* CX_ASYNC while there is work */
    int64_t due_ns;                     /* not to be over before */
    QEMUTimer *timer;
    ConnectXVhcaDone *tell;
    void *opaque;
};

/*
 * cx_transfer_new - Begin to move len bytes through the key, which is kept
 * until the end. CX_ASYNC, with *tp, or what is wrong with the key.
 */
ConnectXStatus cx_transfer_new(ConnectXFunction *vf,
                               const ConnectXTransferKind *kind,
                               const ConnectXVhcaBuf *buf, uint64_t len,
                               ConnectXTransfer **tp);
/* Ends it before its time, with a status other than CX_OK. */
void cx_transfer_end(ConnectXTransfer *t, ConnectXStatus status);
void cx_transfer_cancel(ConnectXTransfer *t);

#endif /* HW_NET_CONNECTX_TRANSFER_H */
