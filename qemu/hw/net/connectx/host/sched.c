/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: whose turn it is to be worked on
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "base/function.h"
#include "host/irq.h"
#include "host/sched.h"
#include "trace.h"

/* In one go, about a millisecond's work; of that for one queue in its turn */
#define CX_RUN_FRAMES       512
#define CX_RUN_BYTES        (1 * MiB)
#define CX_SLICE_FRAMES     128
#define CX_SLICE_BYTES      (256 * KiB)
/* In the doorbell's write itself: a large send of TCP (64 KiB), whole */
#define CX_AT_ONCE_FRAMES   64
#define CX_AT_ONCE_BYTES    (80 * KiB)
/* Until the next go: what a thread takes to wake up and get the lock */
#define CX_REST_NS          (50 * SCALE_US)

typedef struct ConnectXTurn {
    ConnectXFunction *fn;
    uint32_t number;
    QTAILQ_ENTRY(ConnectXTurn) next;
} ConnectXTurn;

struct ConnectXSched {
    PCIDevice *pci;
    QEMUBH *bh;
    QEMUTimer *rest;
    QTAILQ_HEAD(, ConnectXTurn) line;
    GHashTable *in_line;        /* the same turns */
    bool at_once;               /* whoever is in line came by this write */
    bool going;                 /* who gets in line now is looked after */
};

static ConnectXWork cx_sched_work;
/* Of the turn that is under way, of whatever device; NULL: none is */
static ConnectXBudget *cx_sched_payer;

void cx_sched_set_work(ConnectXWork work)
{
    cx_sched_work = work;
}

void cx_sched_charge(uint64_t bytes)
{
    if (cx_sched_payer) {
        cx_budget_spend(cx_sched_payer, 0, bytes);
    }
}

static guint cx_turn_hash(gconstpointer p)
{
    const ConnectXTurn *turn = p;

    return g_direct_hash(turn->fn) + turn->number;
}

static gboolean cx_turn_equal(gconstpointer a, gconstpointer b)
{
    const ConnectXTurn *x = a, *y = b;

    return x->fn == y->fn && x->number == y->number;
}

static void cx_sched_remove(ConnectXSched *s, ConnectXTurn *turn)
{
    g_hash_table_remove(s->in_line, turn);
    QTAILQ_REMOVE(&s->line, turn, next);
    g_free(turn);
}

static void cx_sched_append(ConnectXSched *s, ConnectXFunction *fn,
                            uint32_t number)
{
    ConnectXTurn look = { .fn = fn, .number = number }, *turn;

    if (!g_hash_table_contains(s->in_line, &look)) {
        turn = g_memdup2(&look, sizeof(look));
        g_hash_table_add(s->in_line, turn);
        QTAILQ_INSERT_TAIL(&s->line, turn, next);
    }
}

static void cx_sched_next(ConnectXSched *s, ConnectXBudget *run)
{
    ConnectXTurn turn = *QTAILQ_FIRST(&s->line);
    ConnectXBudget slice = {
        .frames = MIN(run->frames, CX_SLICE_FRAMES),
        .bytes = MIN(run->bytes, CX_SLICE_BYTES),
    };
    ConnectXBudget left = slice;

    cx_sched_remove(s, QTAILQ_FIRST(&s->line));
    /* A look is not free either. */
    cx_budget_spend(&left, 1, 0);
    cx_sched_payer = &left;
    if (cx_sched_work(turn.fn, turn.number, &left)) {
        cx_sched_append(s, turn.fn, turn.number);
    }
    cx_sched_payer = NULL;
    cx_budget_spend(run, slice.frames - left.frames,
                    slice.bytes - left.bytes);
}

static void cx_sched_go(ConnectXSched *s, ConnectXBudget run)
{
    ConnectXBudget left = run;

    s->going = true;
    while (!QTAILQ_EMPTY(&s->line) && !cx_budget_spent(&left)) {
        cx_sched_next(s, &left);
    }
    s->going = false;
    trace_connectx_sched_run(run.frames - left.frames, run.bytes - left.bytes,
                             !QTAILQ_EMPTY(&s->line));
}

static void cx_sched_run(void *opaque)
{
    ConnectXSched *s = opaque;
    PCIDevice *pci = s->pci;
    bool outermost = cx_irq_hold();

    cx_pci_hold(pci);
    cx_sched_go(s, (ConnectXBudget) {
        .frames = CX_RUN_FRAMES,
        .bytes = CX_RUN_BYTES,
    });
    if (!QTAILQ_EMPTY(&s->line)) {
        timer_mod(s->rest,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + CX_REST_NS);
    }
    if (outermost) {
        cx_irq_release();
    }
    cx_pci_let_go(pci);
}

void cx_sched_add(ConnectXFunction *fn, uint32_t number)
{
    ConnectXSched *s = fn->dev->sched;

    cx_sched_append(s, fn, number);
    if (!s->at_once && !s->going && !timer_pending(s->rest)) {
        qemu_bh_schedule(s->bh);
    }
}

void cx_sched_open(ConnectXDevice *dev)
{
    dev->sched->at_once = QTAILQ_EMPTY(&dev->sched->line);
}

void cx_sched_close(ConnectXDevice *dev)
{
    ConnectXSched *s = dev->sched;

    if (!s->at_once) {
        return;
    }
    if (!QTAILQ_EMPTY(&s->line)) {
        cx_sched_go(s, (ConnectXBudget) {
            .frames = CX_AT_ONCE_FRAMES,
            .bytes = CX_AT_ONCE_BYTES,
        });
    }
    s->at_once = false;
    if (!QTAILQ_EMPTY(&s->line)) {
        qemu_bh_schedule(s->bh);
    }
}

void cx_sched_forget(ConnectXFunction *fn)
{
    ConnectXSched *s = fn->dev->sched;
    ConnectXTurn *turn, *next;

    QTAILQ_FOREACH_SAFE(turn, &s->line, next, next) {
        if (turn->fn == fn) {
            cx_sched_remove(s, turn);
        }
    }
}

void cx_sched_init(ConnectXDevice *dev, PCIDevice *pci)
{
    ConnectXSched *s = g_new0(ConnectXSched, 1);

    s->pci = pci;
    QTAILQ_INIT(&s->line);
    s->in_line = g_hash_table_new(cx_turn_hash, cx_turn_equal);
    s->bh = qemu_bh_new_guarded(cx_sched_run, s,
                                &DEVICE(pci)->mem_reentrancy_guard);
    s->rest = timer_new_ns(QEMU_CLOCK_VIRTUAL, cx_sched_run, s);
    dev->sched = s;
}

void cx_sched_uninit(ConnectXDevice *dev)
{
    ConnectXSched *s = dev->sched;

    while (!QTAILQ_EMPTY(&s->line)) {
        cx_sched_remove(s, QTAILQ_FIRST(&s->line));
    }
    g_hash_table_unref(s->in_line);
    qemu_bh_delete(s->bh);
    timer_free(s->rest);
    g_clear_pointer(&dev->sched, g_free);
}
