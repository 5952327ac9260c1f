/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: entry of the shared object that a stock QEMU loads
 *
 * The object is preloaded, so its constructor runs before QEMU's main() and
 * leaves its types with QEMU's module machinery. QEMU initializes every class
 * while it starts; the PF's refuses to go on with a QEMU of another layout.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "device/device.h"
#include "ops/ops.h"
#include "trace.h"

static void cx_register(void)
{
    cx_ops_hca_register();
    cx_ops_pages_register();
    cx_ops_resource_register();
    cx_ops_queue_register();
    cx_ops_qp_register();
    cx_ops_rss_register();
    cx_ops_flow_register();
    cx_ops_vport_register();
    cx_ops_reg_register();
    cx_pf_register();
    cx_vf_register();
}

type_init(cx_register)
