/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: transport interfaces, and the tables of receive queues
 * behind them
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "obj/obj.h"
#include "packet/hash.h"
#include "packet/parse.h"
#include "port/port.h"
#include "port/rss.h"

/* tirc.disp_type */
#define CX_TIR_DIRECT       0
#define CX_TIR_INDIRECT     1

/* tirc.rx_hash_fn */
enum {
    CX_HASH_NONE        = 0,
    CX_HASH_XOR8        = 1,
    CX_HASH_TOEPLITZ    = 2,
};

/* A completion's type of hash: what was taken of L3 and L4, of both ends */
enum {
    CX_HTYPE_SRC_IP     = 0,            /* shifts of two bits each */
    CX_HTYPE_DST_IP     = 2,
    CX_HTYPE_SPORT      = 4,
    CX_HTYPE_DPORT      = 6,
};

/* tirc.self_lb_block: it lets through, for all that it is called */
enum {
    CX_OWN_UNICAST      = 1 << 0,
    CX_OWN_MULTICAST    = 1 << 1,
};

static ConnectXStatus cx_tis_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    return cx_obj_use(fn, obj, CX_OBJ_TD,
                      CX_GET(create_tis_in, obj->in, ctx.transport_domain));
}

static ConnectXStatus cx_tir_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *tirc = CX_ADDR(create_tir_in, obj->in, ctx);
    ConnectXStatus status;
    uint32_t td;

    switch (CX_GET(tirc, tirc, disp_type)) {
    case CX_TIR_DIRECT:
        status = cx_obj_use(fn, obj, CX_OBJ_RQ,
                            CX_GET(tirc, tirc, inline_rqn));
        break;
    case CX_TIR_INDIRECT:
        status = cx_obj_use(fn, obj, CX_OBJ_RQT,
                            CX_GET(tirc, tirc, indirect_table));
        break;
    default:
        return CX_BAD_PARAM;
    }
    if (status != CX_OK) {
        return status;
    }
    /* Users of DevX leave the domain out. */
    td = CX_GET(tirc, tirc, transport_domain);
    return !td && cx_uid_is_user(cx_uid(obj->in)) ? CX_OK :
           cx_obj_use(fn, obj, CX_OBJ_TD, td);
}

/* The list follows the context: 24 low bits of each word. */
static uint32_t cx_rqt_entry(const ConnectXObj *rqt, uint32_t i)
{
    return ldl_be_p(rqt->in + CX_SZ(create_rqt_in) + i * 4) & 0xffffff;
}

static ConnectXStatus cx_rqt_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *rqtc = CX_ADDR(create_rqt_in, obj->in, rqt_context);
    uint32_t actual = CX_GET(rqtc, rqtc, rqt_actual_size);
    uint32_t max = CX_GET(rqtc, rqtc, rqt_max_size);

    if (max > CX_RQT_SIZE_MAX || actual > max || CX_GET(rqtc, rqtc, list_q_type)
        || obj->in_len < CX_SZ(create_rqt_in) + max * 4) {
        return CX_BAD_PARAM;
    }
    for (uint32_t i = 0; i < actual; i++) {
        ConnectXStatus status = cx_obj_use(fn, obj, CX_OBJ_RQ,
                                           cx_rqt_entry(obj, i));

        if (status != CX_OK) {
            return status;
        }
    }
    return CX_OK;
}

/* What the interface hashes of a packet, as far as the packet has it */
static unsigned cx_rss_fields(const uint8_t *tirc, const uint8_t *packet)
{
    const uint8_t *select = CX_ADDR(tirc, tirc, rx_hash_field_selector_outer);
    uint8_t version = CX_GET(fte_match_set_lyr_2_4, packet, ip_version);
    uint8_t proto = CX_GET(fte_match_set_lyr_2_4, packet, ip_protocol);
    bool v6 = CX_GET(rx_hash_field_select, select, l3_prot_type);
    bool udp = CX_GET(rx_hash_field_select, select, l4_prot_type);
    unsigned which = CX_GET(rx_hash_field_select, select, selected_fields);

    if (version != (v6 ? 6 : 4)) {
        return 0;
    }
    if (proto != (udp ? CX_IP_UDP : CX_IP_TCP) ||
        CX_GET(fte_match_set_lyr_2_4, packet, frag)) {
        which &= ~(CX_HASH_SPORT | CX_HASH_DPORT);
    }
    return which & (CX_HASH_SRC_IP | CX_HASH_DST_IP | CX_HASH_SPORT |
                    CX_HASH_DPORT);
}

static uint8_t cx_rss_type(const uint8_t *packet, unsigned which)
{
    uint8_t l3 = CX_GET(fte_match_set_lyr_2_4, packet, ip_version) == 6 ? 2 : 1;
    uint8_t l4 = CX_GET(fte_match_set_lyr_2_4, packet, ip_protocol) ==
                 CX_IP_UDP ? 2 : 1;

    return (which & CX_HASH_SRC_IP ? l3 << CX_HTYPE_SRC_IP : 0) |
           (which & CX_HASH_DST_IP ? l3 << CX_HTYPE_DST_IP : 0) |
           (which & CX_HASH_SPORT ? l4 << CX_HTYPE_SPORT : 0) |
           (which & CX_HASH_DPORT ? l4 << CX_HTYPE_DPORT : 0);
}

static void cx_rss_hash(const uint8_t *tirc, const uint8_t *packet,
                        ConnectXHash *hash)
{
    unsigned which = cx_rss_fields(tirc, packet);
    uint8_t data[CX_HASH_BYTES_MAX];
    uint32_t len;

    len = cx_hash_input(packet, which, CX_GET(tirc, tirc, rx_hash_symmetric),
                        data);
    switch (CX_GET(tirc, tirc, rx_hash_fn)) {
    case CX_HASH_XOR8:
        hash->value = cx_xor8(data, len);
        break;
    case CX_HASH_TOEPLITZ:
        hash->value = cx_toeplitz(CX_ADDR(tirc, tirc, rx_hash_toeplitz_key),
                                  data, len);
        break;
    default:
        return;
    }
    hash->type = cx_rss_type(packet, which);
}

ConnectXObj *cx_rss_pick(ConnectXFunction *fn, const ConnectXObj *tir,
                         const uint8_t *packet, ConnectXHash *hash)
{
    const uint8_t *tirc = CX_ADDR(create_tir_in, tir->in, ctx);
    const ConnectXObj *rqt;
    uint32_t n;

    *hash = (ConnectXHash) { 0 };
    if (CX_GET(tirc, tirc, disp_type) == CX_TIR_DIRECT) {
        return cx_obj_find(fn, CX_OBJ_RQ, CX_GET(tirc, tirc, inline_rqn));
    }
    rqt = cx_obj_find(fn, CX_OBJ_RQT, CX_GET(tirc, tirc, indirect_table));
    n = rqt ? CX_GET(create_rqt_in, rqt->in, rqt_context.rqt_actual_size) : 0;
    if (!n) {
        return NULL;
    }
    cx_rss_hash(tirc, packet, hash);
    return cx_obj_find(fn, CX_OBJ_RQ, cx_rqt_entry(rqt, hash->value % n));
}

bool cx_rss_takes_own(const ConnectXObj *tir, bool unicast)
{
    return CX_GET(create_tir_in, tir->in, ctx.self_lb_block) &
           (unicast ? CX_OWN_UNICAST : CX_OWN_MULTICAST);
}

static const ConnectXObjType cx_tis_kind = {
    .kind = CX_OBJ_TIS, .name = "TIS", CX_OBJ_IN(create_tis_in),
    CX_OBJ_ID24, .limit = 1 << CX_LOG_TRANSPORTS, .saved = true,
    .link = cx_tis_link,
};

static const ConnectXObjType cx_tir_kind = {
    .kind = CX_OBJ_TIR, .name = "TIR", CX_OBJ_IN(create_tir_in),
    CX_OBJ_ID24, .limit = 1 << CX_LOG_TRANSPORTS, .saved = true,
    .link = cx_tir_link,
};

static const ConnectXObjType cx_rqt_kind = {
    .kind = CX_OBJ_RQT, .name = "RQT", .in_len_min = CX_SZ(create_rqt_in),
    .in_len_max = CX_SZ(create_rqt_in) + CX_RQT_SIZE_MAX * 4,
    CX_OBJ_ID24, .limit = 1 << CX_LOG_TRANSPORTS, .saved = true,
    .link = cx_rqt_link,
};

void cx_rss_register(void)
{
    cx_obj_add_type(&cx_tis_kind);
    cx_obj_add_type(&cx_tir_kind);
    cx_obj_add_type(&cx_rqt_kind);
}
