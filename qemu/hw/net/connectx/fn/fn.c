/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the functions of a device
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "fn/fn.h"

ConnectXFunction *cx_dev_find_function(ConnectXDevice *dev, uint16_t number)
{
    if (number > dev->nr_vfs) {
        return NULL;
    }
    return number ? dev->vf[number - 1] : dev->pf;
}

static bool cx_fn_enabled(const ConnectXFunction *fn)
{
    return fn->is_vf ? fn->host_enabled : fn->state != CX_FN_RESET;
}

ConnectXFunction *cx_dev_find_vhca(ConnectXDevice *dev, uint16_t vhca_id)
{
    for (unsigned i = 0; i <= dev->nr_vfs; i++) {
        ConnectXFunction *fn = cx_dev_find_function(dev, i);

        if (fn && cx_fn_enabled(fn) && fn->vhca_id == vhca_id) {
            return fn;
        }
    }
    return NULL;
}

uint64_t cx_fn_timer_ns(const ConnectXFunction *fn)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + fn->timer_offset_ns;
}
