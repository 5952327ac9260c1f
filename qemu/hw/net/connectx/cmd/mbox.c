/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: a command's way through memory, slot and mailboxes
 *
 * A command is a 64-byte slot of the queue page plus chains of mailboxes. When
 * a slot or a chain is broken nothing is executed and no reply is written: the
 * driver finds a *delivery status* in the slot.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cmd/cmd.h"
#include "cmd/mbox.h"
#include "fn/fn.h"
#include "host/dma.h"

/* Slot */
enum {
    CX_SLOT_TYPE        = 0x00,
    CX_SLOT_IN_LEN      = 0x04,
    CX_SLOT_IN_PTR      = 0x08,
    CX_SLOT_IN          = 0x10,
    CX_SLOT_OUT         = 0x20,
    CX_SLOT_OUT_PTR     = 0x30,
    CX_SLOT_OUT_LEN     = 0x38,
    CX_SLOT_TOKEN       = 0x3c,
    CX_SLOT_STATUS_OWN  = 0x3f,
};

#define CX_SLOT_TYPE_PCIE   7
#define CX_SLOT_HW_OWNS     1

/* Mailbox */
enum {
    CX_MBOX_DATA        = 512,
    CX_MBOX_NEXT        = 0x230,
    CX_MBOX_BLOCK_NUM   = 0x238,
    CX_MBOX_TOKEN       = 0x23d,
    CX_MBOX_SIZE        = 0x240,
};

#define CX_MBOX_ALIGN       512

/* Header of every input and output: status and syndrome, 8 bytes */
#define CX_CMD_HDR_SIZE     8

static uint64_t cx_slot_addr(const ConnectXCmd *cmd)
{
    return cmd->fn->cmdq_addr + ((uint64_t)cmd->slot << CX_CMD_LOG_STRIDE);
}

bool cx_mbox_read_slot(ConnectXCmd *cmd, uint8_t slot[CX_SLOT_SIZE])
{
    return cx_dma_read(cmd->fn, cx_slot_addr(cmd), slot, CX_SLOT_SIZE) &&
           slot[CX_SLOT_STATUS_OWN] & CX_SLOT_HW_OWNS;
}

static uint32_t cx_mbox_blocks(uint32_t len)
{
    return len > CX_CMD_INLINE ?
           DIV_ROUND_UP(len - CX_CMD_INLINE, CX_MBOX_DATA) : 0;
}

/* Reads the block at addr and checks what both directions have in common. */
static ConnectXDelivery cx_mbox_read(ConnectXCmd *cmd, uint64_t addr,
                                     uint32_t block,
                                     uint8_t mbox[CX_MBOX_SIZE])
{
    if (!cx_dma_read(cmd->fn, addr, mbox, CX_MBOX_SIZE)) {
        return CX_DELIVERY_FW;
    }
    if (mbox[CX_MBOX_TOKEN] != cmd->token) {
        return CX_DELIVERY_TOKEN;
    }
    if (ldl_be_p(mbox + CX_MBOX_BLOCK_NUM) != block) {
        return CX_DELIVERY_BLOCK_NUM;
    }
    return CX_DELIVERY_OK;
}

static ConnectXDelivery cx_mbox_read_in(ConnectXCmd *cmd, const uint8_t *slot)
{
    uint64_t addr = ldq_be_p(slot + CX_SLOT_IN_PTR);
    uint8_t mbox[CX_MBOX_SIZE];
    uint32_t done = MIN(cmd->in_len, CX_CMD_INLINE);

    memcpy(cmd->in, slot + CX_SLOT_IN, done);
    for (uint32_t block = 0; done < cmd->in_len; block++) {
        uint32_t n = MIN(cmd->in_len - done, CX_MBOX_DATA);
        ConnectXDelivery delivery;

        if (!addr) {
            return CX_DELIVERY_IN_LEN;
        }
        if (addr & (CX_MBOX_ALIGN - 1)) {
            return CX_DELIVERY_IN_ALIGN;
        }
        delivery = cx_mbox_read(cmd, addr, block, mbox);
        if (delivery != CX_DELIVERY_OK) {
            return delivery;
        }
        memcpy(cmd->in + done, mbox, n);
        done += n;
        addr = ldq_be_p(mbox + CX_MBOX_NEXT);
    }
    return CX_DELIVERY_OK;
}

/* The reply's chain is walked first: no command runs whose reply is lost. */
static ConnectXDelivery cx_mbox_walk_out(ConnectXCmd *cmd, const uint8_t *slot)
{
    uint64_t addr = ldq_be_p(slot + CX_SLOT_OUT_PTR);
    uint32_t blocks = cx_mbox_blocks(cmd->out_len);
    uint8_t mbox[CX_MBOX_SIZE];

    cmd->chain = g_new(uint64_t, blocks);
    for (uint32_t block = 0; block < blocks; block++) {
        ConnectXDelivery delivery;

        if (!addr) {
            return CX_DELIVERY_OUT_LEN;
        }
        if (addr & (CX_MBOX_ALIGN - 1)) {
            return CX_DELIVERY_OUT_ALIGN;
        }
        delivery = cx_mbox_read(cmd, addr, block, mbox);
        if (delivery != CX_DELIVERY_OK) {
            return delivery;
        }
        cmd->chain[block] = addr;
        addr = ldq_be_p(mbox + CX_MBOX_NEXT);
    }
    return CX_DELIVERY_OK;
}

ConnectXDelivery cx_mbox_fetch(ConnectXCmd *cmd,
                               const uint8_t slot[CX_SLOT_SIZE])
{
    ConnectXDelivery delivery;

    if (slot[CX_SLOT_TYPE] != CX_SLOT_TYPE_PCIE) {
        return CX_DELIVERY_DESCRIPTOR;
    }
    cmd->token = slot[CX_SLOT_TOKEN];
    cmd->in_len = ldl_be_p(slot + CX_SLOT_IN_LEN);
    cmd->out_len = ldl_be_p(slot + CX_SLOT_OUT_LEN);
    if (cmd->in_len < CX_CMD_HDR_SIZE || cmd->in_len > CX_CMD_LEN_MAX) {
        return CX_DELIVERY_IN_LEN;
    }
    if (cmd->out_len < CX_CMD_HDR_SIZE || cmd->out_len > CX_CMD_LEN_MAX) {
        return CX_DELIVERY_OUT_LEN;
    }
    /* Handlers may look at the whole first 16 bytes, whatever was sent. */
    cmd->in = g_malloc0(MAX(cmd->in_len, CX_CMD_INLINE));
    delivery = cx_mbox_read_in(cmd, slot);
    return delivery == CX_DELIVERY_OK ? cx_mbox_walk_out(cmd, slot) : delivery;
}

/* Data first, the ownership byte last. */
void cx_mbox_write_back(ConnectXCmd *cmd, ConnectXDelivery delivery)
{
    ConnectXFunction *fn = cmd->fn;
    uint8_t own = delivery << 1;

    if (delivery == CX_DELIVERY_OK) {
        for (uint32_t b = 0; b < cx_mbox_blocks(cmd->out_len); b++) {
            uint32_t at = CX_CMD_INLINE + b * CX_MBOX_DATA;

            cx_dma_write(fn, cmd->chain[b], cmd->out + at,
                         MIN(cmd->out_len - at, CX_MBOX_DATA));
        }
        cx_dma_write(fn, cx_slot_addr(cmd) + CX_SLOT_OUT, cmd->out,
                     MIN(cmd->out_len, CX_CMD_INLINE));
    }
    /* The driver polls the ownership byte and then reads the reply. */
    smp_wmb();
    cx_dma_write(fn, cx_slot_addr(cmd) + CX_SLOT_STATUS_OWN, &own, 1);
}
