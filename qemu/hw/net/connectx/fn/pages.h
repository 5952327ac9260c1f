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

void cx_pages_register(void);
/* Nothing is given, and all is wanted that the property fw-pages says. */
void cx_pages_reset(ConnectXFunction *fn);

#endif /* HW_NET_CONNECTX_PAGES_H */
