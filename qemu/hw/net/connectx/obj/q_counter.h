/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: sets of counters, that queues name
 */
#ifndef HW_NET_CONNECTX_Q_COUNTER_H
#define HW_NET_CONNECTX_Q_COUNTER_H

#include "base/types.h"

/* What a set counts: "resp" is of responders and receivers, "req" of senders */
typedef enum ConnectXCount {
    CX_COUNT_RX_WRITES,
    CX_COUNT_RX_READS,
    CX_COUNT_RX_ATOMICS,
    CX_COUNT_NO_BUFFER,
    CX_COUNT_OUT_OF_SEQUENCE,
    CX_COUNT_DUPLICATES,
    CX_COUNT_RNR_NAKS,                  /* these four: and it tries again */
    CX_COUNT_SEQUENCE_NAKS,
    CX_COUNT_IMPLIED_NAKS,
    CX_COUNT_ACK_TIMEOUTS,
    CX_COUNT_RNR_EXCEEDED,
    CX_COUNT_RETRIES_EXCEEDED,
    CX_COUNT_RESP_LENGTH,
    CX_COUNT_REQ_LENGTH,
    CX_COUNT_RESP_PROTECTION,
    CX_COUNT_REQ_PROTECTION,
    CX_COUNT_REQ_OPERATION,
    CX_COUNT_RESP_ERRORS,               /* completions, flushed ones too */
    CX_COUNT_REQ_ERRORS,
    CX_COUNT_RESP_FLUSHED,
    CX_COUNT_REQ_FLUSHED,
    CX_COUNT_REQ_BAD_ANSWERS,
    CX_COUNT_RESP_INVALID,
    CX_COUNT_REQ_REMOTE_INVALID,
    CX_COUNT_RESP_ACCESS,
    CX_COUNT_REQ_REMOTE_ACCESS,
    CX_COUNT_REQ_REMOTE_OPERATION,
    CX_COUNTS
} ConnectXCount;

/* One more in the queue's set, if there is one that it may name: 0 is none. */
void cx_q_count(ConnectXFunction *fn, const ConnectXObj *queue, uint32_t set,
                ConnectXCount what);
void cx_q_counter_register(void);

#endif /* HW_NET_CONNECTX_Q_COUNTER_H */
