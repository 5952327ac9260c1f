/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the checksum over what no router changes of a packet
 */
#ifndef HW_NET_CONNECTX_ICRC_H
#define HW_NET_CONNECTX_ICRC_H

#define CX_ICRC_BYTES   4

/*
 * cx_icrc - Of an IP packet with UDP and what is behind it, without the ICRC
 * itself. l3, l4: its headers, the latter with len bytes from there on.
 */
uint32_t cx_icrc(const uint8_t *l3, uint32_t l3_len, bool v6,
                 const uint8_t *l4, uint32_t len);
/* Where it belongs, behind the packet: the order is not that of the network. */
void cx_icrc_put(uint8_t *p, uint32_t icrc);
uint32_t cx_icrc_get(const uint8_t *p);

#endif /* HW_NET_CONNECTX_ICRC_H */
