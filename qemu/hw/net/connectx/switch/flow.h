/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: flow tables, groups and entries
 */
#ifndef HW_NET_CONNECTX_FLOW_H
#define HW_NET_CONNECTX_FLOW_H

#include "base/types.h"
#include "base/status.h"

/* Bytes of SET_FLOW_TABLE_ENTRY's input with the destinations that it names. */
uint32_t cx_fte_len(const uint8_t *in);

/*
 * cx_flow_set_root - Make a table, or none (0), the first of its type.
 * CX_BAD_PARAM: no such type; CX_BAD_RESOURCE: no such table of that type.
 */
ConnectXStatus cx_flow_set_root(ConnectXFunction *fn, uint8_t type,
                                uint32_t id);
/* The table is gone. */
void cx_flow_forget_root(ConnectXFunction *fn, uint32_t id);

void cx_flow_register(void);

#endif /* HW_NET_CONNECTX_FLOW_H */
