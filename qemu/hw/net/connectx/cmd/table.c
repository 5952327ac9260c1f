/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the table of opcodes, and what is checked alike for
 * all of them
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "obj/obj.h"
#include "obj/uctx.h"

static GHashTable *cx_ops;

void cx_cmd_add_ops(const ConnectXOp *ops, size_t n)
{
    if (!cx_ops) {
        cx_ops = g_hash_table_new(NULL, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        bool fresh = g_hash_table_insert(cx_ops,
                                         GUINT_TO_POINTER(ops[i].opcode),
                                         (gpointer)&ops[i]);
        g_assert(fresh);
    }
}

const ConnectXOp *cx_cmd_find_op(uint16_t opcode)
{
    return g_hash_table_lookup(cx_ops, GUINT_TO_POINTER(opcode));
}

typedef struct {
    const char *name;
    const ConnectXOp *op;
} ConnectXOpSearch;

static gboolean cx_op_named(gpointer key, gpointer value, gpointer opaque)
{
    const ConnectXOp *op = value;
    ConnectXOpSearch *search = opaque;

    return !g_ascii_strcasecmp(op->name, search->name);
}

bool cx_cmd_parse(const char *what, uint16_t *opcode)
{
    ConnectXOpSearch search = { .name = what };
    unsigned int number;

    search.op = g_hash_table_find(cx_ops, cx_op_named, &search);
    if (search.op) {
        *opcode = search.op->opcode;
        return true;
    }
    if (qemu_strtoui(what, NULL, 0, &number) < 0 || number > UINT16_MAX) {
        return false;
    }
    *opcode = number;
    return true;
}

static bool cx_op_has_mod(const ConnectXOp *op, uint16_t op_mod)
{
    uint32_t mods = op->flags >> 16 ?: 1;

    return op->flags & CX_OP_ANY_MOD || (op_mod < 16 && mods & 1u << op_mod);
}

static bool cx_op_has_state(const ConnectXOp *op, ConnectXFnState state)
{
    if (op->flags & CX_OP_ANY_STATE) {
        return true;
    }
    return state == CX_FN_OPERATIONAL ||
           (state == CX_FN_ENABLED && op->flags & CX_OP_ENABLED);
}

ConnectXStatus cx_cmd_unimplemented(ConnectXCmd *cmd, ConnectXStatus status,
                                    const char *fmt, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, fmt);
    what = g_strdup_vprintf(fmt, args);
    va_end(args);
    cmd->excused = true;
    qemu_log_mask(LOG_UNIMP, "connectx: fn %u: %s not implemented\n",
                  cmd->fn->number, what);
    return status;
}

/* A command is the driver's own, or of a user context that is there. */
static ConnectXStatus cx_cmd_check_uid(ConnectXCmd *cmd)
{
    uint16_t uid = cx_uid(cmd->in);

    if (uid == CX_UID_DRIVER) {
        return CX_OK;
    }
    if (uid == CX_UID_SHARED ? !cx_uctx_offered(cmd->fn) :
                               !cx_obj_find(cmd->fn, CX_OBJ_UCTX, uid)) {
        cx_guest_error(cmd->fn, "%s by user context 0x%x, which does not exist",
                       cmd->op->name, uid);
        return CX_BAD_PARAM;
    }
    if (cx_uid_is_user(uid) && !(cmd->op->flags & CX_OP_USER)) {
        cx_guest_error(cmd->fn, "%s by user context 0x%x: not for users",
                       cmd->op->name, uid);
        return CX_BAD_OP;
    }
    return CX_OK;
}

ConnectXStatus cx_cmd_check(ConnectXCmd *cmd)
{
    const ConnectXOp *op = cmd->op;
    ConnectXFunction *fn = cmd->fn;
    ConnectXStatus status;

    if (!op || (op->flags & CX_OP_PF_ONLY && fn->is_vf)) {
        return cx_cmd_unimplemented(cmd, CX_BAD_OP, "command 0x%x",
                                    cmd->opcode);
    }
    if (cmd->in_len < op->in_len) {
        return CX_BAD_INPUT_LEN;
    }
    if (cmd->out_len < op->out_len) {
        return CX_BAD_OUTPUT_LEN;
    }
    if (!cx_op_has_mod(op, cmd->op_mod)) {
        cx_guest_error(fn, "%s has no op_mod 0x%x", op->name, cmd->op_mod);
        return CX_BAD_OP;
    }
    status = cx_cmd_check_uid(cmd);
    if (status != CX_OK) {
        return status;
    }
    return cx_op_has_state(op, fn->state) ? CX_OK : CX_BAD_SYS_STATE;
}
