/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the health of the firmware
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "fn/fn.h"
#include "fn/health.h"
#include "fn/life.h"
#include "host/dma.h"
#include "trace.h"

#define CX_HEALTH_TICK_NS       (10 * SCALE_MS)
#define CX_HEALTH_COUNTER_MASK  0xffffff

/* Of a function; the PF's is the device's. */
struct ConnectXHealth {
    uint8_t syndrome;                   /* of a fatal error; 0: none */
    int64_t died_ns;                    /* when, by the virtual clock */
    /* Of the PF: the firmware starts. No reset of the function ends that. */
    int64_t boot_end_ns;
    bool boot_by_software;              /* who asked for it, a driver? */
};

static int64_t cx_now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

bool cx_health_failed(const ConnectXFunction *fn)
{
    return fn->health->syndrome;
}

/* Whose error a function shows, or NULL */
static const ConnectXHealth *cx_health_error(const ConnectXFunction *fn)
{
    const ConnectXFunction *pf = fn->dev->pf;

    if (cx_health_failed(fn)) {
        return fn->health;
    }
    return pf && cx_health_failed(pf) ? pf->health : NULL;
}

uint8_t cx_health_syndrome(const ConnectXFunction *fn)
{
    const ConnectXHealth *error = cx_health_error(fn);

    return error ? error->syndrome : 0;
}

/* A firmware that died reaches no memory, whoever's it is. */
static void cx_health_shut(ConnectXFunction *fn)
{
    ConnectXDevice *dev = fn->dev;
    unsigned others = fn->is_vf ? 0 : dev->nr_vfs;

    cx_dma_shut(fn, CX_SHUT_DEAD, cx_health_syndrome(fn));
    for (unsigned i = 1; i <= others; i++) {
        ConnectXFunction *vf = cx_dev_find_function(dev, i);

        if (vf) {
            cx_dma_shut(vf, CX_SHUT_DEAD, cx_health_syndrome(vf));
        }
    }
}

void cx_health_fail(ConnectXFunction *fn, uint8_t syndrome)
{
    trace_connectx_health_fail(fn->number, syndrome);
    fn->health->syndrome = syndrome;
    fn->health->died_ns = cx_now_ns();
    cx_health_shut(fn);
    /* Nobody but the PF can reset a VF's firmware, so that has closed it. */
    if (fn->is_vf) {
        fn->nic_interface = CX_NIC_DISABLED;
    }
}

static int64_t cx_health_time_ns(const ConnectXFunction *fn)
{
    const ConnectXHealth *error = cx_health_error(fn);

    return error ? error->died_ns : cx_now_ns();
}

uint32_t cx_health_time_s(const ConnectXFunction *fn)
{
    return cx_health_time_ns(fn) / NANOSECONDS_PER_SECOND;
}

uint32_t cx_health_counter(const ConnectXFunction *fn)
{
    uint64_t tick = cx_health_time_ns(fn) / CX_HEALTH_TICK_NS;

    return tick % CX_HEALTH_COUNTER_MASK + 1;
}

static bool cx_health_booting(const ConnectXDevice *dev)
{
    return cx_now_ns() < dev->pf->health->boot_end_ns;
}

uint8_t cx_health_nic_interface(const ConnectXFunction *fn)
{
    return cx_health_booting(fn->dev) &&
           fn->dev->pf->health->boot_by_software ?
           CX_NIC_SW_RESET : fn->nic_interface;
}

bool cx_health_initializing(const ConnectXFunction *fn)
{
    return cx_health_booting(fn->dev) || (fn->is_vf && !fn->host_enabled);
}

static void cx_health_reset(ConnectXFunction *fn)
{
    fn->health->syndrome = 0;
    cx_health_shut(fn);
    fn->nic_interface = CX_NIC_DISABLED;
}

void cx_health_boot(ConnectXDevice *dev, bool by_software)
{
    ConnectXHealth *health = dev->pf->health;

    health->boot_end_ns = cx_now_ns() + dev->boot_ms * (int64_t)SCALE_MS;
    health->boot_by_software = by_software;
}

static void cx_health_init(ConnectXFunction *fn)
{
    fn->health = g_new0(ConnectXHealth, 1);
}

static void cx_health_uninit(ConnectXFunction *fn)
{
    g_clear_pointer(&fn->health, g_free);
}

static const ConnectXParticipant cx_health_part = {
    .name = "health",
    .init = cx_health_init,
    .uninit = cx_health_uninit,
    .reset = cx_health_reset,
};

void cx_health_register(void)
{
    cx_fn_register(&cx_health_part);
}
