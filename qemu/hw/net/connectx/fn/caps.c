/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: capability pages
 *
 * Capabilities decide nearly everything that a driver attempts, so the set is
 * kept small: what stands here is modelled, what is not modelled stays zero.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/life.h"

/* Only types that the function has are allocated: cur[t] and max[t] together */
struct ConnectXCaps {
    uint8_t *cur[CX_CAP_TYPES];
    uint8_t *max[CX_CAP_TYPES];
};

/* What a driver may change of a page; the maximum page bounds each field. */
typedef struct ConnectXCapField {
    uint8_t type;
    bool by_pf_only;
    uint16_t bit;
    uint16_t width;
} ConnectXCapField;

#define CX_SETTABLE(_type, _s, _f, _pf) \
    { .type = _type, .by_pf_only = _pf, .bit = CX_BIT(_s, _f), \
      .width = CX_WIDTH(_s, _f) }
#define CX_SETTABLE_GEN(_f) \
    CX_SETTABLE(CX_CAP_GENERAL, cmd_hca_cap, _f, false)

static const ConnectXCapField cx_cap_fields[] = {
    CX_SETTABLE_GEN(pkey_table_size),
    CX_SETTABLE_GEN(log_max_qp),
    CX_SETTABLE_GEN(cmdif_checksum),
    CX_SETTABLE_GEN(uar_4k),
    CX_SETTABLE_GEN(log_uar_page_sz),
    CX_SETTABLE_GEN(cache_line_128byte),
    CX_SETTABLE_GEN(num_vhca_ports),
    CX_SETTABLE_GEN(release_all_pages),
    CX_SETTABLE_GEN(mkey_by_name),
    CX_SETTABLE_GEN(disable_link_up),
    CX_SETTABLE_GEN(roce),
    CX_SETTABLE_GEN(log_max_current_uc_list),
    CX_SETTABLE(CX_CAP_GENERAL_2, cmd_hca_cap_2, migratable, true),
};

/* atomic_caps: operations, and sizes of operands */
#define CX_ATOMIC_COMPARE_SWAP  (1 << 0)
#define CX_ATOMIC_FETCH_ADD     (1 << 1)
#define CX_ATOMIC_OF_8_BYTES    (1 << 3)

/* SET_HCA_CAP for another function carries no more than this of the page. */
#define CX_CAP_SET_SIZE     CX_SZ(cmd_hca_cap)

static void cx_caps_general_queues(uint8_t *p)
{
    CX_SET(cmd_hca_cap, p, log_max_srq_sz, CX_LOG_WQ_SIZE_MAX);
    CX_SET(cmd_hca_cap, p, log_max_qp_sz, CX_LOG_WQ_SIZE_MAX);
    CX_SET(cmd_hca_cap, p, log_max_qp, CX_LOG_QUEUES);
    CX_SET(cmd_hca_cap, p, log_max_srq, CX_LOG_QUEUES);
    CX_SET(cmd_hca_cap, p, log_max_cq_sz, CX_LOG_CQ_SIZE_MAX);
    CX_SET(cmd_hca_cap, p, log_max_cq, CX_LOG_QUEUES);
    CX_SET(cmd_hca_cap, p, cq_moderation, 1);
    CX_SET(cmd_hca_cap, p, cq_period_mode_modify, 1);
    CX_SET(cmd_hca_cap, p, log_max_eq_sz, CX_LOG_EQ_SIZE_MAX);
    CX_SET(cmd_hca_cap, p, log_max_eq, ctz32(CX_EQS_MAX));
    CX_SET(cmd_hca_cap, p, max_num_eqs, CX_EQS_MAX);
    CX_SET(cmd_hca_cap, p, log_max_mkey, CX_LOG_MKEYS);
    CX_SET(cmd_hca_cap, p, log_max_mrw_sz, 62);
    CX_SET(cmd_hca_cap, p, log_max_pd, CX_LOG_DOMAINS);
    CX_SET(cmd_hca_cap, p, log_max_transport_domain, CX_LOG_DOMAINS);
    CX_SET(cmd_hca_cap, p, log_max_rq, CX_LOG_QUEUES);
    CX_SET(cmd_hca_cap, p, log_max_sq, CX_LOG_QUEUES);
    CX_SET(cmd_hca_cap, p, log_max_tir, CX_LOG_TRANSPORTS);
    CX_SET(cmd_hca_cap, p, log_max_tis, CX_LOG_TRANSPORTS);
    CX_SET(cmd_hca_cap, p, log_max_rmp, CX_LOG_QUEUES);
    CX_SET(cmd_hca_cap, p, log_max_rqt, CX_LOG_TRANSPORTS);
    CX_SET(cmd_hca_cap, p, log_max_rqt_size, CX_LOG_RQT_SIZE_MAX);
    CX_SET(cmd_hca_cap, p, log_max_tis_per_sq, 1);
    CX_SET(cmd_hca_cap, p, basic_cyclic_rcv_wqe, 1);
    CX_SET(cmd_hca_cap, p, log_max_wq_sz, CX_LOG_WQ_SIZE_MAX);
    CX_SET(cmd_hca_cap, p, log_min_stride_sz_rq, 4);
    CX_SET(cmd_hca_cap, p, log_max_stride_sz_rq, 12);
    CX_SET(cmd_hca_cap, p, log_min_stride_sz_sq, 6);
    CX_SET(cmd_hca_cap, p, log_max_stride_sz_sq, 12);
    /* mlx5e refuses less than 16 blocks of a WQE */
    CX_SET(cmd_hca_cap, p, max_wqe_sz_sq, CX_WQE_MAX);
    CX_SET(cmd_hca_cap, p, max_wqe_sz_rq, 512);
}

static void cx_caps_general_rdma(ConnectXFunction *fn, uint8_t *p)
{
    CX_SET(cmd_hca_cap, p, roce, 1);
    CX_SET(cmd_hca_cap, p, cq_resize, 1);
    CX_SET(cmd_hca_cap, p, rc, 1);
    CX_SET(cmd_hca_cap, p, uc, 1);
    CX_SET(cmd_hca_cap, p, ud, 1);
    /* By this mlx5_ib tells the packets of a port by QUERY_VPORT_COUNTER. */
    CX_SET(cmd_hca_cap, p, vport_counters, 1);
    /* Sets, and what they count: without the former mlx5_ib has none. */
    CX_SET(cmd_hca_cap, p, max_qp_cnt, CX_Q_COUNTERS);
    CX_SET(cmd_hca_cap, p, out_of_seq_cnt, 1);
    CX_SET(cmd_hca_cap, p, retransmission_q_counters, 1);
    CX_SET(cmd_hca_cap, p, enhanced_error_q_counters, 1);
    /* Without, mlx5_ib is content with less than it needs, and gives up. */
    CX_SET(cmd_hca_cap, p, xrc, 1);
    CX_SET(cmd_hca_cap, p, log_max_xrcd, CX_LOG_DOMAINS);
    CX_SET(cmd_hca_cap, p, log_max_klm_list_size, CX_LOG_KLM_LIST);
    CX_SET(cmd_hca_cap, p, log_max_mcg, CX_LOG_MCGS);
    CX_SET(cmd_hca_cap, p, max_qp_mcg, CX_MCG_QPS);
    /*
     * Drivers make keys by command then. Else mlx5_ib makes thousands as it
     * loads, and has them filled by requests of a queue.
     */
    CX_SET(cmd_hca_cap, p, umr_modify_entity_size_disabled,
           !fn->dev->mkey_cache);
    CX_SET(cmd_hca_cap, p, log_max_uctx, CX_LOG_UCTXS);
    CX_SET(cmd_hca_cap, p, uctx_cap, MLX5_UCTX_CAP_RAW_TX);
    /* rdma-core's VFIO provider takes no function without. */
    CX_SET(cmd_hca_cap, p, umem_uid_0, 1);
    /* mlx5_ib gives no queue pair of the connection manager without. */
    CX_SET(cmd_hca_cap, p, atomic, 1);
    CX_SET(cmd_hca_cap, p, log_max_ra_req_qp, CX_LOG_QP_READS);
    CX_SET(cmd_hca_cap, p, log_max_ra_res_qp, CX_LOG_QP_READS);
}

static void cx_caps_general(ConnectXFunction *fn, uint8_t *p)
{
    CX_SET(cmd_hca_cap, p, vhca_id, fn->vhca_id);
    CX_SET(cmd_hca_cap, p, port_type, 1);       /* Ethernet */
    CX_SET(cmd_hca_cap, p, num_ports, 1);
    CX_SET(cmd_hca_cap, p, num_vhca_ports, 1);
    CX_SET(cmd_hca_cap, p, gid_table_size, 0);
    CX_SET(cmd_hca_cap, p, eth_net_offloads, 1);
    CX_SET(cmd_hca_cap, p, nic_flow_table, 1);
    CX_SET(cmd_hca_cap, p, cqe_version, 1);
    CX_SET(cmd_hca_cap, p, log_max_msg, 30);
    CX_SET(cmd_hca_cap, p, log_pg_sz, CX_PAGE_SHIFT);
    CX_SET(cmd_hca_cap, p, bf, 1);
    CX_SET(cmd_hca_cap, p, log_bf_reg_size, 9);
    /* Size of the BAR in units of 1 MiB, as a power of two */
    CX_SET(cmd_hca_cap, p, uar_sz, ctz64(memory_region_size(&fn->bar) / MiB));
    CX_SET(cmd_hca_cap, p, num_of_uars_per_page, 1);
    CX_SET(cmd_hca_cap, p, device_frequency_mhz, 1000);
    CX_SET(cmd_hca_cap, p, device_frequency_khz, 1000000);
    CX_SET(cmd_hca_cap, p, log_max_current_uc_list, CX_LOG_MAC_LIST);
    CX_SET(cmd_hca_cap, p, log_max_current_mc_list, CX_LOG_MAC_LIST);
    CX_SET(cmd_hca_cap, p, log_max_vlan_list, CX_LOG_MAC_LIST);
    CX_SET(cmd_hca_cap, p, hca_cap_2, 1);
    cx_caps_general_queues(p);
    if (fn->dev->rdma) {
        cx_caps_general_rdma(fn, p);
    }
    if (fn->is_vf) {
        return;
    }
    CX_SET(cmd_hca_cap, p, migration, fn->dev->vhca.migration);
    CX_SET(cmd_hca_cap, p, adv_virtualization, fn->dev->track.on);
    if (fn->dev->eswitch) {
        /* It sets capabilities of VFs. */
        CX_SET(cmd_hca_cap, p, vhca_resource_manager, 1);
        CX_SET(cmd_hca_cap, p, vport_group_manager, 1);
        CX_SET(cmd_hca_cap, p, eswitch_manager, 1);
        CX_SET(cmd_hca_cap, p, nic_vport_change_event, 1);
        /* Without, mlx5_core does not look at what addresses a vport wants. */
        CX_SET(cmd_hca_cap, p, log_max_l2_table, CX_LOG_L2_TABLE);
    }
}

static void cx_caps_general_2(ConnectXFunction *fn, uint8_t *p)
{
    if (fn->is_vf) {
        CX_SET(cmd_hca_cap_2, p, migratable, fn->dev->migratable);
        return;
    }
    CX_SET(cmd_hca_cap_2, p, migration_multi_load, fn->dev->vhca.multi_load);
    CX_SET(cmd_hca_cap_2, p, migration_tracking_state,
           fn->dev->vhca.tracking);
    CX_SET(cmd_hca_cap_2, p, migration_in_chunks, fn->dev->vhca.chunks);
    cx_bits_set(p, CX_BIT_CAP_2_MIGRATION_STATE, 1, fn->dev->vhca.state);
}

static void cx_caps_ethernet(ConnectXFunction *fn, uint8_t *p)
{
#define ETH(f, v) CX_SET(per_protocol_networking_offload_caps, p, f, v)
    ETH(csum_cap, 1);
    ETH(vlan_cap, 1);
    ETH(wqe_vlan_insert, 1);
    ETH(max_lso_cap, CX_LOG_LSO_MAX);
    ETH(wqe_inline_mode, 2);                    /* nothing need be inline */
    ETH(rss_ind_tbl_cap, CX_LOG_RQT_SIZE_MAX);
    ETH(self_lb_en_modifiable, 1);
    ETH(cqe_checksum_full, 1);
#undef ETH
}

static void cx_caps_flow_layout(uint8_t *p)
{
#define FT(f, v) CX_SET(flow_table_prop_layout, p, f, v)
    FT(ft_support, 1);
    FT(flow_modify_en, 1);
    FT(modify_root, 1);
    FT(identified_miss_table_mode, 1);
    FT(flow_table_modify, 1);
    FT(log_max_ft_size, CX_LOG_FLOW_ENTRIES);
    FT(max_ft_level, 64);
    FT(log_max_ft_num, CX_LOG_FLOW_TABLES);
    FT(log_max_destination, CX_LOG_FLOW_DESTS);
    FT(log_max_flow, CX_LOG_FLOW_ENTRIES);
#undef FT
}

/* Fields that mlx5_core's own tables match, which it builds unasked. */
static void cx_caps_flow_fields(uint8_t *fields)
{
#define MATCH(f) CX_SET(flow_table_fields_supported, fields, f, 1)
    MATCH(outer_dmac);
    MATCH(outer_ether_type);
    MATCH(outer_ip_version);
    MATCH(outer_ip_protocol);
    MATCH(outer_first_vid);
#undef MATCH
}

/* mlx5_core has no switchdev mode with RoCE without, from 6.12 on. */
static void cx_caps_rdma_flow_table(uint8_t *rx)
{
    uint8_t *fields = CX_ADDR(flow_table_prop_layout, rx, ft_field_support);

    cx_caps_flow_layout(rx);
    CX_SET(flow_table_prop_layout, rx, table_miss_action_domain, 1);
    cx_caps_flow_fields(fields);
    CX_SET(flow_table_fields_supported, fields, source_eswitch_port, 1);
    memcpy(CX_ADDR(flow_table_prop_layout, rx, ft_field_bitmask_support),
           fields, CX_SZ(flow_table_fields_supported));
}

static void cx_caps_flow_table(ConnectXFunction *fn, uint8_t *p)
{
    uint8_t *rx = CX_ADDR(flow_table_nic_cap, p,
                          flow_table_properties_nic_receive);

    cx_caps_flow_layout(rx);
    cx_caps_flow_fields(CX_ADDR(flow_table_prop_layout, rx, ft_field_support));
    cx_caps_flow_fields(CX_ADDR(flow_table_prop_layout, rx,
                                ft_field_bitmask_support));
    if (fn->dev->rdma) {
        cx_caps_rdma_flow_table(CX_ADDR(flow_table_nic_cap, p,
                                flow_table_properties_nic_receive_rdma));
    }
}

/* What the two ACLs of a vport match: tags, and the sender's address */
static void cx_caps_acl(uint8_t *acl)
{
    uint8_t *fields = CX_ADDR(flow_table_prop_layout, acl, ft_field_support);

    cx_caps_flow_layout(acl);
    CX_SET(flow_table_fields_supported, fields, outer_smac, 1);
    CX_SET(flow_table_fields_supported, fields, outer_first_vid, 1);
    memcpy(CX_ADDR(flow_table_prop_layout, acl, ft_field_bitmask_support),
           fields, CX_SZ(flow_table_fields_supported));
}

static void cx_caps_eswitch_flow_table(ConnectXFunction *fn, uint8_t *p)
{
    uint8_t *fdb = CX_ADDR(flow_table_eswitch_cap, p,
                           flow_table_properties_nic_esw_fdb);
    uint8_t *fields = CX_ADDR(flow_table_prop_layout, fdb, ft_field_support);

    cx_caps_flow_layout(fdb);
    /* The two that the legacy switch's table matches */
    CX_SET(flow_table_fields_supported, fields, outer_dmac, 1);
    CX_SET(flow_table_fields_supported, fields, source_eswitch_port, 1);
    memcpy(CX_ADDR(flow_table_prop_layout, fdb, ft_field_bitmask_support),
           fields, CX_SZ(flow_table_fields_supported));
    cx_caps_acl(CX_ADDR(flow_table_eswitch_cap, p,
                        flow_table_properties_esw_acl_ingress));
    cx_caps_acl(CX_ADDR(flow_table_eswitch_cap, p,
                        flow_table_properties_esw_acl_egress));
}

static void cx_caps_eswitch(ConnectXFunction *fn, uint8_t *p)
{
    CX_SET(e_switch_cap, p, nic_vport_node_guid_modify, 1);
    CX_SET(e_switch_cap, p, vport_cvlan_strip, 1);
    CX_SET(e_switch_cap, p, vport_cvlan_insert_if_not_exist, 1);
}

/* Operands are in the order of the host's CPU; no driver can set that. */
static void cx_caps_atomic(ConnectXFunction *fn, uint8_t *p)
{
    CX_SET(atomic_caps, p, atomic_req_8B_endianness_mode, 1);
    CX_SET(atomic_caps, p, atomic_operations,
           CX_ATOMIC_COMPARE_SWAP | CX_ATOMIC_FETCH_ADD);
    CX_SET(atomic_caps, p, atomic_size_qp, CX_ATOMIC_OF_8_BYTES);
}

/* Version 2 alone, over IPv4 and IPv6 */
static void cx_caps_roce(ConnectXFunction *fn, uint8_t *p)
{
    CX_SET(roce_cap, p, l3_type, 1 << 1 | 1 << 2);
    CX_SET(roce_cap, p, roce_version, 1 << 2);
    CX_SET(roce_cap, p, r_roce_dest_udp_port, CX_ROCE_PORT);
    CX_SET(roce_cap, p, r_roce_max_src_udp_port, 0xffff);
    CX_SET(roce_cap, p, r_roce_min_src_udp_port, 0xc000);
    CX_SET(roce_cap, p, roce_address_table_size, CX_ROCE_ADDRESSES);
}

static void cx_caps_adv_virtualization(ConnectXFunction *fn, uint8_t *p)
{
    const ConnectXTrackKnobs *track = &fn->dev->track;

#define TRACK(f, v) CX_SET(adv_virtualization_cap, p, pg_track_##f, v)
    TRACK(log_max_num, CX_LOG_TRACKS);
    TRACK(max_num_range, track->ranges);
    TRACK(log_min_addr_space, track->space_min);
    TRACK(log_max_addr_space, track->space_max);
    TRACK(log_min_msg_size, track->message_min);
    TRACK(log_max_msg_size, track->message_max);
    TRACK(log_min_page_size, track->page_min);
    TRACK(log_max_page_size, track->page_max);
#undef TRACK
}

static bool cx_caps_always(const ConnectXFunction *fn)
{
    return true;
}

static bool cx_caps_if_eswitch(const ConnectXFunction *fn)
{
    return !fn->is_vf && fn->dev->eswitch;
}

static bool cx_caps_if_rdma(const ConnectXFunction *fn)
{
    return fn->dev->rdma;
}

static bool cx_caps_if_track(const ConnectXFunction *fn)
{
    return !fn->is_vf && fn->dev->track.on;
}

static const struct {
    uint8_t type;
    bool (*has)(const ConnectXFunction *fn);
    void (*fill)(ConnectXFunction *fn, uint8_t *page);
} cx_cap_pages[] = {
    { CX_CAP_GENERAL, cx_caps_always, cx_caps_general },
    { CX_CAP_ETHERNET, cx_caps_always, cx_caps_ethernet },
    { CX_CAP_ATOMIC, cx_caps_if_rdma, cx_caps_atomic },
    { CX_CAP_ROCE, cx_caps_if_rdma, cx_caps_roce },
    { CX_CAP_FLOW_TABLE, cx_caps_always, cx_caps_flow_table },
    { CX_CAP_ESWITCH_FLOW_TABLE, cx_caps_if_eswitch,
      cx_caps_eswitch_flow_table },
    { CX_CAP_ESWITCH, cx_caps_if_eswitch, cx_caps_eswitch },
    { CX_CAP_GENERAL_2, cx_caps_always, cx_caps_general_2 },
    { CX_CAP_ADV_VIRTUALIZATION, cx_caps_if_track,
      cx_caps_adv_virtualization },
};

void cx_caps_reset(ConnectXFunction *fn)
{
    /* The PF's administrator set it; it outlives the VF's resets. */
    bool keep = fn->caps->max[CX_CAP_GENERAL_2];
    bool migratable = keep && CX_GET(cmd_hca_cap_2,
                                     fn->caps->max[CX_CAP_GENERAL_2],
                                     migratable);

    for (unsigned i = 0; i < ARRAY_SIZE(cx_cap_pages); i++) {
        unsigned type = cx_cap_pages[i].type;

        if (!cx_cap_pages[i].has(fn)) {
            continue;
        }
        if (!fn->caps->max[type]) {
            fn->caps->max[type] = g_malloc(CX_CAP_PAGE_SIZE);
            fn->caps->cur[type] = g_malloc(CX_CAP_PAGE_SIZE);
        }
        memset(fn->caps->max[type], 0, CX_CAP_PAGE_SIZE);
        cx_cap_pages[i].fill(fn, fn->caps->max[type]);
        if (type == CX_CAP_GENERAL_2 && keep && fn->is_vf) {
            CX_SET(cmd_hca_cap_2, fn->caps->max[type], migratable, migratable);
        }
        memcpy(fn->caps->cur[type], fn->caps->max[type], CX_CAP_PAGE_SIZE);
    }
}

const uint8_t *cx_caps_cur(const ConnectXFunction *fn, unsigned type)
{
    return type < CX_CAP_TYPES ? fn->caps->cur[type] : NULL;
}

const uint8_t *cx_caps_max(const ConnectXFunction *fn, unsigned type)
{
    return type < CX_CAP_TYPES ? fn->caps->max[type] : NULL;
}

void cx_caps_put(ConnectXFunction *fn, unsigned type, const uint8_t *page)
{
    memcpy(fn->caps->cur[type], page, CX_CAP_PAGE_SIZE);
}

ConnectXCaps *cx_caps_copy(const ConnectXFunction *like)
{
    ConnectXCaps *caps = g_new0(ConnectXCaps, 1);

    for (unsigned type = 0; type < CX_CAP_TYPES; type++) {
        caps->cur[type] = g_memdup2(cx_caps_cur(like, type), CX_CAP_PAGE_SIZE);
        caps->max[type] = g_memdup2(cx_caps_max(like, type), CX_CAP_PAGE_SIZE);
    }
    return caps;
}

void cx_caps_free(ConnectXCaps *caps)
{
    for (unsigned type = 0; type < CX_CAP_TYPES; type++) {
        g_free(caps->cur[type]);
        g_free(caps->max[type]);
    }
    g_free(caps);
}

static void cx_caps_init(ConnectXFunction *fn)
{
    fn->caps = g_new0(ConnectXCaps, 1);
    cx_caps_reset(fn);
}

static void cx_caps_uninit(ConnectXFunction *fn)
{
    g_clear_pointer(&fn->caps, cx_caps_free);
}

void cx_caps_set_vhca_id(ConnectXFunction *fn)
{
    CX_SET(cmd_hca_cap, fn->caps->cur[CX_CAP_GENERAL], vhca_id, fn->vhca_id);
    CX_SET(cmd_hca_cap, fn->caps->max[CX_CAP_GENERAL], vhca_id, fn->vhca_id);
}

ConnectXStatus cx_caps_check(ConnectXFunction *fn, unsigned type,
                             const uint8_t *page, bool by_pf)
{
    uint8_t rest[CX_CAP_SET_SIZE];

    if (!cx_caps_max(fn, type)) {
        return CX_BAD_PARAM;
    }
    memcpy(rest, page, sizeof(rest));
    if (type == CX_CAP_GENERAL) {
        /* An image brings the id of the function that it was saved from. */
        CX_SET(cmd_hca_cap, rest, vhca_id, fn->vhca_id);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(cx_cap_fields); i++) {
        const ConnectXCapField *f = &cx_cap_fields[i];
        uint32_t max;

        if (f->type != type) {
            continue;
        }
        max = cx_bits_get(fn->caps->max[type], f->bit, f->width);
        /* What only the PF may set, it sets in the maximum page too. */
        if (f->by_pf_only ? !by_pf && max != cx_bits_get(rest, f->bit, f->width)
                          : cx_bits_get(rest, f->bit, f->width) > max) {
            return CX_BAD_PARAM;
        }
        cx_bits_set(rest, f->bit, f->width, max);
    }
    if (memcmp(rest, fn->caps->max[type], sizeof(rest))) {
        cx_guest_error(fn, "capability page 0x%x changes what cannot be set",
                       type);
        return CX_BAD_PARAM;
    }
    return CX_OK;
}

ConnectXStatus cx_caps_set(ConnectXFunction *fn, unsigned type,
                           const uint8_t *page, bool by_pf)
{
    ConnectXStatus status = cx_caps_check(fn, type, page, by_pf);

    if (status != CX_OK) {
        return status;
    }
    memcpy(fn->caps->cur[type], page, CX_CAP_SET_SIZE);
    if (type == CX_CAP_GENERAL) {
        CX_SET(cmd_hca_cap, fn->caps->cur[type], vhca_id, fn->vhca_id);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(cx_cap_fields); i++) {
        const ConnectXCapField *f = &cx_cap_fields[i];

        if (f->type == type && f->by_pf_only) {
            cx_bits_set(fn->caps->max[type], f->bit, f->width,
                        cx_bits_get(page, f->bit, f->width));
        }
    }
    return CX_OK;
}

static const ConnectXParticipant cx_caps_part = {
    .name = "caps",
    .init = cx_caps_init,
    .uninit = cx_caps_uninit,
    .reset = cx_caps_reset,
};

void cx_caps_register(void)
{
    cx_fn_register(&cx_caps_part);
}
