/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: multicast groups of queue pairs, as objects
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "host/sched.h"
#include "obj/obj.h"
#include "queue/mcg.h"
#include "queue/qp.h"

/* How many bytes can be copied while one is looked at */
#define CX_MCG_BYTES        128

static const uint8_t *cx_mcg_gid(const ConnectXObj *mcg)
{
    return CX_ADDR(attach_to_mcg_in, mcg->in, multicast_gid);
}

static uint32_t cx_mcg_qpn(const ConnectXObj *mcg)
{
    return CX_GET(attach_to_mcg_in, mcg->in, qpn);
}

typedef struct ConnectXMcgSearch {
    const uint8_t *gid;
    uint32_t qpn;
    ConnectXObj *found;
} ConnectXMcgSearch;

static bool cx_mcg_is(ConnectXObj *mcg, void *opaque)
{
    ConnectXMcgSearch *search = opaque;

    if (cx_mcg_qpn(mcg) == search->qpn &&
        !memcmp(cx_mcg_gid(mcg), search->gid, CX_GID_BYTES)) {
        search->found = mcg;
    }
    return search->found;
}

ConnectXObj *cx_mcg_find(ConnectXFunction *fn, const uint8_t *gid,
                         uint32_t qpn)
{
    ConnectXMcgSearch search = { .gid = gid, .qpn = qpn };

    cx_obj_foreach(fn, CX_OBJ_MCG, cx_mcg_is, &search);
    return search.found;
}

/*
 * What is visited may move queue pairs to another state, but takes none away:
 * the numbers are as good as they were.
 */
unsigned cx_mcg_foreach(ConnectXFunction *fn, const uint8_t *gid,
                        ConnectXMcgVisit visit, void *opaque)
{
    unsigned n = 0;

    cx_sched_charge(cx_obj_count(fn, CX_OBJ_MCG) * CX_MCG_BYTES);
    for (ConnectXObj *mcg = cx_obj_from(fn, CX_OBJ_MCG, 0); mcg;
         mcg = cx_obj_from(fn, CX_OBJ_MCG, mcg->id + 1)) {
        ConnectXObj *qp = cx_obj_find(fn, CX_OBJ_QP, cx_mcg_qpn(mcg));

        if (!memcmp(cx_mcg_gid(mcg), gid, CX_GID_BYTES)) {
            n++;
            if (visit) {
                visit(fn, qp, opaque);
            }
        }
    }
    return n;
}

static ConnectXStatus cx_mcg_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    uint32_t qpn = cx_mcg_qpn(obj);
    const ConnectXObj *qp = cx_obj_find(fn, CX_OBJ_QP, qpn);

    /* There are no groups of connections. */
    if (qp && CX_GET(qpc, cx_qpc(qp), st) != CX_QP_UD) {
        return CX_BAD_PARAM;
    }
    return cx_obj_use(fn, obj, CX_OBJ_QP, qpn);
}

static const ConnectXObjType cx_mcg_kind = {
    .kind = CX_OBJ_MCG, .name = "MCG", CX_OBJ_IN(attach_to_mcg_in),
    CX_OBJ_ID24, .limit = 1 << CX_LOG_MCGS, .saved = true,
    .link = cx_mcg_link,
};

void cx_mcg_register(void)
{
    cx_obj_add_type(&cx_mcg_kind);
}
