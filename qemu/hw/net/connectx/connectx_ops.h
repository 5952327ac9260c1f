/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what the command handlers share
 */
#ifndef HW_NET_CONNECTX_OPS_H
#define HW_NET_CONNECTX_OPS_H

#include "connectx.h"

/* Limits that both the capability pages and the object store speak of. */
#define CX_LOG_RQT_SIZE_MAX     8
#define CX_RQT_SIZE_MAX         (1 << CX_LOG_RQT_SIZE_MAX)
#define CX_LOG_FLOW_TABLES      10
#define CX_LOG_FLOW_ENTRIES     16
#define CX_LOG_FLOW_DESTS       6
#define CX_LOG_MAC_LIST         7
/* Destinations, counters, header actions behind a flow command's fixed part */
#define CX_FLOW_BLOB_MAX        2048

/* Link functions: see ConnectXObjType */
ConnectXStatus cx_mkey_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_tis_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_tir_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_rqt_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_flow_table_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_flow_group_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_fte_link(ConnectXFunction *fn, ConnectXObj *obj);

/*
 * The number that most commands carry: bits 23:0 of the third word, which the
 * interface calls pd, cqn, tirn... depending on the command.
 */
static inline uint32_t cx_cmd_obj_id(const ConnectXCmd *cmd)
{
    return CX_GET(dealloc_pd_in, cmd->in, pd);
}

static inline void cx_cmd_set_obj_id(ConnectXCmd *cmd, uint32_t id)
{
    CX_SET(alloc_pd_out, cmd->out, pd, id);
}

/*
 * cx_cmd_create - Make the object that cmd asks for and put its number into
 * the reply. The object keeps the first keep bytes of the input; n 64-bit list
 * entries are read at offset pas.
 */
ConnectXStatus cx_cmd_create(ConnectXCmd *cmd, ConnectXObjKind kind,
                             uint32_t keep, uint32_t pas, uint64_t n);
ConnectXStatus cx_cmd_destroy(ConnectXCmd *cmd, ConnectXObjKind kind);
/* Replaces part of an object's input; puts it back if it does not link. */
ConnectXStatus cx_obj_patch(ConnectXFunction *fn, ConnectXObj *obj,
                            uint32_t at, const void *bytes, uint32_t len);

/*
 * The function that a command with the other_function/other_vport bit means:
 * the caller itself without the bit. NULL if there is none or a VF asks.
 */
ConnectXFunction *cx_cmd_target(ConnectXCmd *cmd);

/* SET_HCA_CAP's rule: what may change, and no bit beyond the maximum. */
ConnectXStatus cx_caps_set(ConnectXFunction *fn, unsigned type,
                           const uint8_t *page, bool by_other);

/* Firmware pages (connectx_ops_pages.c) */
void cx_pages_init(ConnectXFunction *fn);
void cx_pages_uninit(ConnectXFunction *fn);
void cx_pages_reset(ConnectXFunction *fn);
void cx_pages_vf_enabled(ConnectXFunction *vf, bool enabled);

/* Vport and port (connectx_ops_vport.c) */
void cx_vport_init(ConnectXFunction *fn);
void cx_vport_reset(ConnectXFunction *fn);
bool cx_vport_up(const ConnectXFunction *fn);
/* The state of fn's link changed: tell its driver. */
void cx_vport_link_event(ConnectXFunction *fn);

#endif /* HW_NET_CONNECTX_OPS_H */
