/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: status of a command
 */
#ifndef HW_NET_CONNECTX_STATUS_H
#define HW_NET_CONNECTX_STATUS_H

/* Command status, as out[0] carries it. */
typedef enum ConnectXStatus {
    CX_OK                   = 0x00,
    CX_INTERNAL             = 0x01,
    CX_BAD_OP               = 0x02,
    CX_BAD_PARAM            = 0x03,
    CX_BAD_SYS_STATE        = 0x04,
    CX_BAD_RESOURCE         = 0x05,
    CX_RESOURCE_BUSY        = 0x06,
    CX_NOT_READY            = 0x07,
    CX_EXCEED_LIMIT         = 0x08,
    CX_BAD_RES_STATE        = 0x09,
    CX_BAD_INDEX            = 0x0a,
    CX_NO_RESOURCES         = 0x0f,
    CX_BAD_QP_STATE         = 0x10,
    CX_BAD_INPUT_LEN        = 0x50,
    CX_BAD_OUTPUT_LEN       = 0x51,
    CX_ASYNC                = 0x100,    /* not on the wire: see ConnectXOp */
} ConnectXStatus;

#endif /* HW_NET_CONNECTX_STATUS_H */
