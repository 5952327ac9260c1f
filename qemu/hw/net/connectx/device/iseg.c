/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the initialization segment
 *
 * What a driver finds before it can send a command: versions, the command
 * queue's address and doorbell, a clock, and the health of the firmware.
 */
#include "qemu/osdep.h"
#include "cmd/cmd.h"
#include "device/iseg.h"
#include "fn/device.h"
#include "fn/fn.h"
#include "fn/health.h"
#include "fn/life.h"
#include "trace.h"

/* Initialization segment */
enum {
    CX_ISEG_FW_REV          = 0x0,
    CX_ISEG_CMDIF_REV       = 0x4,
    CX_ISEG_CMDQ_ADDR_H     = 0x10,
    CX_ISEG_CMDQ_ADDR_L_SZ  = 0x14,
    CX_ISEG_CMD_DBELL       = 0x18,
    CX_ISEG_INITIALIZING    = 0x1fc,
    CX_ISEG_HEALTH_ASSERTS  = 0x200,        /* 6 words */
    CX_ISEG_HEALTH_EXIT     = 0x220,
    CX_ISEG_HEALTH_CALLRA   = 0x224,
    CX_ISEG_HEALTH_TIME     = 0x22c,
    CX_ISEG_HEALTH_FW_VER   = 0x230,
    CX_ISEG_HEALTH_HW_ID    = 0x234,
    CX_ISEG_HEALTH_SEVERITY = 0x238,
    CX_ISEG_HEALTH_SYNDROME = 0x23c,
    CX_ISEG_TIMER_H         = 0x1000,
    CX_ISEG_TIMER_L         = 0x1004,
    CX_ISEG_HEALTH_COUNTER  = 0x1010,
};

#define CX_FW_MINOR         41
#define CX_FW_SUB           1000
#define CX_CMDIF_REV        5
#define CX_INITIALIZING     (1u << 31)
#define CX_CAN_SW_RESET     (1u << 30)
#define CX_HEALTH_ASSERT    0xa55e0000  /* any numbers, for a driver's log */
/* Severity of a fatal error: level valid, 2 (critical); and reset asked for */
#define CX_HEALTH_FATAL     (1u << 27 | 2u << 24)
#define CX_HEALTH_RFR       (1u << 31)

static uint32_t cx_iseg_severity(const ConnectXFunction *fn)
{
    if (!cx_health_syndrome(fn)) {
        return 0;
    }
    return CX_HEALTH_FATAL | (fn->dev->fatal_no_request ? 0 : CX_HEALTH_RFR);
}

/* The health buffer: what a driver logs of a firmware that died */
static uint32_t cx_iseg_health_word(ConnectXFunction *fn, uint32_t offset)
{
    uint8_t syndrome = cx_health_syndrome(fn);

    switch (offset) {
    case CX_ISEG_HEALTH_TIME:
        return cx_health_time_s(fn);
    case CX_ISEG_HEALTH_FW_VER:
        return fn->dev->identity->fw_major << 24 | CX_FW_MINOR << 16 |
               CX_FW_SUB;
    case CX_ISEG_HEALTH_HW_ID:
        return fn->dev->identity->hw_id;
    case CX_ISEG_HEALTH_SEVERITY:
        return cx_iseg_severity(fn);
    case CX_ISEG_HEALTH_SYNDROME:
        return syndrome << 16;
    case CX_ISEG_HEALTH_ASSERTS ... CX_ISEG_HEALTH_ASSERTS + 5 * 4:
    case CX_ISEG_HEALTH_EXIT:
    case CX_ISEG_HEALTH_CALLRA:
        return syndrome ? CX_HEALTH_ASSERT | offset : 0;
    default:
        return 0;
    }
}

static uint32_t cx_iseg_initializing(const ConnectXFunction *fn)
{
    return (cx_health_initializing(fn) ? CX_INITIALIZING : 0) |
           (fn->is_vf ? 0 : CX_CAN_SW_RESET);
}

uint32_t cx_iseg_read(ConnectXFunction *fn, uint32_t offset)
{
    switch (offset) {
    case CX_ISEG_FW_REV:
        return CX_FW_MINOR << 16 | fn->dev->identity->fw_major;
    case CX_ISEG_CMDIF_REV:
        return CX_CMDIF_REV << 16 | CX_FW_SUB;
    case CX_ISEG_CMDQ_ADDR_H:
        return fn->cmdq_addr_h;
    case CX_ISEG_CMDQ_ADDR_L_SZ:
        return (fn->cmdq_addr & 0xfffff000) |
               cx_health_nic_interface(fn) << 8 |
               CX_CMD_LOG_SLOTS << 4 | CX_CMD_LOG_STRIDE;
    case CX_ISEG_INITIALIZING:
        return cx_iseg_initializing(fn);
    case CX_ISEG_TIMER_H:
        return cx_fn_timer_ns(fn) >> 32;
    case CX_ISEG_TIMER_L:
        return cx_fn_timer_ns(fn);
    case CX_ISEG_HEALTH_COUNTER:
        return cx_health_counter(fn);
    default:
        return cx_iseg_health_word(fn, offset);
    }
}

/* Only the PF can reset the firmware; a VF's own driver resets the VF. */
static void cx_iseg_sw_reset(ConnectXFunction *fn)
{
    if (fn->is_vf) {
        cx_fn_reset(fn);
    } else {
        cx_dev_reset(fn->dev, true);
    }
}

/* A VF that failed by itself is as new when its driver starts over. */
static void cx_iseg_restart(ConnectXFunction *fn)
{
    uint32_t high = fn->cmdq_addr_h;

    cx_fn_reset(fn);
    fn->cmdq_addr_h = high;
}

/* The write of the low half takes both: a new command queue, or its end. */
static void cx_iseg_set_cmdq(ConnectXFunction *fn, uint32_t low)
{
    uint8_t nic_interface = low >> 8 & 7;

    if (nic_interface == CX_NIC_SW_RESET) {
        cx_iseg_sw_reset(fn);
    } else {
        if (cx_health_failed(fn) && fn->is_vf) {
            cx_iseg_restart(fn);
        }
        cx_cmd_cancel_all(fn);
        fn->pending = 0;
        fn->cmdq_addr = (uint64_t)fn->cmdq_addr_h << 32 | (low & 0xfffff000);
        fn->nic_interface = nic_interface;
    }
    trace_connectx_cmdq(fn->number, fn->cmdq_addr, nic_interface);
}

void cx_iseg_write(ConnectXFunction *fn, uint32_t offset, uint32_t value)
{
    trace_connectx_iseg_write(fn->number, offset, value);
    switch (offset) {
    case CX_ISEG_CMDQ_ADDR_H:
        fn->cmdq_addr_h = value;
        break;
    case CX_ISEG_CMDQ_ADDR_L_SZ:
        cx_iseg_set_cmdq(fn, value);
        break;
    case CX_ISEG_CMD_DBELL:
        cx_cmd_doorbell(fn, value);
        break;
    default:
        break;
    }
}
