/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the command transport
 *
 * Starts what the doorbell asks for, lets the table check it and the handler
 * carry it out, and gives the slot back. Two kinds of failure: the *delivery
 * status* (the slot or a chain is broken; nothing was executed, no reply is
 * written) and the *status* of the command inside the reply.
 *
 * Most commands finish inside the doorbell write that starts them. Only those
 * that a handler makes asynchronous or a latency keeps back wait to be ended.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "cmd/fault.h"
#include "cmd/mbox.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "fn/pages.h"
#include "host/dma.h"
#include "queue/eq.h"
#include "trace.h"

struct ConnectXCmdQueue {
    QTAILQ_HEAD(, ConnectXCmd) begun;   /* and not ended */
};

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

/* Gives the slot back, then tells of it. */
static void cx_cmd_write_back(ConnectXCmd *cmd, ConnectXDelivery delivery)
{
    ConnectXFunction *fn = cmd->fn;
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    fn->inflight &= ~(1u << cmd->slot);
    cx_mbox_write_back(cmd, delivery);
    /*
     * The driver polls for the commands that create and destroy the command
     * EQ; an event for those would complete them a second time.
     */
    if (cmd->had_cmd_eq && cx_eq_has_cmd(fn)) {
        stl_be_p(data, 1u << cmd->slot);
        cx_eq_post(fn, CX_EV_CMD, 0, data);
    }
}

static void cx_cmd_finish(ConnectXCmd *cmd)
{
    QTAILQ_REMOVE(&cmd->fn->cmdq->begun, cmd, next);
    cx_cmd_write_back(cmd, CX_DELIVERY_OK);
    cx_cmd_free(cmd);
}

static void cx_cmd_delay_expired(void *opaque)
{
    ConnectXCmd *cmd = opaque;

    cx_cmd_finish(cmd);
}

/* Status values that say: the driver should have known better. */
static bool cx_cmd_blames_driver(ConnectXStatus status)
{
    switch (status) {
    case CX_BAD_OP:
    case CX_BAD_PARAM:
    case CX_BAD_SYS_STATE:
    case CX_BAD_RESOURCE:
    case CX_RESOURCE_BUSY:
    case CX_NOT_READY:
    case CX_BAD_RES_STATE:
    case CX_BAD_INDEX:
    case CX_BAD_QP_STATE:
    case CX_BAD_INPUT_LEN:
    case CX_BAD_OUTPUT_LEN:
        return true;
    default:
        return false;
    }
}

/* Unless who refused the command has already said what is wrong with it. */
static void cx_cmd_judge(ConnectXCmd *cmd, ConnectXStatus status)
{
    if (cx_cmd_blames_driver(status) && !cmd->excused &&
        cmd->fn->guest_errors->total == cmd->errors_before) {
        cx_guest_error(cmd->fn, "%s (op_mod 0x%x) refused with status 0x%x",
                       cmd->op->name, cmd->op_mod, status);
    }
}

void cx_cmd_complete(ConnectXCmd *cmd, ConnectXStatus status)
{
    ConnectXFunction *fn = cmd->fn;
    uint64_t ms;

    cmd->cancel = NULL;
    cmd->opaque = NULL;
    if (status != CX_OK && !cmd->syndrome) {
        /* Any number will do: it tells the driver's log where it comes from */
        cmd->syndrome = cmd->opcode << 8 | status;
    }
    CX_SET(query_hca_cap_out, cmd->out, status, status);
    CX_SET(query_hca_cap_out, cmd->out, syndrome,
           status == CX_OK ? 0 : cmd->syndrome);
    cx_cmd_judge(cmd, status);
    trace_connectx_cmd_done(fn->number, cmd->slot,
                            cmd->op ? cmd->op->name : "?", status);
    ms = cx_cmd_latency_ms(cmd);
    if (ms) {
        cmd->delay = timer_new_ns(QEMU_CLOCK_VIRTUAL, cx_cmd_delay_expired,
                                  cmd);
        timer_mod(cmd->delay,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + ms * SCALE_MS);
        return;
    }
    cx_cmd_finish(cmd);
}

static ConnectXStatus cx_cmd_run(ConnectXCmd *cmd)
{
    ConnectXStatus status;

    if (cmd->op && cx_cmd_fault(cmd)) {
        cmd->excused = true;
        return cmd->fn->dev->faults->fail_status;
    }
    status = cx_cmd_check(cmd);
    if (status != CX_OK) {
        return status;
    }
    cx_pages_use(cmd->fn);
    return cmd->op->handler(cmd);
}

static void cx_cmd_decode(ConnectXCmd *cmd)
{
    cmd->opcode = CX_GET(query_hca_cap_in, cmd->in, opcode);
    cmd->op_mod = CX_GET(query_hca_cap_in, cmd->in, op_mod);
    cmd->op = cx_cmd_find_op(cmd->opcode);
    cmd->out = g_malloc0(MAX(MAX(cmd->out_len, CX_CMD_INLINE),
                             cmd->op ? cmd->op->out_len : 0));
    trace_connectx_cmd(cmd->fn->number, cmd->slot,
                       cmd->op ? cmd->op->name : "?", cmd->opcode, cmd->op_mod,
                       cmd->in_len, cmd->out_len, ldl_be_p(cmd->in + 8),
                       ldl_be_p(cmd->in + 12));
}

static void cx_cmd_start(ConnectXFunction *fn, unsigned slot)
{
    uint8_t entry[CX_SLOT_SIZE];
    ConnectXDelivery delivery;
    ConnectXStatus status;
    ConnectXCmd *cmd;

    cmd = g_new0(ConnectXCmd, 1);
    cmd->fn = fn;
    cmd->slot = slot;
    cmd->had_cmd_eq = cx_eq_has_cmd(fn);
    cmd->errors_before = fn->guest_errors->total;
    if (!cx_mbox_read_slot(cmd, entry)) {
        cx_guest_error(fn, "slot %u rung that is not the device's", slot);
        cx_cmd_free(cmd);
        return;
    }
    fn->inflight |= 1u << slot;
    delivery = cx_mbox_fetch(cmd, entry);
    if (delivery != CX_DELIVERY_OK) {
        cx_guest_error(fn, "slot %u cannot be delivered: %u", slot, delivery);
        cx_cmd_write_back(cmd, delivery);
        cx_cmd_free(cmd);
        return;
    }
    cx_cmd_decode(cmd);
    QTAILQ_INSERT_TAIL(&fn->cmdq->begun, cmd, next);
    status = cx_cmd_run(cmd);
    if (status != CX_ASYNC) {
        cx_cmd_complete(cmd, status);
    }
}

static void cx_cmd_run_pending(ConnectXFunction *fn)
{
    /* A command may reset or suspend the function: look anew each time. */
    while (fn->pending && fn->cmdq_addr && !fn->cmds_held &&
           cx_fn_may_dma(fn)) {
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

    QTAILQ_FOREACH_SAFE(cmd, &fn->cmdq->begun, next, next) {
        if (cmd->delay) {
            cx_cmd_finish(cmd);
        }
    }
}

void cx_cmd_cancel_all(ConnectXFunction *fn)
{
    ConnectXCmd *cmd, *next;

    QTAILQ_FOREACH_SAFE(cmd, &fn->cmdq->begun, next, next) {
        if (cmd->cancel) {
            cmd->cancel(cmd);
        }
        QTAILQ_REMOVE(&fn->cmdq->begun, cmd, next);
        cx_cmd_free(cmd);
    }
    fn->inflight = 0;
}

static void cx_cmd_init(ConnectXFunction *fn)
{
    fn->cmdq = g_new0(ConnectXCmdQueue, 1);
    QTAILQ_INIT(&fn->cmdq->begun);
}

static void cx_cmd_uninit(ConnectXFunction *fn)
{
    g_clear_pointer(&fn->cmdq, g_free);
}

static void cx_cmd_reset(ConnectXFunction *fn)
{
    cx_cmd_cancel_all(fn);
    fn->pending = 0;
}

static const ConnectXParticipant cx_cmd_part = {
    .name = "cmd",
    .init = cx_cmd_init,
    .uninit = cx_cmd_uninit,
    .reset = cx_cmd_reset,
    .quiesce = cx_cmd_quiesce,
    .resume = cx_cmd_run_pending,
};

void cx_cmd_register(void)
{
    cx_fn_register(&cx_cmd_part);
}
