// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which bus addresses are tracked for a user whose mappings nobody tells: more than those, so
 * that mappings may come and go in between, and as few as can be, since a device pays for
 * each page with memory and with time for a report.
 *
 * Pure code: no locks, no kernel facilities.
 */
#include "superset.h"

/*
 * How many bytes from bus address 0 on: a power of two that covers what is mapped below @top,
 * at most @max_bytes, a power of two or anything else. 0 when the device can track too little
 * to be of use.
 */
u64 vpv_superset_bytes(u64 top, u64 max_bytes)
{
	u64 bytes = VPV_SUPERSET_MIN_BYTES;

	if (bytes > max_bytes)
		return 0;
	while (bytes < top && bytes <= max_bytes / 2)
		bytes *= 2;
	return bytes;
}
