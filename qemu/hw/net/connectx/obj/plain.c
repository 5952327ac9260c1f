/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the kinds that are no more than a number
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "obj/plain.h"
#include "obj/type.h"

static const ConnectXObjType cx_plain_kinds[] = {
    { .kind = CX_OBJ_UAR, .name = "UAR", CX_OBJ_IN(alloc_uar_in),
      .first_id = CX_UAR_FIRST, .last_id = CX_PF_BAR_SIZE / CX_PAGE_SIZE - 1,
      .vf_last_id = CX_VF_BAR_SIZE / CX_PAGE_SIZE - 1, .limit = 8192,
      .saved = true },
    { .kind = CX_OBJ_PD, .name = "PD", CX_OBJ_IN(alloc_pd_in), CX_OBJ_ID24,
      .limit = 1 << CX_LOG_DOMAINS, .saved = true },
    { .kind = CX_OBJ_TD, .name = "TD", CX_OBJ_IN(alloc_transport_domain_in),
      CX_OBJ_ID24, .limit = 1 << CX_LOG_DOMAINS, .saved = true },
    { .kind = CX_OBJ_XRCD, .name = "XRCD", CX_OBJ_IN(alloc_xrcd_in),
      CX_OBJ_ID24, .limit = 1 << CX_LOG_DOMAINS, .saved = true },
};

void cx_plain_register(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(cx_plain_kinds); i++) {
        cx_obj_add_type(&cx_plain_kinds[i]);
    }
}
