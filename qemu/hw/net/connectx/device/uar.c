/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the doorbells of the UAR pages
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "device/uar.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "obj/obj.h"
#include "queue/cq.h"
#include "queue/eq.h"
#include "queue/qp.h"
#include "queue/sq.h"

/* Doorbells of a UAR page */
enum {
    CX_UAR_CQ_ARM   = 0x20,
    CX_UAR_EQ_ARM   = 0x40,
    CX_UAR_EQ_CI    = 0x48,
    CX_UAR_SQ       = 0x800,            /* one in each 0x100 from here on */
};

/* First half of a doorbell that a 32-bit driver writes in two. */
struct ConnectXUar {
    uint32_t half_offset;               /* in BAR0; 0: none */
    uint32_t half;
};

/* A doorbell of 8 bytes at offset in BAR0, hi being its first word. */
static void cx_uar_doorbell(ConnectXFunction *fn, uint32_t offset, uint32_t hi,
                            uint32_t lo)
{
    uint32_t page = offset / CX_PAGE_SIZE;
    uint32_t reg = offset % CX_PAGE_SIZE;

    ConnectXObj *qp;

    if (reg == CX_UAR_CQ_ARM) {
        cx_cq_arm(fn, page, lo & 0xffffff, hi);
    } else if (reg >= CX_UAR_SQ && !(reg & 0xff)) {
        qp = cx_obj_find(fn, CX_OBJ_QP, lo >> 8);
        if (qp) {
            cx_qp_doorbell(fn, page, qp);
        } else {
            cx_sq_doorbell(fn, page, lo >> 8);
        }
    }
}

void cx_uar_write(ConnectXFunction *fn, uint32_t offset, uint64_t value,
                  unsigned size)
{
    uint32_t page = offset / CX_PAGE_SIZE;
    uint32_t reg = offset % CX_PAGE_SIZE;

    if (!cx_obj_find(fn, CX_OBJ_UAR, page)) {
        cx_guest_error(fn, "doorbell at 0x%x, UAR not allocated", offset);
        return;
    }
    if (size == 4 && (reg == CX_UAR_EQ_ARM || reg == CX_UAR_EQ_CI)) {
        cx_eq_doorbell(fn, page, value, reg == CX_UAR_EQ_ARM);
    } else if (size == 8) {
        cx_uar_doorbell(fn, offset, value >> 32, value);
    } else if (size == 4 && !(reg & 4)) {
        fn->uar->half_offset = offset;
        fn->uar->half = value;
    } else if (size == 4 && fn->uar->half_offset == offset - 4) {
        fn->uar->half_offset = 0;
        cx_uar_doorbell(fn, offset - 4, fn->uar->half, value);
    }
}

/*
 * A doorbell that is not one of two halves names its queue: an EQ's in the
 * upper byte, a CQ's in the lower three, an SQ's in those of the second word
 * that its length leaves.
 */
bool cx_uar_covers(const ConnectXLatch *later, const ConnectXLatch *earlier)
{
    uint32_t reg = later->offset % CX_PAGE_SIZE;
    uint64_t differs = later->value ^ earlier->value;

    if (later->offset != earlier->offset || later->size != earlier->size ||
        later->offset < CX_UAR_FIRST * CX_PAGE_SIZE) {
        return false;
    }
    if (later->size == 4) {
        return (reg == CX_UAR_EQ_ARM || reg == CX_UAR_EQ_CI) &&
               !(differs >> 24);
    }
    if (later->size != 8) {
        return false;
    }
    return reg == CX_UAR_CQ_ARM ? !(differs & 0xffffff) :
           reg >= CX_UAR_SQ && !((uint32_t)differs >> 8);
}

static void cx_uar_init(ConnectXFunction *fn)
{
    fn->uar = g_new0(ConnectXUar, 1);
}

static void cx_uar_uninit(ConnectXFunction *fn)
{
    g_clear_pointer(&fn->uar, g_free);
}

static void cx_uar_reset(ConnectXFunction *fn)
{
    fn->uar->half_offset = 0;
}

static const ConnectXParticipant cx_uar_part = {
    .name = "uar",
    .init = cx_uar_init,
    .uninit = cx_uar_uninit,
    .reset = cx_uar_reset,
    .loaded = cx_uar_reset,
};

void cx_uar_register(void)
{
    cx_fn_register(&cx_uar_part);
}
