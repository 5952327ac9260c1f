/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the checksum of the Internet
 */
#ifndef HW_NET_CONNECTX_CSUM_H
#define HW_NET_CONNECTX_CSUM_H

/*
 * cx_csum_add - Add to the ones' complement sum of big-endian 16-bit words
 * (RFC 1071). Only the last piece may be of odd length.
 */
uint16_t cx_csum_add(uint16_t sum, const void *data, uint32_t len);

#endif /* HW_NET_CONNECTX_CSUM_H */
