/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: BAR0, that is the initialization segment and the
 * doorbells of the UAR pages
 *
 * Everything in the BAR is big-endian; drivers read it in pieces of 1 to 8
 * bytes. A write that arrives while the responder is suspended waits.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "base/guest_error.h"
#include "cmd/cmd.h"
#include "device/bar.h"
#include "fn/fn.h"
#include "fn/health.h"
#include "fn/life.h"
#include "host/irq.h"
#include "obj/obj.h"
#include "queue/cq.h"
#include "queue/eq.h"
#include "queue/sq.h"
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
/* Severity of a fatal error: reset asked for, level valid, 2 (critical) */
#define CX_HEALTH_FATAL     (1u << 31 | 1u << 27 | 2u << 24)

/* Doorbells of a UAR page */
enum {
    CX_UAR_CQ_ARM   = 0x20,
    CX_UAR_EQ_ARM   = 0x40,
    CX_UAR_EQ_CI    = 0x48,
    CX_UAR_SQ       = 0x800,            /* one in each 0x100 from here on */
};

/* The health buffer: what a driver logs of a firmware that died */
static uint32_t cx_iseg_health_word(ConnectXFunction *fn, uint32_t offset)
{
    uint8_t syndrome = cx_health_syndrome(fn);

    switch (offset) {
    case CX_ISEG_HEALTH_TIME:
        return cx_health_time_s(fn);
    case CX_ISEG_HEALTH_FW_VER:
        return fn->dev->identity->fw_major << 24 | CX_FW_MINOR << 16 | CX_FW_SUB;
    case CX_ISEG_HEALTH_HW_ID:
        return fn->dev->identity->hw_id;
    case CX_ISEG_HEALTH_SEVERITY:
        return syndrome ? CX_HEALTH_FATAL : 0;
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

static uint32_t cx_iseg_word(ConnectXFunction *fn, uint32_t offset)
{
    int64_t ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

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
        return (ns + fn->timer_offset_ns) >> 32;
    case CX_ISEG_TIMER_L:
        return ns + fn->timer_offset_ns;
    case CX_ISEG_HEALTH_COUNTER:
        return cx_health_counter(fn);
    default:
        return cx_iseg_health_word(fn, offset);
    }
}

static uint64_t cx_bar_read(void *opaque, hwaddr addr, unsigned size)
{
    ConnectXFunction *fn = opaque;
    uint64_t value = 0;

    if (addr >= CX_ISEG_SIZE) {
        return 0;
    }
    for (unsigned i = 0; i < size; i++) {
        uint32_t word = cx_iseg_word(fn, (addr + i) & ~3u);

        value = value << 8 | ((word >> (24 - (addr + i) % 4 * 8)) & 0xff);
    }
    trace_connectx_iseg_read(fn->number, addr, value, size);
    return value;
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
        if (fn->health.syndrome && fn->is_vf) {
            cx_iseg_restart(fn);
        }
        cx_cmd_cancel_all(fn);
        fn->pending = 0;
        fn->cmdq_addr = (uint64_t)fn->cmdq_addr_h << 32 | (low & 0xfffff000);
        fn->nic_interface = nic_interface;
    }
    cx_fn_changed(fn);
    trace_connectx_cmdq(fn->number, fn->cmdq_addr, nic_interface);
}

static void cx_iseg_write(ConnectXFunction *fn, uint32_t offset,
                          uint32_t value)
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

/* A doorbell of 8 bytes, hi being its first word. */
static void cx_uar_doorbell(ConnectXFunction *fn, uint32_t reg, uint32_t hi,
                            uint32_t lo)
{
    if (reg == CX_UAR_CQ_ARM) {
        cx_cq_arm(fn, lo & 0xffffff, hi & 0xffffff, hi & (1u << 24));
    } else if (reg >= CX_UAR_SQ && !(reg & 0xff)) {
        cx_sq_doorbell(fn, lo >> 8);
    }
}

static void cx_uar_write(ConnectXFunction *fn, uint32_t offset,
                         uint64_t value, unsigned size)
{
    uint32_t reg = offset % CX_PAGE_SIZE;

    if (!cx_obj_find(fn, CX_OBJ_UAR, offset / CX_PAGE_SIZE)) {
        cx_guest_error(fn, "doorbell at 0x%x, UAR not allocated", offset);
        return;
    }
    if (size == 4 && (reg == CX_UAR_EQ_ARM || reg == CX_UAR_EQ_CI)) {
        cx_eq_doorbell(fn, value, reg == CX_UAR_EQ_ARM);
    } else if (size == 8) {
        cx_uar_doorbell(fn, reg, value >> 32, value);
    } else if (size == 4 && !(reg & 4)) {
        fn->db_half_offset = offset;
        fn->db_half = value;
    } else if (size == 4 && fn->db_half_offset == offset - 4) {
        fn->db_half_offset = 0;
        cx_uar_doorbell(fn, reg - 4, fn->db_half, value);
    }
}

static void cx_bar_write(ConnectXFunction *fn, uint32_t offset,
                         uint64_t value, unsigned size)
{
    ConnectXLatch w = { .offset = offset, .size = size, .value = value };

    if (fn->suspended & CX_SUSP_RESPONDER) {
        if (fn->latch->len < CX_LATCH_MAX) {
            g_array_append_val(fn->latch, w);
        }
        return;
    }
    if (offset >= CX_UAR_FIRST * CX_PAGE_SIZE) {
        cx_uar_write(fn, offset, value, size);
    } else if (offset < CX_ISEG_SIZE && size == 8) {
        cx_iseg_write(fn, offset, value >> 32);
        cx_iseg_write(fn, offset + 4, value);
    } else if (offset < CX_ISEG_SIZE && size == 4) {
        cx_iseg_write(fn, offset, value);
    }
}

static void cx_bar_init(ConnectXFunction *fn)
{
    fn->latch = g_array_new(false, true, sizeof(ConnectXLatch));
}

static void cx_bar_uninit(ConnectXFunction *fn)
{
    g_array_free(g_steal_pointer(&fn->latch), true);
}

static void cx_bar_reset(ConnectXFunction *fn)
{
    g_array_set_size(fn->latch, 0);
    fn->db_half_offset = 0;
}

/* Replays the writes that came while the responder was suspended. */
static void cx_bar_resume(ConnectXFunction *fn)
{
    g_autoptr(GArray) latch = NULL;

    if (fn->suspended & CX_SUSP_RESPONDER) {
        return;
    }
    latch = fn->latch;
    cx_bar_init(fn);
    for (guint i = 0; i < latch->len; i++) {
        ConnectXLatch *w = &g_array_index(latch, ConnectXLatch, i);

        cx_bar_write(fn, w->offset, w->value, w->size);
    }
}

static void cx_bar_loaded(ConnectXFunction *fn)
{
    fn->db_half_offset = 0;
}

static const ConnectXParticipant cx_bar_part = {
    .name = "bar",
    .init = cx_bar_init,
    .uninit = cx_bar_uninit,
    .reset = cx_bar_reset,
    .resume = cx_bar_resume,
    .loaded = cx_bar_loaded,
};

void cx_bar_register(void)
{
    cx_fn_register(&cx_bar_part);
}

static void cx_bar_mmio_write(void *opaque, hwaddr addr, uint64_t value,
                              unsigned size)
{
    ConnectXFunction *fn = opaque;

    if (cx_irq_in_message()) {
        cx_guest_error(fn, "an interrupt message wrote to a register");
        return;
    }
    cx_bar_write(fn, addr, value, size);
}

const MemoryRegionOps cx_bar_ops = {
    .read = cx_bar_read,
    .write = cx_bar_mmio_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 8,
    },
};
