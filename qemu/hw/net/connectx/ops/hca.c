/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands about the function itself
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "fn/pages.h"
#include "fn/vhca_id.h"
#include "ops/ops.h"

/* ISSI 0 and 1: bit n set means that version n is spoken. */
#define CX_ISSI_SUPPORTED   0x3
#define CX_ISSI_MAX         1

/* TEARDOWN_HCA profiles: graceful, forced, prepare fast teardown */
#define CX_TEARDOWN_LAST    2

/*
 * The number of a VF holds until the PF's driver disables it or, for one that
 * manages an e-switch, until that starts over: mlx5_core's e-switch asks for
 * the number before it enables the VF and again after it has disabled it.
 */
static void cx_hca_renumber(ConnectXFunction *pf)
{
    cx_vhca_id_draw(pf);
    for (unsigned i = 0; pf->dev->eswitch && i < pf->dev->nr_vfs; i++) {
        if (pf->dev->vf[i]) {
            cx_vhca_id_draw(pf->dev->vf[i]);
        }
    }
}

static ConnectXStatus cx_op_enable_hca(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cmd->fn;
    uint16_t number = CX_GET(enable_hca_in, cmd->in, function_id);
    ConnectXFunction *vf;

    if (!number) {
        /* A driver that starts over, after a crash or kexec, begins here. */
        if (fn->state == CX_FN_OPERATIONAL) {
            cx_fn_teardown(fn);
        }
        cx_pages_reset(fn);
        cx_caps_reset(fn);
        if (!fn->is_vf) {
            cx_hca_renumber(fn);
        }
        fn->state = CX_FN_ENABLED;
        return CX_OK;
    }
    vf = fn->is_vf ? NULL : cx_dev_find_function(fn->dev, number);
    if (!vf) {
        return CX_BAD_PARAM;
    }
    if (!vf->host_enabled) {
        vf->host_enabled = true;
        if (!vf->dev->eswitch) {
            cx_vhca_id_draw(vf);
        }
        cx_pages_vf_enabled(vf, true);
    }
    return CX_OK;
}

static ConnectXStatus cx_op_disable_hca(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cmd->fn;
    uint16_t number = CX_GET(disable_hca_in, cmd->in, function_id);
    ConnectXFunction *vf;

    if (!number) {
        cx_fn_teardown(fn);
        cx_pages_reset(fn);
        cx_caps_reset(fn);
        fn->issi = 0;
        fn->state = CX_FN_RESET;
        return CX_OK;
    }
    vf = fn->is_vf ? NULL : cx_dev_find_function(fn->dev, number);
    if (!vf) {
        return CX_BAD_PARAM;
    }
    if (!vf->host_enabled) {
        return CX_BAD_RES_STATE;
    }
    cx_fn_reset(vf);
    vf->host_enabled = false;
    cx_pages_vf_enabled(vf, false);
    return CX_OK;
}

static ConnectXStatus cx_op_query_issi(ConnectXCmd *cmd)
{
    CX_SET(query_issi_out, cmd->out, current_issi, cmd->fn->issi);
    CX_SET(query_issi_out, cmd->out, supported_issi_dw0, CX_ISSI_SUPPORTED);
    return CX_OK;
}

static ConnectXStatus cx_op_set_issi(ConnectXCmd *cmd)
{
    uint16_t issi = CX_GET(set_issi_in, cmd->in, current_issi);

    if (issi > CX_ISSI_MAX) {
        return CX_BAD_PARAM;
    }
    cmd->fn->issi = issi;
    return CX_OK;
}

static ConnectXStatus cx_op_init_hca(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cmd->fn;

    if (fn->state != CX_FN_ENABLED) {
        return CX_BAD_SYS_STATE;
    }
    if (cx_pages_missing(fn)) {
        cx_guest_error(fn, "INIT_HCA without the pages asked for");
        return CX_NOT_READY;
    }
    /* An older driver's command ends before it. */
    memset(fn->sw_owner_id, 0, sizeof(fn->sw_owner_id));
    if (cmd->in_len >= CX_SZ(init_hca_in)) {
        memcpy(fn->sw_owner_id, CX_ADDR(init_hca_in, cmd->in, sw_owner_id),
               sizeof(fn->sw_owner_id));
    }
    fn->state = CX_FN_OPERATIONAL;
    return CX_OK;
}

static ConnectXStatus cx_op_teardown_hca(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cmd->fn;

    if (CX_GET(teardown_hca_in, cmd->in, profile) > CX_TEARDOWN_LAST) {
        return CX_BAD_PARAM;
    }
    cx_fn_teardown(fn);
    cx_pages_ask_no_more(fn);
    fn->state = CX_FN_ENABLED;
    /* teardown_hca_out.state 0: what was asked for was done */
    return CX_OK;
}

static ConnectXStatus cx_op_query_adapter(ConnectXCmd *cmd)
{
    uint8_t *block = CX_ADDR(query_adapter_out, cmd->out,
                             query_adapter_struct);

    CX_SET(query_adapter_param_block, block, ieee_vendor_id,
           CX_IEEE_VENDOR_ID);
    pstrcpy(CX_ADDR(query_adapter_param_block, block, vsd_contd_psid), 16,
            cmd->fn->dev->identity->psid);
    return CX_OK;
}

/* A VF has current capabilities from the PF's ENABLE_HCA for it on. */
static bool cx_cmd_target_enabled(const ConnectXCmd *cmd,
                                  const ConnectXFunction *fn)
{
    return fn == cmd->fn || fn->host_enabled;
}

/* op_mod: page type in the upper bits, 1 for the current values, 0 maximum */
static ConnectXStatus cx_op_query_hca_cap(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);
    unsigned type = cmd->op_mod >> 1;
    const uint8_t *page;

    if (!fn || type >= CX_CAP_TYPES) {
        return CX_BAD_PARAM;
    }
    if (cmd->op_mod & 1 && !cx_cmd_target_enabled(cmd, fn)) {
        return CX_BAD_RES_STATE;
    }
    page = cmd->op_mod & 1 ? cx_caps_cur(fn, type) : cx_caps_max(fn, type);
    if (!page) {
        return cx_cmd_unimplemented(cmd, CX_BAD_PARAM, "capability page 0x%x",
                                    type);
    }
    /* Users of DevX leave room for what they know of the page. */
    memcpy(CX_ADDR(query_hca_cap_out, cmd->out, capability), page,
           MIN(CX_CAP_PAGE_SIZE,
               cmd->out_len - CX_OFF(query_hca_cap_out, capability)));
    return CX_OK;
}

static ConnectXStatus cx_op_set_hca_cap(ConnectXCmd *cmd)
{
    ConnectXFunction *fn = cx_cmd_target(cmd);
    unsigned type = cmd->op_mod >> 1;

    if (!fn) {
        return CX_BAD_PARAM;
    }
    if (!cx_cmd_target_enabled(cmd, fn)) {
        return CX_BAD_RES_STATE;
    }
    /* Neither one's own nor a VF's change under a running driver. */
    if (fn->state == CX_FN_OPERATIONAL) {
        return fn == cmd->fn ? CX_BAD_SYS_STATE : CX_BAD_RES_STATE;
    }
    return cx_caps_set(fn, type, CX_ADDR(set_hca_cap_in, cmd->in, capability),
                       fn != cmd->fn);
}

/* Nothing to do but to accept it. */
static ConnectXStatus cx_op_nop(ConnectXCmd *cmd)
{
    return CX_OK;
}

/* ENABLE_HCA and DISABLE_HCA are called with room for 12 bytes of reply. */
#define CX_SHORT_OUT_LEN 12

static const ConnectXOp cx_hca_ops[] = {
    { MLX5_CMD_OP_ENABLE_HCA, CX_OP_ANY_STATE, "ENABLE_HCA",
      cx_op_enable_hca, CX_SZ(enable_hca_in), CX_SHORT_OUT_LEN },
    { MLX5_CMD_OP_DISABLE_HCA, CX_OP_ANY_STATE, "DISABLE_HCA",
      cx_op_disable_hca, CX_SZ(disable_hca_in), CX_SHORT_OUT_LEN },
    CX_ROW(QUERY_ISSI, query_issi, CX_OP_USER | CX_OP_ANY_STATE),
    CX_ROW(SET_ISSI, set_issi, CX_OP_ENABLED),
    { MLX5_CMD_OP_INIT_HCA, CX_OP_ENABLED, "INIT_HCA",
      cx_op_init_hca, CX_OFF(init_hca_in, sw_owner_id), CX_SZ(init_hca_out) },
    CX_ROW(TEARDOWN_HCA, teardown_hca, CX_OP_ENABLED),
    CX_ROW(QUERY_ADAPTER, query_adapter, CX_OP_USER | CX_OP_ENABLED),
    { MLX5_CMD_OP_QUERY_HCA_CAP, CX_OP_USER | CX_OP_ENABLED | CX_OP_ANY_MOD,
      "QUERY_HCA_CAP", cx_op_query_hca_cap, CX_SZ(query_hca_cap_in),
      CX_OFF(query_hca_cap_out, capability) },
    { MLX5_CMD_OP_SET_HCA_CAP, CX_OP_ENABLED | CX_OP_ANY_MOD, "SET_HCA_CAP",
      cx_op_set_hca_cap,
      CX_OFF(set_hca_cap_in, capability) + CX_CAP_PAGE_SIZE,
      CX_SZ(set_hca_cap_out) },
    { MLX5_CMD_OP_SET_DRIVER_VERSION, CX_OP_ENABLED, "SET_DRIVER_VERSION",
      cx_op_nop, CX_SZ(set_driver_version_in), CX_SZ(set_driver_version_out) },
    { MLX5_CMD_OP_NOP, CX_OP_USER | CX_OP_ANY_STATE, "NOP", cx_op_nop,
      CX_CMD_INLINE, 8 },
};

void cx_ops_hca_register(void)
{
    cx_cmd_add_ops(cx_hca_ops, ARRAY_SIZE(cx_hca_ops));
}
