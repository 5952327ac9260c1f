/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: capability pages
 */
#ifndef HW_NET_CONNECTX_CAPS_H
#define HW_NET_CONNECTX_CAPS_H

#include "base/ifc.h"
#include "base/types.h"
#include "base/status.h"

#define CX_CAP_PAGE_SIZE    4096
#define CX_CAP_TYPES        0x40        /* QUERY_HCA_CAP op_mod >> 1 */

/* Those of them that the model has */
enum {
    CX_CAP_GENERAL              = 0x00,
    CX_CAP_ETHERNET             = 0x01,
    CX_CAP_ATOMIC               = 0x03,
    CX_CAP_ROCE                 = 0x04,
    CX_CAP_FLOW_TABLE           = 0x07,
    CX_CAP_ESWITCH_FLOW_TABLE   = 0x08,
    CX_CAP_ESWITCH              = 0x09,
    CX_CAP_GENERAL_2            = 0x20,
    CX_CAP_ADV_VIRTUALIZATION   = 0x26,
};

/* Back to what the function offers at power-up (a FLR undoes SET_HCA_CAP). */
void cx_caps_reset(ConnectXFunction *fn);
void cx_caps_register(void);

/*
 * The function's page of that type, as it is and at the most; NULL for a type
 * that it has not, whatever number that is. CX_CAP_PAGE_SIZE bytes.
 */
const uint8_t *cx_caps_cur(const ConnectXFunction *fn, unsigned type);
const uint8_t *cx_caps_max(const ConnectXFunction *fn, unsigned type);

/* fn->vhca_id is another one. */
void cx_caps_set_vhca_id(ConnectXFunction *fn);

/*
 * cx_caps_check - May page become the function's current page of that type?
 * Only the fields that a driver may set can differ from the maximum page, and
 * none may exceed it. by_pf: the PF sets it for a VF, which may change more.
 */
ConnectXStatus cx_caps_check(ConnectXFunction *fn, unsigned type,
                             const uint8_t *page, bool by_pf);
/* The same, and then makes it so. */
ConnectXStatus cx_caps_set(ConnectXFunction *fn, unsigned type,
                           const uint8_t *page, bool by_pf);

/* For a function that is but staged: pages like those of like; and their end */
ConnectXCaps *cx_caps_copy(const ConnectXFunction *like);
void cx_caps_free(ConnectXCaps *caps);
/* Makes a whole page, which cx_caps_set() has checked, the current one. */
void cx_caps_put(ConnectXFunction *fn, unsigned type, const uint8_t *page);

/* Field of a current page; 0 when the function has no such page. */
#define CX_CAP(fn, type, s, f) \
    (cx_caps_cur(fn, type) ? CX_GET(s, cx_caps_cur(fn, type), f) : 0)

#endif /* HW_NET_CONNECTX_CAPS_H */
