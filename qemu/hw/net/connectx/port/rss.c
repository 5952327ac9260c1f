/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: transport interfaces, and the tables of receive queues
 * behind them
 *
 * What a driver sets is checked and kept; no hash is computed.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "obj/obj.h"
#include "port/port.h"

/* tirc.disp_type */
#define CX_TIR_DIRECT       0
#define CX_TIR_INDIRECT     1

static ConnectXStatus cx_tis_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    return cx_obj_use(fn, obj, CX_OBJ_TD,
                      CX_GET(create_tis_in, obj->in, ctx.transport_domain));
}

static ConnectXStatus cx_tir_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *tirc = CX_ADDR(create_tir_in, obj->in, ctx);
    ConnectXStatus status;

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
    return cx_obj_use(fn, obj, CX_OBJ_TD,
                      CX_GET(tirc, tirc, transport_domain));
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
