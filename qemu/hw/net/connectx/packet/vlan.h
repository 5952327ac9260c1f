/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: tags of virtual LANs (IEEE 802.1Q)
 */
#ifndef HW_NET_CONNECTX_VLAN_H
#define HW_NET_CONNECTX_VLAN_H

#define CX_VLAN_TAG_BYTES   4
#define CX_VLAN_VID         0xfff       /* of the tag control information */

/* Has the frame a customer tag, the outermost one? Its control information. */
bool cx_vlan_get(const uint8_t *frame, uint32_t len, uint16_t *tci);
/*
 * cx_vlan_pop/push - The frame without its tag, or with one more in front, of
 * type CX_ETH_VLAN or CX_ETH_QINQ, into out, which has room for it; push also
 * in place. Both return the new length.
 */
uint32_t cx_vlan_pop(uint8_t *out, const uint8_t *frame, uint32_t len);
uint32_t cx_vlan_push(uint8_t *out, const uint8_t *frame, uint32_t len,
                      uint16_t type, uint16_t tci);

#endif /* HW_NET_CONNECTX_VLAN_H */
