/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: page trackers, by which a PF's driver is told which
 * pages a VF has written to
 */
#ifndef HW_NET_CONNECTX_TRACK_H
#define HW_NET_CONNECTX_TRACK_H

#include "base/status.h"
#include "base/types.h"

/* in, in_len: the input of CREATE_GENERAL_OBJECT */
ConnectXStatus cx_track_create(ConnectXFunction *pf, const void *in,
                               uint32_t in_len, uint32_t *id);
/* Sends what was written to in that range since it was sent last. */
ConnectXStatus cx_track_report(ConnectXFunction *pf, uint32_t id,
                               uint64_t start, uint64_t len);
/* Has it failed, which a driver learns later than it happens? */
bool cx_track_has_failed(ConnectXFunction *pf, uint32_t id);
/* ctx: room for a struct page_track, whose state is the one of now */
ConnectXStatus cx_track_query(ConnectXFunction *pf, uint32_t id, void *ctx);
ConnectXStatus cx_track_destroy(ConnectXFunction *pf, uint32_t id);
void cx_track_register(void);

#endif /* HW_NET_CONNECTX_TRACK_H */
