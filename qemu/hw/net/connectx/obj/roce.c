/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the addresses that a function speaks RoCE from
 *
 * An entry of the table is an object under its index, so it moves with the
 * function like all others.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "obj/obj.h"
#include "obj/roce.h"

/* roce_addr_layout: version 2, over UDP, is the one there is */
#define CX_ROCE_VERSION_1   0
#define CX_ROCE_VERSION_2   2
#define CX_ROCE_L3_IPV4     0
#define CX_ROCE_L3_IPV6     1

static const uint8_t *cx_roce_layout(const uint8_t *in)
{
    return CX_ADDR(set_roce_address_in, in, roce_address);
}

static ConnectXStatus cx_roce_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *layout = cx_roce_layout(obj->in);
    uint8_t version = CX_GET(roce_addr_layout, layout, roce_version);

    if (obj->id >= CX_ROCE_ADDRESSES) {
        return CX_BAD_INDEX;
    }
    return (version == CX_ROCE_VERSION_1 || version == CX_ROCE_VERSION_2) &&
           CX_GET(roce_addr_layout, layout, roce_l3_type) <= CX_ROCE_L3_IPV6 ?
           CX_OK : CX_BAD_PARAM;
}

bool cx_roce_address(const ConnectXFunction *fn, uint32_t index,
                     ConnectXRoceAddress *address)
{
    const ConnectXObj *obj = cx_obj_find(fn, CX_OBJ_ROCE_ADDRESS, index);
    const uint8_t *layout;

    if (!obj) {
        return false;
    }
    layout = cx_roce_layout(obj->in);
    /*
     * mlx5_core of Linux 6.1 sets one of version 1 for switchdev mode, whatever
     * the capabilities: it is kept, and no packet comes or goes there.
     */
    if (CX_GET(roce_addr_layout, layout, roce_version) != CX_ROCE_VERSION_2) {
        return false;
    }
    memcpy(address->gid, CX_ADDR(roce_addr_layout, layout, source_l3_address),
           CX_ROCE_GID_BYTES);
    stw_be_p(address->mac, CX_GET(roce_addr_layout, layout,
                                  source_mac_47_32));
    stl_be_p(address->mac + 2, CX_GET(roce_addr_layout, layout,
                                      source_mac_31_0));
    address->v6 = CX_GET(roce_addr_layout, layout, roce_l3_type) ==
                  CX_ROCE_L3_IPV6;
    address->tagged = CX_GET(roce_addr_layout, layout, vlan_valid);
    address->vlan = CX_GET(roce_addr_layout, layout, vlan_id);
    return true;
}

ConnectXStatus cx_roce_set(ConnectXFunction *fn, const uint8_t *in)
{
    uint32_t index = CX_GET(set_roce_address_in, in, roce_address_index);
    ConnectXObj *obj = cx_obj_find(fn, CX_OBJ_ROCE_ADDRESS, index);
    ConnectXStatus status;

    if (!CX_CAP(fn, CX_CAP_GENERAL, cmd_hca_cap, roce)) {
        return CX_BAD_OP;
    }
    if (index >= CX_ROCE_ADDRESSES) {
        return CX_BAD_INDEX;
    }
    if (buffer_is_zero(cx_roce_layout(in), CX_SZ(roce_addr_layout))) {
        return obj ? cx_obj_destroy(fn, CX_OBJ_ROCE_ADDRESS, index) : CX_OK;
    }
    if (obj) {
        return cx_obj_patch(fn, obj, 0, in, CX_SZ(set_roce_address_in));
    }
    status = cx_obj_insert(fn, CX_OBJ_ROCE_ADDRESS, index, in,
                           CX_SZ(set_roce_address_in), NULL, 0, &obj);
    if (status != CX_OK) {
        return status;
    }
    status = cx_obj_link(fn, obj);
    if (status != CX_OK) {
        cx_obj_destroy(fn, CX_OBJ_ROCE_ADDRESS, index);
    }
    return status;
}

ConnectXStatus cx_roce_query(const ConnectXFunction *fn, uint32_t index,
                             uint8_t *layout)
{
    const ConnectXObj *obj = cx_obj_find(fn, CX_OBJ_ROCE_ADDRESS, index);

    if (!CX_CAP(fn, CX_CAP_GENERAL, cmd_hca_cap, roce)) {
        return CX_BAD_OP;
    }
    if (index >= CX_ROCE_ADDRESSES) {
        return CX_BAD_INDEX;
    }
    if (obj) {
        memcpy(layout, cx_roce_layout(obj->in), CX_SZ(roce_addr_layout));
    }
    return CX_OK;
}

static const ConnectXObjType cx_roce_kind = {
    .kind = CX_OBJ_ROCE_ADDRESS, .name = "ROCE_ADDRESS",
    CX_OBJ_IN(set_roce_address_in), .limit = CX_ROCE_ADDRESSES, .saved = true,
    .link = cx_roce_link,
};

void cx_roce_register(void)
{
    cx_obj_add_type(&cx_roce_kind);
}
