// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what the page tracker of drivers/net/ethernet/mellanox/mlx5/core does with
 * addresses, in user space: ranges for the card, and its entries as runs.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <asm/byteorder.h>
#include <linux/mlx5/vhca.h>

#include "vhca_entries.h"
#include "vhca_ranges.h"

#define PAGE		4096ULL
#define MAX_RANGES	12
#define ROUNDS		20000
#define AREA_PAGES	64

static void expect_ranges(const struct mlx5_vhca_range *expected, unsigned int nr,
			  const struct mlx5_vhca_range *ranges, unsigned int nr_ranges)
{
	assert_int_equal(nr, nr_ranges);
	for (unsigned int i = 0; i < nr; i++) {
		assert_int_equal(expected[i].start, ranges[i].start);
		assert_int_equal(expected[i].bytes, ranges[i].bytes);
	}
}

static void ranges_are_sorted_and_joined(void **state)
{
	struct mlx5_vhca_range ranges[] = {
		{ 8 * PAGE, PAGE }, { 0, PAGE }, { PAGE, PAGE }, { PAGE, 2 * PAGE },
	};
	static const struct mlx5_vhca_range expected[] = { { 0, 3 * PAGE }, { 8 * PAGE, PAGE } };

	expect_ranges(expected, 2, ranges, mlx5_vhca_ranges_merge(ranges, 4, 4));
}

static void one_within_another_goes(void **state)
{
	struct mlx5_vhca_range ranges[] = { { 0, 9 * PAGE }, { PAGE, PAGE }, { 20 * PAGE, PAGE } };
	static const struct mlx5_vhca_range expected[] = { { 0, 9 * PAGE }, { 20 * PAGE, PAGE } };

	expect_ranges(expected, 2, ranges, mlx5_vhca_ranges_merge(ranges, 3, 3));
}

/* A guest's memory below 4 GiB, above it, and one hot-plugged piece behind that */
static void nearest_are_joined_first(void **state)
{
	struct mlx5_vhca_range ranges[] = {
		{ 0x180000000, 0x10000000 }, { 0, 0x80000000 }, { 0x100000000, 0x40000000 },
	};
	static const struct mlx5_vhca_range expected[] = {
		{ 0, 0x80000000 }, { 0x100000000, 0x90000000 },
	};

	expect_ranges(expected, 2, ranges, mlx5_vhca_ranges_merge(ranges, 3, 2));
}

static void all_fit_in_one(void **state)
{
	struct mlx5_vhca_range ranges[] = { { -2 * PAGE, PAGE }, { 0, PAGE } };
	static const struct mlx5_vhca_range expected[] = { { 0, -PAGE } };

	expect_ranges(expected, 1, ranges, mlx5_vhca_ranges_merge(ranges, 2, 1));
	assert_int_equal(64, mlx5_vhca_ranges_log_space(ranges, 1));
}

static void space_is_rounded_up(void **state)
{
	static const struct mlx5_vhca_range one[] = { { 0, 1 << 20 } };
	static const struct mlx5_vhca_range two[] = { { 0, 1 << 20 }, { 1 << 30, PAGE } };
	static const struct mlx5_vhca_range half[] = { { 0, 1ULL << 63 } };

	assert_int_equal(20, mlx5_vhca_ranges_log_space(one, 1));
	assert_int_equal(21, mlx5_vhca_ranges_log_space(two, 2));
	assert_int_equal(63, mlx5_vhca_ranges_log_space(half, 1));
}

static void cover_means_by_one(void **state)
{
	static const struct mlx5_vhca_range ranges[] = { { PAGE, 4 * PAGE }, { 8 * PAGE, PAGE } };

	assert_true(mlx5_vhca_ranges_cover(ranges, 2, PAGE, 4 * PAGE));
	assert_true(mlx5_vhca_ranges_cover(ranges, 2, 4 * PAGE, PAGE));
	assert_true(mlx5_vhca_ranges_cover(ranges, 2, 8 * PAGE, PAGE));
	assert_false(mlx5_vhca_ranges_cover(ranges, 2, 0, PAGE));
	assert_false(mlx5_vhca_ranges_cover(ranges, 2, 4 * PAGE, 2 * PAGE));
	assert_false(mlx5_vhca_ranges_cover(ranges, 2, 4 * PAGE, -PAGE));
	assert_false(mlx5_vhca_ranges_cover(ranges, 2, PAGE, 8 * PAGE));
}

static void put_pages(bool pages[AREA_PAGES], const struct mlx5_vhca_range *ranges, unsigned int nr)
{
	memset(pages, 0, AREA_PAGES * sizeof(*pages));
	for (unsigned int i = 0; i < nr; i++) {
		for (u64 at = 0; at < ranges[i].bytes; at += PAGE)
			pages[(ranges[i].start + at) / PAGE] = true;
	}
}

/* Nothing is lost, they are apart and ascending, and no more than were allowed */
static void no_page_is_ever_lost(void **state)
{
	bool before[AREA_PAGES], after[AREA_PAGES];
	struct mlx5_vhca_range ranges[MAX_RANGES];
	unsigned int nr, max;

	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		nr = rand() % MAX_RANGES + 1;
		max = rand() % MAX_RANGES + 1;
		for (unsigned int i = 0; i < nr; i++) {
			unsigned int first = rand() % AREA_PAGES;

			ranges[i].start = first * PAGE;
			ranges[i].bytes = (rand() % (AREA_PAGES - first) % 8 + 1) * PAGE;
		}
		put_pages(before, ranges, nr);
		nr = mlx5_vhca_ranges_merge(ranges, nr, max);
		put_pages(after, ranges, nr);
		assert_true(nr <= max);
		for (unsigned int i = 0; i < AREA_PAGES; i++)
			assert_true(after[i] || !before[i]);
		for (unsigned int i = 1; i < nr; i++)
			assert_true(ranges[i - 1].start + ranges[i - 1].bytes < ranges[i].start);
	}
}

static void entries_become_runs(void **state)
{
	static const u64 pages[] = { 1, 2, 3, 7, 9, 10, 9 };
	static const struct mlx5_vhca_range expected[] = {
		{ PAGE, 3 * PAGE }, { 7 * PAGE, PAGE }, { 9 * PAGE, 2 * PAGE }, { 9 * PAGE, PAGE },
	};
	__be64 entries[7];
	struct mlx5_vhca_range runs[7];

	/* Low bits are not an address */
	for (int i = 0; i < 7; i++)
		entries[i] = cpu_to_be64(pages[i] * PAGE + i);
	expect_ranges(expected, 4, runs, mlx5_vhca_entries_to_runs(entries, 7, PAGE, runs));
	assert_int_equal(0, mlx5_vhca_entries_to_runs(entries, 0, PAGE, runs));
}

static void runs_do_not_wrap(void **state)
{
	__be64 entries[] = { cpu_to_be64(-PAGE), cpu_to_be64(0) };
	static const struct mlx5_vhca_range expected[] = { { -PAGE, PAGE }, { 0, PAGE } };
	struct mlx5_vhca_range runs[2];

	expect_ranges(expected, 2, runs, mlx5_vhca_entries_to_runs(entries, 2, PAGE, runs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_sorted_and_joined),
		cmocka_unit_test(one_within_another_goes),
		cmocka_unit_test(nearest_are_joined_first),
		cmocka_unit_test(all_fit_in_one),
		cmocka_unit_test(space_is_rounded_up),
		cmocka_unit_test(cover_means_by_one),
		cmocka_unit_test(no_page_is_ever_lost),
		cmocka_unit_test(entries_become_runs),
		cmocka_unit_test(runs_do_not_wrap),
	};

	return cmocka_run_group_tests_name("vhca_ranges", tests, NULL, NULL);
}
