/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what send queues, receive queues and RMPs share
 */
#ifndef HW_NET_CONNECTX_WQ_H
#define HW_NET_CONNECTX_WQ_H

#include "base/types.h"
#include "base/status.h"
#include "queue/ring.h"

#define CX_WQEBB_SIZE       64

/* Queue states of sqc, rqc and rmpc */
enum {
    CX_WQ_RST = 0,
    CX_WQ_RDY = 1,
    CX_WQ_ERR = 3,
};

/* What an error completion says: as in struct mlx5_err_cqe */
typedef enum ConnectXSyndrome {
    CX_SYN_NONE             = 0,
    CX_SYN_LOCAL_LENGTH     = 1,
    CX_SYN_LOCAL_QP_OP      = 2,
    CX_SYN_LOCAL_PROT       = 4,        /* of a memory key */
    CX_SYN_FLUSHED          = 5,        /* not begun: the queue was in error */
    CX_SYN_KEY_CHANGE       = 6,        /* a request must not change the key */
    CX_SYN_BAD_ANSWER       = 0x10,     /* of the peer, from here on */
    CX_SYN_REMOTE_INVALID   = 0x12,
    CX_SYN_REMOTE_ACCESS    = 0x13,
    CX_SYN_REMOTE_OPERATION = 0x14,
    CX_SYN_RETRIES          = 0x15,     /* no answer */
    CX_SYN_RNR_RETRIES      = 0x16,     /* it has no receive request */
} ConnectXSyndrome;

/* wq: the structure of that name inside of obj's creation input */
ConnectXRing cx_wq_ring(const ConnectXObj *obj, const uint8_t *wq);
/* Ring, protection domain, no UMEM. For the link functions of the kinds. */
ConnectXStatus cx_wq_link(ConnectXFunction *fn, ConnectXObj *obj,
                          const uint8_t *wq);

/* How far the driver has produced, by the record's word for that. */
bool cx_wq_todo(ConnectXFunction *fn, const ConnectXObj *obj,
                const ConnectXRing *ring, uint32_t *todo);

/*
 * What follows is for send and receive queues.
 *
 * A queue in error completes whatever is outstanding as flushed, if its
 * context wants that, in its turn (host/sched.h).
 */
void cx_wq_set_state(ConnectXFunction *fn, ConnectXObj *obj, uint8_t state);
/* An error that no completion can tell: an event does, the queue stops. */
void cx_wq_catastrophe(ConnectXFunction *fn, ConnectXObj *obj,
                       const char *why);
/* Completes the request at run.pi, done or with an error. False: cannot. */
bool cx_wq_complete(ConnectXFunction *fn, ConnectXObj *obj, uint8_t cqe[64],
                    bool solicited);
bool cx_wq_complete_error(ConnectXFunction *fn, ConnectXObj *obj,
                          uint8_t opcode, ConnectXSyndrome syndrome);
bool cx_wq_flushes(const ConnectXObj *obj);

#endif /* HW_NET_CONNECTX_WQ_H */
