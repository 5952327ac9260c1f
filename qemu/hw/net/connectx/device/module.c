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
#include "cmd/cmd.h"
#include "device/bar.h"
#include "device/device.h"
#include "device/uar.h"
#include "fn/caps.h"
#include "fn/health.h"
#include "fn/latch.h"
#include "fn/pages.h"
#include "fn/vhca_id.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "obj/plain.h"
#include "obj/q_counter.h"
#include "obj/uctx.h"
#include "obj/umem.h"
#include "obj/roce.h"
#include "ops/ops.h"
#include "port/port.h"
#include "queue/cq.h"
#include "queue/mcg.h"
#include "queue/moderate.h"
#include "queue/eq.h"
#include "queue/qp.h"
#include "queue/rq.h"
#include "queue/sq.h"
#include "queue/turn.h"
#include "queue/xrc_srq.h"
#include "rdma/clock.h"
#include "rdma/rdma.h"
#include "switch/flow.h"
#include "switch/uplink.h"
#include "switch/vport.h"
#include "vhca/track.h"
#include "vhca/vhca.h"

/* From the top to the ground: the order of participants in fn/life.h. */
static void cx_register_parts(void)
{
    cx_bar_register();
    cx_uar_register();
    cx_cmd_register();
    cx_vhca_register();
    cx_track_register();
    cx_rdma_register();
    cx_clock_register();
    cx_rx_register();
    cx_tx_register();
    cx_rss_register();
    cx_vport_register();
    cx_flow_register();
    cx_uplink_register();
    cx_turn_register();
    cx_sq_register();
    cx_rq_register();
    cx_qp_register();
    cx_mcg_register();
    cx_xrc_srq_register();
    cx_cq_register();
    cx_moderate_register();
    cx_eq_register();
    cx_mkey_register();
    cx_umem_register();
    cx_uctx_register();
    cx_roce_register();
    cx_q_counter_register();
    cx_plain_register();
    cx_obj_register();
    cx_vhca_id_register();
    cx_latch_register();
    cx_pages_register();
    cx_caps_register();
    cx_health_register();
}

static void cx_register(void)
{
    cx_register_parts();
    cx_ops_hca_register();
    cx_ops_pages_register();
    cx_ops_resource_register();
    cx_ops_queue_register();
    cx_ops_qp_register();
    cx_ops_roce_register();
    cx_ops_rss_register();
    cx_ops_flow_register();
    cx_ops_vport_register();
    cx_ops_reg_register();
    cx_ops_umem_register();
    cx_ops_uctx_register();
    cx_ops_ib_register();
    cx_ops_vhca_register();
    cx_ops_general_register();
    cx_pf_register();
    cx_vf_register();
}

type_init(cx_register)
