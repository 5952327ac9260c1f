/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the command transport
 *
 * A command is a 64-byte slot of the queue page plus chains of mailboxes. This
 * file reads it, checks everything that is alike for all commands, calls the
 * handler of the opcode table and writes the reply. Two kinds of failure: the
 * *delivery status* (the slot or a chain is broken; nothing was executed, no
 * reply is written) and the *status* of the command inside the reply.
 *
 * Most commands finish inside the doorbell write that starts them. Only those
 * that a handler or the x-delay-cmd property makes asynchronous stay in
 * fn->cmds.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "queue/eq.h"
#include "trace.h"

/* Slot */
enum {
    CX_SLOT_TYPE        = 0x00,
    CX_SLOT_IN_LEN      = 0x04,
    CX_SLOT_IN_PTR      = 0x08,
    CX_SLOT_IN          = 0x10,
    CX_SLOT_OUT         = 0x20,
    CX_SLOT_OUT_PTR     = 0x30,
    CX_SLOT_OUT_LEN     = 0x38,
    CX_SLOT_TOKEN       = 0x3c,
    CX_SLOT_STATUS_OWN  = 0x3f,
    CX_SLOT_SIZE        = 0x40,
};

#define CX_SLOT_TYPE_PCIE   7
#define CX_SLOT_HW_OWNS     1

/* Mailbox */
enum {
    CX_MBOX_DATA        = 512,
    CX_MBOX_NEXT        = 0x230,
    CX_MBOX_BLOCK_NUM   = 0x238,
    CX_MBOX_TOKEN       = 0x23d,
    CX_MBOX_SIZE        = 0x240,
};

#define CX_MBOX_ALIGN       512

/* Delivery status: bits 7:1 of the slot's last byte */
enum {
    CX_DELIVERY_OK          = 0,
    CX_DELIVERY_TOKEN       = 2,
    CX_DELIVERY_BLOCK_NUM   = 3,
    CX_DELIVERY_OUT_ALIGN   = 4,
    CX_DELIVERY_IN_ALIGN    = 5,
    CX_DELIVERY_FW          = 6,
    CX_DELIVERY_IN_LEN      = 7,
    CX_DELIVERY_OUT_LEN     = 8,
    CX_DELIVERY_DESCRIPTOR  = 0x10,
};

/* Header of every input and output: status and syndrome, 8 bytes */
#define CX_CMD_HDR_SIZE     8

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

static void cx_cmd_free(ConnectXCmd *cmd)
{
    if (cmd->delay) {
        timer_free(cmd->delay);
    }
    g_free(cmd->in);
    g_free(cmd->out);
    g_free(cmd->chain);
    g_free(cmd);
}

static uint64_t cx_cmd_slot_addr(const ConnectXCmd *cmd)
{
    return cmd->fn->cmdq_addr + ((uint64_t)cmd->slot << CX_CMD_LOG_STRIDE);
}

static uint32_t cx_cmd_blocks(uint32_t len)
{
    return len > CX_CMD_INLINE ?
           DIV_ROUND_UP(len - CX_CMD_INLINE, CX_MBOX_DATA) : 0;
}

/* Reads the block at addr and checks what both directions have in common. */
static int cx_cmd_mbox(ConnectXCmd *cmd, uint64_t addr, uint32_t block,
                       uint8_t mbox[CX_MBOX_SIZE])
{
    if (!cx_dma_read(cmd->fn, addr, mbox, CX_MBOX_SIZE)) {
        return CX_DELIVERY_FW;
    }
    if (mbox[CX_MBOX_TOKEN] != cmd->token) {
        return CX_DELIVERY_TOKEN;
    }
    if (ldl_be_p(mbox + CX_MBOX_BLOCK_NUM) != block) {
        return CX_DELIVERY_BLOCK_NUM;
    }
    return CX_DELIVERY_OK;
}

static int cx_cmd_read_in(ConnectXCmd *cmd, const uint8_t *slot)
{
    uint64_t addr = ldq_be_p(slot + CX_SLOT_IN_PTR);
    uint8_t mbox[CX_MBOX_SIZE];
    uint32_t done = MIN(cmd->in_len, CX_CMD_INLINE);

    memcpy(cmd->in, slot + CX_SLOT_IN, done);
    for (uint32_t block = 0; done < cmd->in_len; block++) {
        uint32_t n = MIN(cmd->in_len - done, CX_MBOX_DATA);
        int delivery;

        if (!addr) {
            return CX_DELIVERY_IN_LEN;
        }
        if (addr & (CX_MBOX_ALIGN - 1)) {
            return CX_DELIVERY_IN_ALIGN;
        }
        delivery = cx_cmd_mbox(cmd, addr, block, mbox);
        if (delivery) {
            return delivery;
        }
        memcpy(cmd->in + done, mbox, n);
        done += n;
        addr = ldq_be_p(mbox + CX_MBOX_NEXT);
    }
    return CX_DELIVERY_OK;
}

/* The reply's chain is walked first: no command runs whose reply is lost. */
static int cx_cmd_walk_out(ConnectXCmd *cmd, const uint8_t *slot)
{
    uint64_t addr = ldq_be_p(slot + CX_SLOT_OUT_PTR);
    uint32_t blocks = cx_cmd_blocks(cmd->out_len);
    uint8_t mbox[CX_MBOX_SIZE];

    cmd->chain = g_new(uint64_t, blocks);
    for (uint32_t block = 0; block < blocks; block++) {
        int delivery;

        if (!addr) {
            return CX_DELIVERY_OUT_LEN;
        }
        if (addr & (CX_MBOX_ALIGN - 1)) {
            return CX_DELIVERY_OUT_ALIGN;
        }
        delivery = cx_cmd_mbox(cmd, addr, block, mbox);
        if (delivery) {
            return delivery;
        }
        cmd->chain[block] = addr;
        addr = ldq_be_p(mbox + CX_MBOX_NEXT);
    }
    return CX_DELIVERY_OK;
}

static int cx_cmd_fetch(ConnectXCmd *cmd, const uint8_t *slot)
{
    int delivery;

    if (slot[CX_SLOT_TYPE] != CX_SLOT_TYPE_PCIE) {
        return CX_DELIVERY_DESCRIPTOR;
    }
    cmd->token = slot[CX_SLOT_TOKEN];
    cmd->in_len = ldl_be_p(slot + CX_SLOT_IN_LEN);
    cmd->out_len = ldl_be_p(slot + CX_SLOT_OUT_LEN);
    if (cmd->in_len < CX_CMD_HDR_SIZE || cmd->in_len > CX_CMD_LEN_MAX) {
        return CX_DELIVERY_IN_LEN;
    }
    if (cmd->out_len < CX_CMD_HDR_SIZE || cmd->out_len > CX_CMD_LEN_MAX) {
        return CX_DELIVERY_OUT_LEN;
    }
    /* Handlers may look at the whole first 16 bytes, whatever was sent. */
    cmd->in = g_malloc0(MAX(cmd->in_len, CX_CMD_INLINE));
    delivery = cx_cmd_read_in(cmd, slot);
    if (delivery) {
        return delivery;
    }
    delivery = cx_cmd_walk_out(cmd, slot);
    if (delivery) {
        return delivery;
    }
    cmd->opcode = CX_GET(query_hca_cap_in, cmd->in, opcode);
    cmd->op_mod = CX_GET(query_hca_cap_in, cmd->in, op_mod);
    cmd->op = cx_cmd_find_op(cmd->opcode);
    cmd->out = g_malloc0(MAX(MAX(cmd->out_len, CX_CMD_INLINE),
                             cmd->op ? cmd->op->out_len : 0));
    return CX_DELIVERY_OK;
}

/* Data first, the ownership byte last, then the event. */
static void cx_cmd_write_back(ConnectXCmd *cmd, int delivery)
{
    ConnectXFunction *fn = cmd->fn;
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };
    uint8_t own = delivery << 1;

    fn->inflight &= ~(1u << cmd->slot);
    if (delivery == CX_DELIVERY_OK) {
        uint32_t done = MIN(cmd->out_len, CX_CMD_INLINE);

        for (uint32_t b = 0; b < cx_cmd_blocks(cmd->out_len); b++) {
            uint32_t at = CX_CMD_INLINE + b * CX_MBOX_DATA;

            cx_dma_write(fn, cmd->chain[b], cmd->out + at,
                         MIN(cmd->out_len - at, CX_MBOX_DATA));
        }
        cx_dma_write(fn, cx_cmd_slot_addr(cmd) + CX_SLOT_OUT, cmd->out, done);
    }
    /* The driver polls the ownership byte and then reads the reply. */
    smp_wmb();
    cx_dma_write(fn, cx_cmd_slot_addr(cmd) + CX_SLOT_STATUS_OWN, &own, 1);

    /*
     * The driver polls for the commands that create and destroy the command
     * EQ; an event for those would complete them a second time.
     */
    if (cmd->had_cmd_eq && fn->cmd_eqn) {
        stl_be_p(data, 1u << cmd->slot);
        cx_eq_post(fn, CX_EV_CMD, 0, data);
    }
}

static void cx_cmd_finish(ConnectXCmd *cmd)
{
    QTAILQ_REMOVE(&cmd->fn->cmds, cmd, next);
    cx_cmd_write_back(cmd, CX_DELIVERY_OK);
    cx_cmd_free(cmd);
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

static bool cx_cmd_fault(ConnectXCmd *cmd)
{
    ConnectXDevice *dev = cmd->fn->dev;

    if (!dev->fail_cmd || cmd->opcode != dev->fail_opcode) {
        return false;
    }
    dev->fail_seen++;
    return !dev->fail_nth || dev->fail_nth == dev->fail_seen;
}

static void cx_cmd_delay_expired(void *opaque)
{
    ConnectXCmd *cmd = opaque;

    cx_cmd_finish(cmd);
}

void cx_cmd_complete(ConnectXCmd *cmd, ConnectXStatus status)
{
    ConnectXFunction *fn = cmd->fn;
    ConnectXDevice *dev = fn->dev;

    cmd->cancel = NULL;
    cmd->opaque = NULL;
    if (status != CX_OK && !cmd->syndrome) {
        /* Any number will do: it tells the driver's log where it comes from */
        cmd->syndrome = cmd->opcode << 8 | status;
    }
    CX_SET(query_hca_cap_out, cmd->out, status, status);
    CX_SET(query_hca_cap_out, cmd->out, syndrome,
           status == CX_OK ? 0 : cmd->syndrome);
    if (status == CX_OK && cmd->op && cmd->op->flags & CX_OP_CHANGES) {
        cx_fn_changed(fn);
    }
    trace_connectx_cmd_done(fn->number, cmd->slot,
                            cmd->op ? cmd->op->name : "?", status);
    if (dev->delay_ms && dev->delay_cmd && cmd->opcode == dev->delay_opcode) {
        cmd->delay = timer_new_ms(QEMU_CLOCK_VIRTUAL, cx_cmd_delay_expired,
                                  cmd);
        timer_mod(cmd->delay, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) +
                              dev->delay_ms);
        return;
    }
    cx_cmd_finish(cmd);
}

static ConnectXStatus cx_cmd_check_state(const ConnectXCmd *cmd)
{
    uint16_t flags = cmd->op->flags;
    ConnectXFnState state = cmd->fn->state;

    if (flags & CX_OP_ANY_STATE) {
        return CX_OK;
    }
    if (state == CX_FN_RESET ||
        (state != CX_FN_OPERATIONAL && !(flags & CX_OP_ENABLED))) {
        return CX_BAD_SYS_STATE;
    }
    return CX_OK;
}

static ConnectXStatus cx_cmd_run(ConnectXCmd *cmd)
{
    const ConnectXOp *op = cmd->op;
    ConnectXStatus status;

    if (!op || (op->flags & CX_OP_PF_ONLY && cmd->fn->is_vf)) {
        qemu_log_mask(LOG_UNIMP, "connectx: fn %u: command 0x%x not "
                      "implemented\n", cmd->fn->number, cmd->opcode);
        return CX_BAD_OP;
    }
    if (cx_cmd_fault(cmd)) {
        return cmd->fn->dev->fail_status;
    }
    if (cmd->in_len < op->in_len) {
        return CX_BAD_INPUT_LEN;
    }
    if (cmd->out_len < op->out_len) {
        return CX_BAD_OUTPUT_LEN;
    }
    status = cx_cmd_check_state(cmd);
    return status == CX_OK ? op->handler(cmd) : status;
}

static void cx_cmd_start(ConnectXFunction *fn, unsigned slot)
{
    uint8_t entry[CX_SLOT_SIZE];
    ConnectXCmd *cmd;
    ConnectXStatus status;
    int delivery;

    cmd = g_new0(ConnectXCmd, 1);
    cmd->fn = fn;
    cmd->slot = slot;
    cmd->had_cmd_eq = fn->cmd_eqn;
    if (!cx_dma_read(fn, cx_cmd_slot_addr(cmd), entry, sizeof(entry)) ||
        !(entry[CX_SLOT_STATUS_OWN] & CX_SLOT_HW_OWNS)) {
        cx_cmd_free(cmd);
        return;
    }
    fn->inflight |= 1u << slot;
    delivery = cx_cmd_fetch(cmd, entry);
    if (delivery != CX_DELIVERY_OK) {
        cx_guest_error(fn, "slot %u cannot be delivered: %u", slot, delivery);
        cx_cmd_write_back(cmd, delivery);
        cx_cmd_free(cmd);
        return;
    }
    QTAILQ_INSERT_TAIL(&fn->cmds, cmd, next);
    trace_connectx_cmd(fn->number, slot, cmd->op ? cmd->op->name : "?",
                       cmd->opcode, cmd->op_mod, cmd->in_len, cmd->out_len,
                       ldl_be_p(cmd->in + 8), ldl_be_p(cmd->in + 12));
    status = cx_cmd_run(cmd);
    if (status != CX_ASYNC) {
        cx_cmd_complete(cmd, status);
    }
}

static void cx_cmd_run_pending(ConnectXFunction *fn)
{
    /* A command may reset or suspend the function: look anew each time. */
    while (fn->pending && fn->cmdq_addr && cx_fn_may_dma(fn)) {
        unsigned slot = ctz32(fn->pending);

        fn->pending &= ~(1u << slot);
        if (fn->inflight & (1u << slot)) {
            cx_guest_error(fn, "slot %u rung while in use", slot);
            continue;
        }
        cx_cmd_start(fn, slot);
    }
}

void cx_cmd_doorbell(ConnectXFunction *fn, uint32_t slots)
{
    fn->pending |= slots;
    cx_cmd_run_pending(fn);
}

/* A delayed command is done but for the reply. */
static void cx_cmd_quiesce(ConnectXFunction *fn)
{
    ConnectXCmd *cmd, *next;

    QTAILQ_FOREACH_SAFE(cmd, &fn->cmds, next, next) {
        if (cmd->delay) {
            cx_cmd_finish(cmd);
        }
    }
}

void cx_cmd_cancel_all(ConnectXFunction *fn)
{
    ConnectXCmd *cmd, *next;

    QTAILQ_FOREACH_SAFE(cmd, &fn->cmds, next, next) {
        if (cmd->cancel) {
            cmd->cancel(cmd);
        }
        QTAILQ_REMOVE(&fn->cmds, cmd, next);
        cx_cmd_free(cmd);
    }
    fn->inflight = 0;
}

static void cx_cmd_init(ConnectXFunction *fn)
{
    QTAILQ_INIT(&fn->cmds);
}

static void cx_cmd_reset(ConnectXFunction *fn)
{
    cx_cmd_cancel_all(fn);
    fn->pending = 0;
}

static const ConnectXParticipant cx_cmd_part = {
    .name = "cmd",
    .init = cx_cmd_init,
    .reset = cx_cmd_reset,
    .quiesce = cx_cmd_quiesce,
    .resume = cx_cmd_run_pending,
};

void cx_cmd_register(void)
{
    cx_fn_register(&cx_cmd_part);
}
