/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the numbers by which the PF names functions
 */
#ifndef HW_NET_CONNECTX_VHCA_ID_H
#define HW_NET_CONNECTX_VHCA_ID_H

#include "base/types.h"

/*
 * cx_vhca_id_draw - Give a function a vhca_id that no other has and that says
 * nothing of its number; the next in a row that vhca_seed begins.
 */
void cx_vhca_id_draw(ConnectXFunction *fn);

void cx_vhca_id_register(void);

#endif /* HW_NET_CONNECTX_VHCA_ID_H */
