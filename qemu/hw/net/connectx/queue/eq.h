/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: event queues
 */
#ifndef HW_NET_CONNECTX_EQ_H
#define HW_NET_CONNECTX_EQ_H

#include "base/types.h"
#include "queue/ring.h"

#define CX_EQE_SIZE         64

/* Events, by the number that the EQ's bit mask uses too. */
enum {
    CX_EV_COMP              = 0x00,
    CX_EV_CQ_ERROR          = 0x04,
    CX_EV_WQ_CATAS          = 0x05,
    CX_EV_PORT_CHANGE       = 0x09,
    CX_EV_CMD               = 0x0a,
    CX_EV_WQ_INVALID        = 0x10,     /* of a peer: a request, an access */
    CX_EV_WQ_ACCESS         = 0x11,
    CX_EV_SRQ_LIMIT         = 0x14,     /* fewer are posted than wanted */
    CX_EV_SRQ_LAST          = 0x13,     /* takes no more from a shared queue */
    CX_EV_PAGE_REQUEST      = 0x0b,
    CX_EV_NIC_VPORT_CHANGE  = 0x0d,
    CX_EV_OBJECT_CHANGE     = 0x27,
};

#define CX_EQE_DATA_LEN     28

/* To the function's EQ that asked for the event; dropped if there is none. */
void cx_eq_post(ConnectXFunction *fn, uint8_t event, uint8_t sub_type,
                const uint8_t data[CX_EQE_DATA_LEN]);

ConnectXRing cx_eq_ring(const ConnectXObj *eq);
/* page: the UAR page that it came by, an index in BAR0 */
void cx_eq_doorbell(ConnectXFunction *fn, uint32_t page, uint32_t value,
                    bool arm);
/* Finds the EQ that takes command completions; is there one? */
void cx_eq_find_cmd(ConnectXFunction *fn);
bool cx_eq_has_cmd(const ConnectXFunction *fn);
/* A completion event of a CQ goes to the EQ that the CQ names. */
void cx_eq_post_comp(ConnectXFunction *fn, uint32_t eqn, uint32_t cqn);
void cx_eq_register(void);

#endif /* HW_NET_CONNECTX_EQ_H */
