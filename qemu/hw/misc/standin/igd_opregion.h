/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in for an Intel GPU: the OpRegion, as firmware would have made it
 *
 * Offsets are those of the IGD OpRegion specification that Linux' i915 and
 * vfio-pci read: header at 0, mailboxes 1 (ACPI), 2 (SWSCI), 3 (ASLE), 4 (VBT)
 * and 5 behind it.
 */
#ifndef HW_MISC_STANDIN_IGD_OPREGION_H
#define HW_MISC_STANDIN_IGD_OPREGION_H

#define IGD_OPREGION_BYTES      0x2000
#define IGD_OPREGION_SIGNATURE  "IntelGraphicsMem"
#define IGD_OPREGION_VERSION    0x16    /* u16: major in the upper byte */
#define IGD_OPREGION_RVDA       0x3ba   /* u64 */
#define IGD_OPREGION_RVDS       0x3c2   /* u32 */
#define IGD_OPREGION_VBT        0x400
#define IGD_OPREGION_VBT_END    0x1c00

/* What fits in mailbox 4; a larger VBT follows the OpRegion */
#define IGD_VBT_MAILBOX_BYTES   (IGD_OPREGION_VBT_END - IGD_OPREGION_VBT)
/* Its size field has 16 bits. */
#define IGD_VBT_MAX_BYTES       0xffff

typedef struct IgdOpRegion {
    /* major << 8 | minor */
    uint16_t version;
    /* 0 for none */
    uint32_t vbt_bytes;
    /* from the start of the OpRegion; where an extended VBT lies */
    uint32_t vbt_offset;
} IgdOpRegion;

/* Parses "major.minor", each 0 to 255. */
bool igd_opregion_parse_version(const char *text, uint16_t *version);

bool igd_opregion_vbt_is_extended(const IgdOpRegion *spec);

/*
 * Up to version 2.0 RVDA is an address, so it is not known before the
 * OpRegion has its place: 0 in what igd_opregion_build() gives.
 */
bool igd_opregion_rvda_is_address(const IgdOpRegion *spec);

/*
 * The OpRegion and, behind it, an extended VBT: @bytes in all, the caller's
 * to free. NULL with @errp set for a layout that cannot be.
 */
uint8_t *igd_opregion_build(const IgdOpRegion *spec, size_t *bytes,
                            Error **errp);

#endif /* HW_MISC_STANDIN_IGD_OPREGION_H */
