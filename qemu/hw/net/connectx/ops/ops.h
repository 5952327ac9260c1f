/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what the command handlers share
 */
#ifndef HW_NET_CONNECTX_OPS_H
#define HW_NET_CONNECTX_OPS_H

#include "base/ifc.h"
#include "base/types.h"
#include "base/status.h"
#include "cmd/cmd.h"
#include "obj/obj.h"
#include "obj/umem.h"

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
/*
 * cx_cmd_find - The object that cmd is about. NULL if there is none, and if the
 * command is of a user context that did not create it: handlers find by this,
 * not by cx_obj_find(), whatever they do with the object.
 */
ConnectXObj *cx_cmd_find(const ConnectXCmd *cmd, ConnectXObjKind kind,
                         uint64_t id);
ConnectXStatus cx_cmd_destroy(ConnectXCmd *cmd, ConnectXObjKind kind);
ConnectXStatus cx_cmd_destroy_id(ConnectXCmd *cmd, ConnectXObjKind kind,
                                 uint64_t id);
/*
 * cx_cmd_query - Reply with len bytes of what the object was created with:
 * from there in its input, to there in the output's fixed part.
 */
ConnectXStatus cx_cmd_query(ConnectXCmd *cmd, ConnectXObjKind kind,
                            uint32_t to, uint32_t from, uint32_t len);

/* cx_cmd_create_in_umem - The same with a list of pages of a UMEM */
ConnectXStatus cx_cmd_create_in_umem(ConnectXCmd *cmd, ConnectXObjKind kind,
                                     uint32_t keep,
                                     const ConnectXUmemPart *part);
/*
 * cx_cmd_umem_record - A doorbell record: if valid, dbr_addr is where in the
 * UMEM it lies, and becomes its address.
 */
ConnectXStatus cx_cmd_umem_record(ConnectXCmd *cmd, bool valid, uint32_t id,
                                  uint8_t *dbr_addr);

/*
 * The function that a command with the other_function/other_vport bit means:
 * the caller itself without the bit. NULL if there is none or a VF asks.
 */
ConnectXFunction *cx_cmd_target(ConnectXCmd *cmd);

/* An EQ that takes page requests is there: now they can be made. */
void cx_pages_eq_created(ConnectXFunction *fn);
void cx_pages_vf_enabled(ConnectXFunction *vf, bool enabled);

/* A row of the table, where handler and structures are named alike: the rule */
#define CX_ROW(_op, _name, _flags) \
    { MLX5_CMD_OP_##_op, _flags, #_op, cx_op_##_name, CX_SZ(_name##_in), \
      CX_SZ(_name##_out) }

/* Rows of the opcode table, registered when the types are. */
void cx_ops_hca_register(void);
void cx_ops_pages_register(void);
void cx_ops_resource_register(void);
void cx_ops_queue_register(void);
void cx_ops_qp_register(void);
void cx_ops_roce_register(void);
void cx_ops_rss_register(void);
void cx_ops_flow_register(void);
void cx_ops_vport_register(void);
void cx_ops_reg_register(void);
void cx_ops_umem_register(void);
void cx_ops_uctx_register(void);
void cx_ops_ib_register(void);
void cx_ops_vhca_register(void);
void cx_ops_general_register(void);

#endif /* HW_NET_CONNECTX_OPS_H */
