/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: as which card the device shows itself
 *
 * Only names and versions differ: what the device can do is the same for all.
 * The VFs of all of these cards have one device id, CX_VF_DEVICE_ID.
 */
#ifndef HW_NET_CONNECTX_IDENTITY_H
#define HW_NET_CONNECTX_IDENTITY_H

typedef struct ConnectXIdentity {
    const char *name;           /* value of the property */
    uint16_t device_id;         /* of the PF, and of its subsystem */
    uint16_t hw_id;             /* of the health buffer */
    uint8_t fw_major;           /* the firmware's first number tells the card */
    const char *psid;           /* board id; not one of NVIDIA's */
} ConnectXIdentity;

const ConnectXIdentity *cx_identity_default(void);
/* NULL when there is none of that name. */
const ConnectXIdentity *cx_identity_find(const char *name);

#endif /* HW_NET_CONNECTX_IDENTITY_H */
