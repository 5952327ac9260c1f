/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: event queues and interrupts
 *
 * An EQ interrupts once per arm: posting to an armed EQ raises the vector and
 * disarms it; arming an EQ that has entries the driver has not consumed raises
 * it at once.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dma.h"
#include "host/irq.h"
#include "obj/obj.h"
#include "queue/eq.h"
#include "trace.h"

struct ConnectXEqs {
    uint32_t cmd_eqn;                   /* EQ with the CMD event, 0: none */
};

ConnectXRing cx_eq_ring(const ConnectXObj *eq)
{
    const uint8_t *eqc = CX_ADDR(create_eq_in, eq->in, eq_context_entry);
    uint8_t shift = CX_GET(eqc, eqc, log_page_size) + CX_PAGE_SHIFT;

    return (ConnectXRing) {
        .obj = eq,
        .offset = cx_ring_offset(CX_GET(eqc, eqc, page_offset), shift),
        .page_shift = shift,
        .log_size = CX_GET(eqc, eqc, log_eq_size),
        .log_stride = ctz32(CX_EQE_SIZE),
    };
}

static uint32_t cx_eq_vector(const ConnectXObj *eq)
{
    return CX_GET(create_eq_in, eq->in, eq_context_entry.intr);
}

static bool cx_eq_wants(const ConnectXObj *eq, uint8_t event)
{
    const uint8_t *mask = eq->in + CX_OFF(create_eq_in, event_bitmask);

    return ldq_be_p(mask + event / 64 * 8) & (1ull << event % 64);
}

static bool cx_eq_behind(const ConnectXObj *eq)
{
    return eq->run.pi != eq->run.ci;
}

/* Between a full queue and an empty one */
static bool cx_eq_plausible(const ConnectXObj *eq, uint32_t ci)
{
    return ((eq->run.pi - ci) & CX_INDEX_MASK) <= 1u << cx_eq_ring(eq).log_size;
}

static ConnectXStatus cx_eq_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *eqc = CX_ADDR(create_eq_in, obj->in, eq_context_entry);
    ConnectXRing ring = cx_eq_ring(obj);
    uint32_t pages = cx_ring_pages(&ring);

    if (!pages || obj->npas != pages || ring.log_size > CX_LOG_EQ_SIZE_MAX ||
        cx_eq_vector(obj) >= fn->nvectors ||
        obj->run.pi > CX_INDEX_MASK || obj->run.ci > CX_INDEX_MASK ||
        !cx_eq_plausible(obj, obj->run.ci)) {
        return CX_BAD_PARAM;
    }
    return cx_obj_use(fn, obj, CX_OBJ_UAR, CX_GET(eqc, eqc, uar_page));
}

static bool cx_eq_is_cmd(ConnectXObj *eq, void *opaque)
{
    ConnectXFunction *fn = opaque;

    if (!cx_eq_wants(eq, CX_EV_CMD)) {
        return false;
    }
    fn->eqs->cmd_eqn = eq->id;
    return true;
}

void cx_eq_find_cmd(ConnectXFunction *fn)
{
    fn->eqs->cmd_eqn = 0;
    cx_obj_foreach(fn, CX_OBJ_EQ, cx_eq_is_cmd, fn);
}

static void cx_eq_notify(ConnectXFunction *fn, ConnectXObj *eq)
{
    uint32_t vector = cx_eq_vector(eq);

    cx_obj_run(fn, eq)->armed = false;
    trace_connectx_eq_notify(fn->number, eq->id, vector);
    cx_irq_raise(fn, vector);
}

static void cx_eq_write(ConnectXFunction *fn, ConnectXObj *eq, uint8_t event,
                        uint8_t sub_type, const uint8_t *data)
{
    ConnectXRing ring = cx_eq_ring(eq);
    uint32_t pi = eq->run.pi;
    uint8_t eqe[CX_EQE_SIZE] = { 0 };
    const uint32_t owner = CX_EQE_SIZE - 1;

    if (((pi - eq->run.ci) & CX_INDEX_MASK) >= 1u << ring.log_size) {
        cx_guest_error(fn, "EQ %" PRIu64 " is full, event 0x%x lost", eq->id,
                       event);
        return;
    }
    eqe[1] = event;
    eqe[3] = sub_type;
    memcpy(eqe + 32, data, CX_EQE_DATA_LEN);
    eqe[owner] = (pi >> ring.log_size) & 1;
    trace_connectx_eq_post(fn->number, eq->id, event, sub_type, pi);

    cx_ring_write(fn, &ring, pi, 0, eqe, owner);
    /* The owner bit hands the entry over: it must be seen last. */
    smp_wmb();
    cx_ring_write(fn, &ring, pi, owner, eqe + owner, 1);
    cx_obj_run(fn, eq)->pi = (pi + 1) & CX_INDEX_MASK;
    if (eq->run.armed) {
        cx_eq_notify(fn, eq);
    }
}

typedef struct {
    uint8_t event;
    ConnectXObj *eq;
} ConnectXEqSearch;

static bool cx_eq_match(ConnectXObj *eq, void *opaque)
{
    ConnectXEqSearch *search = opaque;

    if (cx_eq_wants(eq, search->event)) {
        search->eq = eq;
    }
    return search->eq;
}

void cx_eq_post(ConnectXFunction *fn, uint8_t event, uint8_t sub_type,
                const uint8_t data[CX_EQE_DATA_LEN])
{
    ConnectXEqSearch search = { .event = event };

    if (cx_fn_may_dma(fn) &&
        cx_obj_foreach(fn, CX_OBJ_EQ, cx_eq_match, &search)) {
        cx_eq_write(fn, search.eq, event, sub_type, data);
    }
}

void cx_eq_post_comp(ConnectXFunction *fn, uint32_t eqn, uint32_t cqn)
{
    ConnectXObj *eq = cx_obj_find(fn, CX_OBJ_EQ, eqn);
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    if (eq) {
        stl_be_p(data + 24, cqn);
        cx_eq_write(fn, eq, CX_EV_COMP, 0, data);
    }
}

static bool cx_eq_doorbell_good(ConnectXFunction *fn, const ConnectXObj *eq,
                                uint32_t page, uint32_t ci)
{
    if (page != CX_GET(create_eq_in, eq->in, eq_context_entry.uar_page)) {
        cx_guest_error(fn, "doorbell for EQ %" PRIu64 " by page %u, which is "
                       "not its own", eq->id, page);
        return false;
    }
    if (!cx_eq_plausible(eq, ci)) {
        cx_guest_error(fn, "EQ %" PRIu64 " consumed up to 0x%x, with 0x%x "
                       "produced", eq->id, ci, eq->run.pi);
        return false;
    }
    return true;
}

void cx_eq_doorbell(ConnectXFunction *fn, uint32_t page, uint32_t value,
                    bool arm)
{
    ConnectXObj *eq = cx_obj_find(fn, CX_OBJ_EQ, value >> 24);

    trace_connectx_eq_doorbell(fn->number, value >> 24,
                               value & CX_INDEX_MASK, arm);
    if (!eq) {
        cx_guest_error(fn, "doorbell for EQ %u, which does not exist",
                       value >> 24);
        return;
    }
    if (!cx_eq_doorbell_good(fn, eq, page, value & CX_INDEX_MASK)) {
        return;
    }
    cx_obj_run(fn, eq)->ci = value & CX_INDEX_MASK;
    if (!arm) {
        return;
    }
    cx_obj_run(fn, eq)->armed = true;
    if (cx_eq_behind(eq) && cx_fn_may_dma(fn)) {
        cx_eq_notify(fn, eq);
    }
}

/* An interrupt of before the suspension may be lost: repeat it. */
static bool cx_eq_refire(ConnectXObj *eq, void *opaque)
{
    if (cx_eq_behind(eq)) {
        cx_eq_notify(opaque, eq);
    }
    return false;
}

bool cx_eq_has_cmd(const ConnectXFunction *fn)
{
    return fn->eqs->cmd_eqn;
}

static void cx_eq_init(ConnectXFunction *fn)
{
    fn->eqs = g_new0(ConnectXEqs, 1);
    cx_irq_init(fn);
}

static void cx_eq_uninit(ConnectXFunction *fn)
{
    cx_irq_uninit(fn);
    g_clear_pointer(&fn->eqs, g_free);
}

static void cx_eq_teardown(ConnectXFunction *fn)
{
    fn->eqs->cmd_eqn = 0;
}

static void cx_eq_resume(ConnectXFunction *fn)
{
    if (cx_fn_may_dma(fn)) {
        cx_obj_foreach(fn, CX_OBJ_EQ, cx_eq_refire, fn);
    }
}

static const ConnectXObjType cx_eq_kind = {
    .kind = CX_OBJ_EQ, .name = "EQ", CX_OBJ_IN(create_eq_in),
    .first_id = 4, .last_id = 0xff, .has_pas = true,
    .limit = CX_EQS_MAX, .saved = true,
    .link = cx_eq_link,
};

static const ConnectXParticipant cx_eq_part = {
    .name = "eq",
    .init = cx_eq_init,
    .uninit = cx_eq_uninit,
    .teardown = cx_eq_teardown,
    .reset = cx_irq_drop,
    .quiesce = cx_irq_drop,
    .resume = cx_eq_resume,
    .loaded = cx_eq_find_cmd,
};

void cx_eq_register(void)
{
    cx_obj_add_type(&cx_eq_kind);
    cx_fn_register(&cx_eq_part);
}
