/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: flow tables, compiled
 *
 * The entries of a flow group match the same bits. So a group becomes a
 * search tree of those bits of its entries, and looking a packet up takes a few
 * steps, however many entries there are. All of it is derived from the
 * objects when a packet first comes to the table, and follows them from then
 * on; it is in no image.
 */
#ifndef HW_NET_CONNECTX_MATCH_H
#define HW_NET_CONNECTX_MATCH_H

#include "base/ifc.h"
#include "base/types.h"

/*
 * A packet as flow tables see it, laid out like fte_match_param up to the last
 * part that entries may match: outer headers, misc.
 */
#define CX_PACKET_BYTES     CX_OFF(fte_match_param, inner_headers)

/* Do the criteria of a group ask for nothing but what a packet here has? */
bool cx_match_known(const uint8_t *group_in);

ConnectXFlows *cx_match_new(void);
void cx_match_free(ConnectXFlows *flows);
/* Nothing is compiled any longer. */
void cx_match_clear(ConnectXFlows *flows);
/* The table, or its groups, are others from now on. */
void cx_match_forget_table(ConnectXFlows *flows, uint32_t table);
/* An entry has come, or is going. */
void cx_match_add(ConnectXFlows *flows, const ConnectXObj *fte);
void cx_match_remove(ConnectXFlows *flows, const ConnectXObj *fte);
/*
 * cx_match_find - The entry of lowest index that matches, or NULL.
 * *lookups is how many groups may be looked into, and then what is left of it.
 */
const ConnectXObj *cx_match_find(ConnectXFunction *fn, uint32_t table,
                                 const uint8_t packet[CX_PACKET_BYTES],
                                 unsigned *lookups);

#endif /* HW_NET_CONNECTX_MATCH_H */
