/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: tags of virtual LANs (IEEE 802.1Q)
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "packet/packet.h"
#include "packet/parse.h"
#include "packet/vlan.h"

#define CX_ADDRESSES        (CX_ETH_HEADER - 2)     /* both MAC addresses */

bool cx_vlan_get(const uint8_t *frame, uint32_t len, uint16_t *tci)
{
    if (len < CX_ETH_HEADER + CX_VLAN_TAG_BYTES ||
        lduw_be_p(frame + CX_ADDRESSES) != CX_ETH_VLAN) {
        return false;
    }
    *tci = lduw_be_p(frame + CX_ADDRESSES + 2);
    return true;
}

uint32_t cx_vlan_pop(uint8_t *out, const uint8_t *frame, uint32_t len)
{
    uint32_t rest = CX_ADDRESSES + CX_VLAN_TAG_BYTES;

    memcpy(out, frame, CX_ADDRESSES);
    memcpy(out + CX_ADDRESSES, frame + rest, len - rest);
    return len - CX_VLAN_TAG_BYTES;
}

uint32_t cx_vlan_push(uint8_t *out, const uint8_t *frame, uint32_t len,
                      uint16_t type, uint16_t tci)
{
    memmove(out + CX_ADDRESSES + CX_VLAN_TAG_BYTES, frame + CX_ADDRESSES,
            len - CX_ADDRESSES);
    memmove(out, frame, CX_ADDRESSES);
    stw_be_p(out + CX_ADDRESSES, type);
    stw_be_p(out + CX_ADDRESSES + 2, tci);
    return len + CX_VLAN_TAG_BYTES;
}
