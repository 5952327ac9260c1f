/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a command's way through memory, slot and mailboxes
 */
#ifndef HW_NET_CONNECTX_CMD_MBOX_H
#define HW_NET_CONNECTX_CMD_MBOX_H

#include "base/types.h"

#define CX_SLOT_SIZE        0x40

/* Delivery status: bits 7:1 of the slot's last byte */
typedef enum ConnectXDelivery {
    CX_DELIVERY_OK          = 0,
    CX_DELIVERY_TOKEN       = 2,
    CX_DELIVERY_BLOCK_NUM   = 3,
    CX_DELIVERY_OUT_ALIGN   = 4,
    CX_DELIVERY_IN_ALIGN    = 5,
    CX_DELIVERY_FW          = 6,
    CX_DELIVERY_IN_LEN      = 7,
    CX_DELIVERY_OUT_LEN     = 8,
    CX_DELIVERY_DESCRIPTOR  = 0x10,
} ConnectXDelivery;

/* Reads the slot; false when it cannot be or is not the device's. */
bool cx_mbox_read_slot(ConnectXCmd *cmd, uint8_t slot[CX_SLOT_SIZE]);
/* Reads the input into cmd->in and finds where the output goes. */
ConnectXDelivery cx_mbox_fetch(ConnectXCmd *cmd,
                               const uint8_t slot[CX_SLOT_SIZE]);
/* Gives the slot back, with cmd->out if the command was delivered. */
void cx_mbox_write_back(ConnectXCmd *cmd, ConnectXDelivery delivery);

#endif /* HW_NET_CONNECTX_CMD_MBOX_H */
