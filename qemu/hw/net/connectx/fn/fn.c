/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the functions of a device
 */
#include "qemu/osdep.h"
#include "fn/caps.h"
#include "fn/fn.h"

/* Clear of all function numbers; many more than there are functions. */
#define CX_VHCA_ID_FIRST    0x100
#define CX_VHCA_IDS         0xfe00

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

static bool cx_vhca_id_taken(ConnectXDevice *dev, uint16_t vhca_id)
{
    for (unsigned i = 0; i <= dev->nr_vfs; i++) {
        ConnectXFunction *fn = cx_dev_find_function(dev, i);

        if (fn && fn->vhca_id == vhca_id) {
            return true;
        }
    }
    return false;
}

/* A linear congruential generator; its upper bits are the better ones. */
static uint16_t cx_vhca_id_draw(ConnectXDevice *dev)
{
    dev->vhca_seed = dev->vhca_seed * 1664525 + 1013904223;
    return CX_VHCA_ID_FIRST + (dev->vhca_seed >> 16) % CX_VHCA_IDS;
}

void cx_dev_renumber(ConnectXFunction *fn)
{
    uint16_t id = cx_vhca_id_draw(fn->dev);

    while (cx_vhca_id_taken(fn->dev, id)) {
        id = CX_VHCA_ID_FIRST + (id - CX_VHCA_ID_FIRST + 1) % CX_VHCA_IDS;
    }
    fn->vhca_id = id;
    cx_caps_set_vhca_id(fn);
}
