/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: firmware pages
 */
#ifndef HW_NET_CONNECTX_PAGES_H
#define HW_NET_CONNECTX_PAGES_H

#include "base/types.h"

/* Firmware pages: those that this function's own driver gave. */
typedef struct ConnectXPages {
    GArray *pa;                         /* uint64_t, in the order given */
    int32_t wanted_boot, wanted_init, wanted_regular;
} ConnectXPages;

void cx_pages_init(ConnectXFunction *fn);
void cx_pages_uninit(ConnectXFunction *fn);
void cx_pages_reset(ConnectXFunction *fn);
/* An EQ that takes page requests is there: now they can be made. */
void cx_pages_eq_created(ConnectXFunction *fn);
void cx_pages_vf_enabled(ConnectXFunction *vf, bool enabled);

#endif /* HW_NET_CONNECTX_PAGES_H */
