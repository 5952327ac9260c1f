/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: hashes that spread frames over receive queues
 */
#ifndef HW_NET_CONNECTX_HASH_H
#define HW_NET_CONNECTX_HASH_H

#include "packet/fields.h"

#define CX_TOEPLITZ_KEY_BYTES   40

/* What to hash, in the order of rx_hash_field_select.selected_fields */
enum {
    CX_HASH_SRC_IP  = 1 << 0,
    CX_HASH_DST_IP  = 1 << 1,
    CX_HASH_SPORT   = 1 << 2,
    CX_HASH_DPORT   = 1 << 3,
};

/* The longest that there is to hash: two addresses, two ports */
#define CX_HASH_BYTES_MAX       36

/*
 * cx_toeplitz - The hash of receive side scaling.
 * len is at most CX_HASH_BYTES_MAX.
 */
uint32_t cx_toeplitz(const uint8_t key[CX_TOEPLITZ_KEY_BYTES],
                     const uint8_t *data, uint32_t len);
/* All bytes xored together */
uint32_t cx_xor8(const uint8_t *data, uint32_t len);
/*
 * cx_hash_input - Put together what is hashed of a frame; returns its length.
 * Symmetric: the same for what two talk to each other, the smaller of two
 * addresses, and of two ports, coming first.
 */
uint32_t cx_hash_input(const uint8_t fields[CX_FIELDS_BYTES], unsigned which,
                       bool symmetric, uint8_t data[CX_HASH_BYTES_MAX]);

#endif /* HW_NET_CONNECTX_HASH_H */
