/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what flow tables match of a frame
 */
#ifndef HW_NET_CONNECTX_FIELDS_H
#define HW_NET_CONNECTX_FIELDS_H

#include "base/ifc.h"

#define CX_FIELDS_BYTES     CX_SZ(fte_match_set_lyr_2_4)

/*
 * cx_fields_of - Describe a frame by a fte_match_set_lyr_2_4. What it does not
 * have, or not whole, is zero: the headers of an IP packet that is cut short,
 * ports of a fragment.
 */
void cx_fields_of(const uint8_t *frame, uint32_t len,
                  uint8_t fields[CX_FIELDS_BYTES]);
/* Sets the bits of those that cx_fields_of() knows. */
void cx_fields_known(uint8_t mask[CX_FIELDS_BYTES]);

#endif /* HW_NET_CONNECTX_FIELDS_H */
