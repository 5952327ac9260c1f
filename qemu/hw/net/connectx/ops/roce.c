/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of the RoCE address table
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "obj/roce.h"
#include "ops/ops.h"

static ConnectXStatus cx_op_set_roce_address(ConnectXCmd *cmd)
{
    return cx_roce_set(cmd->fn, cmd->in);
}

static ConnectXStatus cx_op_query_roce_address(ConnectXCmd *cmd)
{
    return cx_roce_query(cmd->fn, CX_GET(query_roce_address_in, cmd->in,
                                         roce_address_index),
                         CX_ADDR(query_roce_address_out, cmd->out,
                                 roce_address));
}

static const ConnectXOp cx_roce_ops[] = {
    CX_ROW(SET_ROCE_ADDRESS, set_roce_address, 0),
    CX_ROW(QUERY_ROCE_ADDRESS, query_roce_address, CX_OP_USER),
};

void cx_ops_roce_register(void)
{
    cx_cmd_add_ops(cx_roce_ops, ARRAY_SIZE(cx_roce_ops));
}
