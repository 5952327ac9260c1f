/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the numbers by which the PF names functions
 */
#include "qemu/osdep.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "fn/vhca_id.h"

/*
 * Clear of all function numbers; many more than there are functions. In 15
 * bits, as mlx5_core makes the upper half of a devlink port's index of it,
 * which devlink(8) shows with a sign and then does not take back.
 */
#define CX_VHCA_ID_FIRST    0x100
#define CX_VHCA_IDS         0x7e00

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
static uint16_t cx_vhca_id_next(ConnectXDevice *dev)
{
    dev->vhca_seed = dev->vhca_seed * 1664525 + 1013904223;
    return CX_VHCA_ID_FIRST + (dev->vhca_seed >> 16) % CX_VHCA_IDS;
}

void cx_vhca_id_draw(ConnectXFunction *fn)
{
    uint16_t id = cx_vhca_id_next(fn->dev);

    while (cx_vhca_id_taken(fn->dev, id)) {
        id = CX_VHCA_ID_FIRST + (id - CX_VHCA_ID_FIRST + 1) % CX_VHCA_IDS;
    }
    fn->vhca_id = id;
    cx_caps_set_vhca_id(fn);
}

static const ConnectXParticipant cx_vhca_id_part = {
    .name = "vhca_id",
    .init = cx_vhca_id_draw,
};

void cx_vhca_id_register(void)
{
    cx_fn_register(&cx_vhca_id_part);
}
