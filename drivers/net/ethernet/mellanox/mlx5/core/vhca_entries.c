// SPDX-License-Identifier: GPL-2.0-only
/* What a page tracker sends, an address for each page, as runs of pages. */

#include <asm/byteorder.h>
#include <linux/mlx5/vhca.h>

#include "vhca_entries.h"

/**
 * mlx5_vhca_entries_to_runs() - put together pages that follow each other
 * @entries: page_track_report_entry: addresses of pages
 * @nr: how many
 * @page_bytes: size of a page, a power of two
 * @runs: room for @nr of them
 *
 * Whatever the entries are, each run lies within 64 bits: one that would not is cut.
 *
 * Return: how many runs there are.
 */
unsigned int mlx5_vhca_entries_to_runs(const __be64 *entries, unsigned int nr, u64 page_bytes,
				       struct mlx5_vhca_range *runs)
{
	unsigned int i, nr_runs = 0;
	u64 page;

	for (i = 0; i < nr; i++) {
		page = be64_to_cpu(entries[i]) & ~(page_bytes - 1);
		if (nr_runs && runs[nr_runs - 1].start + runs[nr_runs - 1].bytes == page && page) {
			runs[nr_runs - 1].bytes += page_bytes;
			continue;
		}
		runs[nr_runs].start = page;
		runs[nr_runs].bytes = page_bytes;
		nr_runs++;
	}
	return nr_runs;
}
