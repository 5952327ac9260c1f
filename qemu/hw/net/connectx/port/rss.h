/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: which receive queue a frame goes to
 */
#ifndef HW_NET_CONNECTX_RSS_H
#define HW_NET_CONNECTX_RSS_H

#include "base/types.h"

/* What a completion tells of the hash, as it has it */
typedef struct ConnectXHash {
    uint32_t value;
    uint8_t type;
} ConnectXHash;

/*
 * cx_rss_pick - The queue that a transport interface has for a packet, which
 * is as flow tables see it; NULL if it has none.
 */
ConnectXObj *cx_rss_pick(ConnectXFunction *fn, const ConnectXObj *tir,
                         const uint8_t *packet, ConnectXHash *hash);
/* Does it take what its own function sent? */
bool cx_rss_takes_own(const ConnectXObj *tir, bool unicast);

#endif /* HW_NET_CONNECTX_RSS_H */
