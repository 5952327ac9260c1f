/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the addresses that a function speaks RoCE from
 */
#ifndef HW_NET_CONNECTX_ROCE_H
#define HW_NET_CONNECTX_ROCE_H

#include "base/status.h"
#include "base/types.h"

#define CX_ROCE_GID_BYTES   16

typedef struct ConnectXRoceAddress {
    uint8_t gid[CX_ROCE_GID_BYTES];     /* of IPv4: in the last four bytes */
    uint8_t mac[6];
    bool v6;
    bool tagged;
    uint16_t vlan;
} ConnectXRoceAddress;

/* The address with that index of the table; false if there is none. */
bool cx_roce_address(const ConnectXFunction *fn, uint32_t index,
                     ConnectXRoceAddress *address);
/*
 * cx_roce_set - Carries SET_ROCE_ADDRESS out; in: all of its input. An address
 * of zeroes empties the entry.
 */
ConnectXStatus cx_roce_set(ConnectXFunction *fn, const uint8_t *in);
/* roce_addr_layout of an entry; zeroes if it is empty. */
ConnectXStatus cx_roce_query(const ConnectXFunction *fn, uint32_t index,
                             uint8_t *layout);
void cx_roce_register(void);

#endif /* HW_NET_CONNECTX_ROCE_H */
