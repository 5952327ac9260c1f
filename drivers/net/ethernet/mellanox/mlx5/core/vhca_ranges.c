// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of bus addresses: from as many as a user has to as few as a card takes.
 *
 * A card that is told of more than there is reports the same, so ranges may grow
 * over what lies between them, over as little as can be.
 */

#include <linux/minmax.h>
#include <linux/mlx5/vhca.h>
#include <linux/sort.h>

#include "vhca_ranges.h"

static int vhca_range_compare(const void *a, const void *b)
{
	const struct mlx5_vhca_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return 0;
}

/* No range of whole pages ends at 2^64, see mlx5_vhca_track_start() */
static u64 vhca_range_end(const struct mlx5_vhca_range *range)
{
	return range->start + range->bytes;
}

/* Has the range before @next grow over it, and what lies between them */
static void vhca_range_join(struct mlx5_vhca_range *range, const struct mlx5_vhca_range *next)
{
	range->bytes = max(vhca_range_end(range), vhca_range_end(next)) - range->start;
}

static unsigned int vhca_ranges_join_neighbours(struct mlx5_vhca_range *ranges, unsigned int nr)
{
	unsigned int i, last = 0;

	for (i = 1; i < nr; i++) {
		if (ranges[i].start <= vhca_range_end(&ranges[last]))
			vhca_range_join(&ranges[last], &ranges[i]);
		else
			ranges[++last] = ranges[i];
	}
	return last + 1;
}

/* The range whose successor is nearest */
static unsigned int vhca_ranges_find_gap(const struct mlx5_vhca_range *ranges, unsigned int nr)
{
	unsigned int i, best = 0;
	u64 gap, best_gap = 0;

	for (i = 0; i + 1 < nr; i++) {
		gap = ranges[i + 1].start - vhca_range_end(&ranges[i]);
		if (!i || gap < best_gap) {
			best = i;
			best_gap = gap;
		}
	}
	return best;
}

/**
 * mlx5_vhca_ranges_merge() - cover ranges by @max of them at most
 * @ranges: not empty, none of them empty or ending at 2^64; ascending and apart afterwards
 * @nr: how many
 * @max: how many there may be, at least 1
 *
 * Return: how many there are, at the start of @ranges.
 */
unsigned int mlx5_vhca_ranges_merge(struct mlx5_vhca_range *ranges, unsigned int nr,
				    unsigned int max)
{
	unsigned int i, gap;

	sort(ranges, nr, sizeof(*ranges), vhca_range_compare, NULL);
	nr = vhca_ranges_join_neighbours(ranges, nr);
	while (nr > max) {
		gap = vhca_ranges_find_gap(ranges, nr);
		vhca_range_join(&ranges[gap], &ranges[gap + 1]);
		nr--;
		for (i = gap + 1; i < nr; i++)
			ranges[i] = ranges[i + 1];
	}
	return nr;
}

/**
 * mlx5_vhca_ranges_cover() - does one of the ranges contain all of that?
 * @ranges: from mlx5_vhca_ranges_merge()
 * @nr: how many
 * @start: first address
 * @bytes: how many, not 0
 *
 * Return: true when it does.
 */
bool mlx5_vhca_ranges_cover(const struct mlx5_vhca_range *ranges, unsigned int nr, u64 start,
			    u64 bytes)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (start >= ranges[i].start && bytes <= ranges[i].bytes &&
		    start - ranges[i].start <= ranges[i].bytes - bytes)
			return true;
	}
	return false;
}

/**
 * mlx5_vhca_ranges_log_space() - log_addr_space_size of a page tracker
 * @ranges: from mlx5_vhca_ranges_merge()
 * @nr: how many
 *
 * Return: the smallest power of two that is as large as all of them, as its log2.
 */
unsigned int mlx5_vhca_ranges_log_space(const struct mlx5_vhca_range *ranges, unsigned int nr)
{
	unsigned int i, log = 0;
	u64 sum = 0;

	/* They are apart, so the sum is below 2^64 */
	for (i = 0; i < nr; i++)
		sum += ranges[i].bytes;
	while (log < 63 && (u64)1 << log < sum)
		log++;
	return (u64)1 << log < sum ? 64 : log;
}
