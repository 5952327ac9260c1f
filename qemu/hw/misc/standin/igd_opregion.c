/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in for an Intel GPU: the OpRegion, as firmware would have made it
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "igd_opregion.h"

/* Header */
#define OPREGION_SIZE_KIB       0x10    /* u32 */
#define OPREGION_SYSTEM_BUILD   0x18    /* 32 characters */
#define OPREGION_MAILBOXES      0x58    /* u32 */
#define OPREGION_MAILBOX_ACPI   BIT(0)
#define OPREGION_MAILBOX_ASLE   BIT(2)
#define OPREGION_MAILBOX_VBT    BIT(3)

/* Video BIOS Table: its header, then the data block with its own */
#define VBT_SIGNATURE           "$VBT SKYLAKE        "
#define VBT_VERSION             0x14    /* u16 */
#define VBT_HEADER_BYTES        0x16    /* u16 */
#define VBT_BYTES               0x18    /* u16 */
#define VBT_CHECKSUM            0x1a    /* u8: all bytes add up to 0 */
#define VBT_BDB_OFFSET          0x1c    /* u32 */
#define VBT_HEADER_LEN          48

#define BDB_SIGNATURE           "BIOS_DATA_BLOCK "
#define BDB_VERSION             0x10    /* u16 */
#define BDB_HEADER_BYTES        0x12    /* u16 */
#define BDB_BYTES               0x14    /* u16 */
#define BDB_HEADER_LEN          22

/* A block that drivers skip carries the bytes that make up the size. */
#define BDB_BLOCK_SKIP          254
#define BDB_BLOCK_HEADER_LEN    3

#define VBT_MIN_BYTES   (VBT_HEADER_LEN + BDB_HEADER_LEN + \
                         BDB_BLOCK_HEADER_LEN)

bool igd_opregion_parse_version(const char *text, uint16_t *version)
{
    unsigned int major, minor;
    const char *rest;

    if (qemu_strtoui(text, &rest, 10, &major) || *rest != '.' ||
        qemu_strtoui(rest + 1, NULL, 10, &minor) || major > UINT8_MAX ||
        minor > UINT8_MAX) {
        return false;
    }
    *version = major << 8 | minor;
    return true;
}

bool igd_opregion_vbt_is_extended(const IgdOpRegion *spec)
{
    return spec->vbt_bytes > IGD_VBT_MAILBOX_BYTES;
}

bool igd_opregion_rvda_is_address(const IgdOpRegion *spec)
{
    return spec->version <= 0x0200;
}

static void vbt_fill(uint8_t *vbt, uint32_t bytes)
{
    uint8_t *bdb = vbt + VBT_HEADER_LEN;
    uint8_t *block = bdb + BDB_HEADER_LEN;
    uint32_t len = bytes - VBT_MIN_BYTES;
    uint8_t sum = 0;

    memcpy(vbt, VBT_SIGNATURE, sizeof(VBT_SIGNATURE) - 1);
    stw_le_p(vbt + VBT_VERSION, 100);
    stw_le_p(vbt + VBT_HEADER_BYTES, VBT_HEADER_LEN);
    stw_le_p(vbt + VBT_BYTES, bytes);
    stl_le_p(vbt + VBT_BDB_OFFSET, VBT_HEADER_LEN);

    memcpy(bdb, BDB_SIGNATURE, sizeof(BDB_SIGNATURE) - 1);
    stw_le_p(bdb + BDB_VERSION, 221);
    stw_le_p(bdb + BDB_HEADER_BYTES, BDB_HEADER_LEN);
    stw_le_p(bdb + BDB_BYTES, bytes - VBT_HEADER_LEN);

    block[0] = BDB_BLOCK_SKIP;
    stw_le_p(block + 1, len);
    for (uint32_t i = 0; i < len; i++) {
        /* No two pages alike, so that a page out of place is seen */
        block[BDB_BLOCK_HEADER_LEN + i] = i * 7 + (i >> 8);
    }

    for (uint32_t i = 0; i < bytes; i++) {
        sum += vbt[i];
    }
    vbt[VBT_CHECKSUM] = -sum;
}

static bool opregion_check(const IgdOpRegion *spec, Error **errp)
{
    if (spec->vbt_bytes &&
        (spec->vbt_bytes < VBT_MIN_BYTES ||
         spec->vbt_bytes > IGD_VBT_MAX_BYTES)) {
        error_setg(errp, "a VBT has %u to %u bytes, or 0 for none",
                   VBT_MIN_BYTES, IGD_VBT_MAX_BYTES);
        return false;
    }
    if (!igd_opregion_vbt_is_extended(spec)) {
        return true;
    }
    if (spec->version < 0x0200) {
        error_setg(errp, "before version 2.0 a VBT has at most %u bytes",
                   IGD_VBT_MAILBOX_BYTES);
        return false;
    }
    if (spec->vbt_offset < IGD_OPREGION_BYTES || spec->vbt_offset > 1 * MiB) {
        error_setg(errp, "an extended VBT begins %u to %u bytes behind the "
                   "start of the OpRegion", IGD_OPREGION_BYTES,
                   (unsigned)(1 * MiB));
        return false;
    }
    return true;
}

uint8_t *igd_opregion_build(const IgdOpRegion *spec, size_t *bytes,
                            Error **errp)
{
    bool extended = igd_opregion_vbt_is_extended(spec);
    uint32_t mailboxes = OPREGION_MAILBOX_ACPI | OPREGION_MAILBOX_ASLE;
    uint8_t *blob;

    if (!opregion_check(spec, errp)) {
        return NULL;
    }
    *bytes = extended ? spec->vbt_offset + spec->vbt_bytes :
                        IGD_OPREGION_BYTES;
    blob = g_malloc0(*bytes);

    memcpy(blob, IGD_OPREGION_SIGNATURE, sizeof(IGD_OPREGION_SIGNATURE) - 1);
    stl_le_p(blob + OPREGION_SIZE_KIB, IGD_OPREGION_BYTES / KiB);
    stw_le_p(blob + IGD_OPREGION_VERSION, spec->version);
    strpadcpy((char *)blob + OPREGION_SYSTEM_BUILD, 32, "stand-in", '\0');
    if (spec->vbt_bytes) {
        mailboxes |= OPREGION_MAILBOX_VBT;
        vbt_fill(blob + (extended ? spec->vbt_offset : IGD_OPREGION_VBT),
                 spec->vbt_bytes);
    }
    stl_le_p(blob + OPREGION_MAILBOXES, mailboxes);
    if (extended) {
        stl_le_p(blob + IGD_OPREGION_RVDS, spec->vbt_bytes);
        if (!igd_opregion_rvda_is_address(spec)) {
            stq_le_p(blob + IGD_OPREGION_RVDA, spec->vbt_offset);
        }
    }
    return blob;
}
