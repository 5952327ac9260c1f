/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the commands by which a PF migrates a VF, which it
 * names by the VF's vhca_id
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "cmd/fault.h"
#include "cmd/table.h"
#include "fn/fn.h"
#include "ops/ops.h"
#include "vhca/vhca.h"

/* op_mod: the two commands number the halves in opposite order. */
enum {
    CX_SUSPEND_INITIATOR    = 0,        /* 1: responder */
    CX_RESUME_INITIATOR     = 1,        /* 0: responder */
};

static ConnectXStatus cx_find_vf(ConnectXCmd *cmd, uint16_t vhca_id,
                                 ConnectXFunction **vf)
{
    *vf = cx_dev_find_vhca(cmd->fn->dev, vhca_id);
    return cx_vhca_check(cmd->fn, *vf);
}

/* Who cannot know what the VF's state forbids makes no mistake. */
static ConnectXStatus cx_judged(ConnectXCmd *cmd, ConnectXFunction *vf,
                                ConnectXStatus status)
{
    cmd->excused = status == CX_BAD_RES_STATE && cx_vhca_excuses(vf);
    cmd->syndrome = cx_vhca_syndrome(vf);
    return status;
}

static ConnectXStatus cx_op_suspend_vhca(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(suspend_vhca_in, cmd->in, vhca_id);
    ConnectXFunction *vf;
    ConnectXStatus status = cx_find_vf(cmd, vhca_id, &vf);

    if (status != CX_OK) {
        return status;
    }
    status = cx_vhca_suspend(vf, cmd->op_mod == CX_SUSPEND_INITIATOR ?
                             CX_SUSP_INITIATOR : CX_SUSP_RESPONDER);
    return cx_judged(cmd, vf, status);
}

static ConnectXStatus cx_op_resume_vhca(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(resume_vhca_in, cmd->in, vhca_id);
    ConnectXFunction *vf;
    ConnectXStatus status = cx_find_vf(cmd, vhca_id, &vf);

    if (status != CX_OK) {
        return status;
    }
    status = cx_vhca_resume(vf, cmd->op_mod == CX_RESUME_INITIATOR ?
                            CX_SUSP_INITIATOR : CX_SUSP_RESPONDER);
    return cx_judged(cmd, vf, status);
}

static ConnectXStatus cx_op_query_vhca_migration_state(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(query_vhca_migration_state_in, cmd->in,
                              vhca_id);
    ConnectXVhcaSize size;
    ConnectXFunction *vf;
    ConnectXStatus status = cx_find_vf(cmd, vhca_id, &vf);

    if (status != CX_OK) {
        return status;
    }
    status = cx_vhca_query(vf, CX_GET(query_vhca_migration_state_in, cmd->in,
                                      incremental),
                           CX_GET(query_vhca_migration_state_in, cmd->in,
                                  chunk), &size);
    if (status == CX_OK) {
        CX_SET(query_vhca_migration_state_out, cmd->out, required_umem_size,
               size.required);
        CX_SET64(query_vhca_migration_state_out, cmd->out,
                 remaining_total_size, size.remaining);
        cx_bits_set(cmd->out, CX_BIT_MIGRATION_STATE, 4, size.state);
    }
    return cx_judged(cmd, vf, status);
}

/*
 * What a driver does wrong is refused before a transfer begins, or shows in the
 * image. This status, later, says that a reset or a suspension came in between,
 * which is nobody's fault.
 */
static void cx_op_transferred(ConnectXCmd *cmd, ConnectXStatus status)
{
    cmd->excused = status == CX_BAD_RES_STATE;
    cx_cmd_complete(cmd, status);
}

static void cx_op_save_done(void *opaque, ConnectXStatus status,
                            uint32_t bytes, uint32_t next)
{
    ConnectXCmd *cmd = opaque;

    if (status == CX_OK) {
        CX_SET(save_vhca_state_out, cmd->out, actual_image_size, bytes);
        CX_SET(save_vhca_state_out, cmd->out, next_required_umem_size, next);
    }
    cx_op_transferred(cmd, status);
}

static void cx_op_load_done(void *opaque, ConnectXStatus status,
                            uint32_t bytes, uint32_t next)
{
    ConnectXCmd *cmd = opaque;

    cmd->syndrome = cx_vhca_syndrome(cmd->opaque);
    cx_op_transferred(opaque, status);
}

static void cx_op_cancel(ConnectXCmd *cmd)
{
    cx_vhca_cancel(cmd->opaque, cmd);
}

static ConnectXStatus cx_op_begun(ConnectXCmd *cmd, ConnectXFunction *vf,
                                  ConnectXStatus status)
{
    if (status == CX_ASYNC) {
        cmd->opaque = vf;
        cmd->cancel = cx_op_cancel;
    }
    return cx_judged(cmd, vf, status);
}

static ConnectXStatus cx_op_save_vhca_state(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(save_vhca_state_in, cmd->in, vhca_id);
    ConnectXVhcaBuf buf = {
        .pf = cmd->fn,
        .mkey = CX_GET(save_vhca_state_in, cmd->in, mkey),
        .va = CX_GET64(save_vhca_state_in, cmd->in, va),
        .size = CX_GET(save_vhca_state_in, cmd->in, size),
        .ms_per_mib = cx_cmd_latency_ms_per_mib(cmd),
    };
    ConnectXFunction *vf;
    ConnectXStatus status = cx_find_vf(cmd, vhca_id, &vf);

    if (status != CX_OK) {
        return status;
    }
    status = cx_vhca_save(vf, &buf,
                          CX_GET(save_vhca_state_in, cmd->in, incremental),
                          CX_GET(save_vhca_state_in, cmd->in, set_track),
                          cx_op_save_done, cmd);
    return cx_op_begun(cmd, vf, status);
}

static ConnectXStatus cx_op_load_vhca_state(ConnectXCmd *cmd)
{
    uint16_t vhca_id = CX_GET(load_vhca_state_in, cmd->in, vhca_id);
    ConnectXVhcaBuf buf = {
        .pf = cmd->fn,
        .mkey = CX_GET(load_vhca_state_in, cmd->in, mkey),
        .va = CX_GET64(load_vhca_state_in, cmd->in, va),
        .size = CX_GET(load_vhca_state_in, cmd->in, size),
        .ms_per_mib = cx_cmd_latency_ms_per_mib(cmd),
    };
    ConnectXFunction *vf;
    ConnectXStatus status = cx_find_vf(cmd, vhca_id, &vf);

    if (status != CX_OK) {
        return status;
    }
    return cx_op_begun(cmd, vf, cx_vhca_load(vf, &buf, cx_op_load_done, cmd));
}

#define CX_HALVES           (CX_OP_MOD(0) | CX_OP_MOD(1))

static const ConnectXOp cx_vhca_ops[] = {
    CX_ROW(SUSPEND_VHCA, suspend_vhca, CX_OP_PF_ONLY | CX_HALVES),
    CX_ROW(RESUME_VHCA, resume_vhca, CX_OP_PF_ONLY | CX_HALVES),
    CX_ROW(QUERY_VHCA_MIGRATION_STATE, query_vhca_migration_state,
           CX_OP_PF_ONLY),
    CX_ROW(SAVE_VHCA_STATE, save_vhca_state, CX_OP_PF_ONLY),
    CX_ROW(LOAD_VHCA_STATE, load_vhca_state, CX_OP_PF_ONLY),
};

void cx_ops_vhca_register(void)
{
    cx_cmd_add_ops(cx_vhca_ops, ARRAY_SIZE(cx_vhca_ops));
}
