/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the life of a device, that is of all its functions
 */
#include "qemu/osdep.h"
#include "fn/device.h"
#include "fn/fn.h"
#include "fn/health.h"
#include "fn/life.h"
#include "fn/pages.h"

void cx_dev_reset(ConnectXDevice *dev, bool by_software)
{
    dev->resetting = true;
    /* VFs first: what the PF does to them ends with them. */
    for (unsigned i = 0; i < dev->nr_vfs; i++) {
        ConnectXFunction *vf = dev->vf[i];

        if (vf) {
            cx_fn_reset(vf);
            vf->host_enabled = false;
            cx_pages_reset_host(vf);
        }
    }
    cx_fn_reset(dev->pf);
    dev->resetting = false;
    cx_health_boot(dev, by_software);
}
