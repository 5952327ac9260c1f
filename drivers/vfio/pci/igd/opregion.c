// SPDX-License-Identifier: GPL-2.0-only
/*
 * The OpRegion of an Intel GPU: what its header says, and how a user is shown it
 *
 * Firmware leaves in reserved memory what a driver needs to know of the board: a header, five
 * mailboxes, and the Video BIOS Table (VBT). The layout is that of the "Intel Integrated
 * Graphics Device OpRegion Specification" and its unpublished successors, with the names that
 * the kernel's i915 driver has for it (drivers/gpu/drm/i915/display/intel_opregion.c: struct
 * opregion_header, struct opregion_asle).
 *
 * A VBT of up to 6 KiB is in mailbox 4. Since version 2.0 a larger one, the extended VBT, can
 * be elsewhere; RVDA in mailbox 3 (ASLE) says where and RVDS how large it is. In version 2.0
 * RVDA is a physical address, and from 2.1 on an offset from the OpRegion.
 *
 * Pure code: the table is untrusted bytes, and nothing is mapped here.
 */
#include <asm/byteorder.h>
#include <linux/string.h>
#include <linux/types.h>

#include "opregion.h"

#define SIGNATURE		"IntelGraphicsMem"

/* Header: size in KiB (u32), version (minor, then major), which mailboxes there are (u32) */
#define HEADER_SIZE_KIB		0x10
#define HEADER_VERSION		0x16
#define HEADER_MAILBOXES	0x58
#define MAILBOX_ASLE		0x4u

/* Mailbox 3: the extended VBT's address or offset (u64) and size (u32), neither is aligned */
#define ASLE_RVDA		0x3ba
#define ASLE_RVDS		0x3c2

#define VERSION_2_0		0x0200
#define VERSION_2_1		0x0201

static u16 get_u16(const u8 *from)
{
	__le16 value;

	memcpy(&value, from, sizeof(value));
	return le16_to_cpu(value);
}

static u32 get_u32(const u8 *from)
{
	__le32 value;

	memcpy(&value, from, sizeof(value));
	return le32_to_cpu(value);
}

static u64 get_u64(const u8 *from)
{
	__le64 value;

	memcpy(&value, from, sizeof(value));
	return le64_to_cpu(value);
}

static const char *igd_parse_extended_vbt(const u8 *table, u64 phys, struct igd_opregion *opregion)
{
	u64 rvda = get_u64(table + ASLE_RVDA);
	u32 rvds = get_u32(table + ASLE_RVDS);

	/* Without either there is no extended VBT; i915 reads it so too */
	if (!(get_u32(table + HEADER_MAILBOXES) & MAILBOX_ASLE) || !rvda || !rvds)
		return NULL;

	if (rvds > IGD_VBT_MAX_BYTES)
		return "its extended VBT is too large";

	if (opregion->version > VERSION_2_0) {
		if (rvda < IGD_OPREGION_BYTES)
			return "its extended VBT begins within it";
		if (rvda > ~phys)
			return "its extended VBT is beyond all memory";
		rvda += phys;
	}
	if (rvds - 1 > ~rvda)
		return "its extended VBT is beyond all memory";

	opregion->vbt_phys = rvda;
	opregion->vbt_bytes = rvds;
	return NULL;
}

/*
 * Reads the IGD_OPREGION_BYTES of @table, which are at physical address @phys, into @opregion.
 * Returns NULL, or what is wrong with the table. That there is memory where the extended VBT
 * is said to be remains to be seen.
 */
const char *igd_opregion_parse(const u8 *table, u64 phys, struct igd_opregion *opregion)
{
	u32 size_kib = get_u32(table + HEADER_SIZE_KIB);

	if (memcmp(table, SIGNATURE, strlen(SIGNATURE)))
		return "it has no signature";

	/* Some firmware counts the extended VBT, which may follow, and some does not */
	if (size_kib < IGD_OPREGION_BYTES / 1024 ||
	    size_kib > (IGD_OPREGION_BYTES + IGD_VBT_MAX_BYTES) / 1024)
		return "its size cannot be";

	opregion->version = get_u16(table + HEADER_VERSION);
	opregion->vbt_phys = 0;
	opregion->vbt_bytes = 0;
	if (opregion->version < VERSION_2_0)
		return NULL;

	return igd_parse_extended_vbt(table, phys, opregion);
}

/*
 * Changes @table to what a user is to see, which is the table and the extended VBT right
 * behind it: the size is that of the table; RVDA is an offset, hence the version at least
 * 2.1; and where there is no extended VBT, RVDA is 0 and gives no address of the host away.
 */
void igd_opregion_present(u8 *table, const struct igd_opregion *opregion)
{
	__le32 size_kib = cpu_to_le32(IGD_OPREGION_BYTES / 1024);
	__le64 rvda = cpu_to_le64(opregion->vbt_bytes ? IGD_OPREGION_BYTES : 0);
	__le16 version = cpu_to_le16(VERSION_2_1);

	memcpy(table + HEADER_SIZE_KIB, &size_kib, sizeof(size_kib));
	if (opregion->version < VERSION_2_0)
		return;

	memcpy(table + ASLE_RVDA, &rvda, sizeof(rvda));
	if (opregion->version == VERSION_2_0 && opregion->vbt_bytes)
		memcpy(table + HEADER_VERSION, &version, sizeof(version));
}
