// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/vfio/pci/core/superset.c in user space: which bus addresses are tracked
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "superset.h"

#define GIB		0x40000000ULL
#define NO_LIMIT	(~0ULL)

static void small_guest_has_the_least(void **state)
{
	assert_int_equal(4 * GIB, vpv_superset_bytes(0, NO_LIMIT));
	assert_int_equal(4 * GIB, vpv_superset_bytes(4096, NO_LIMIT));
	assert_int_equal(4 * GIB, vpv_superset_bytes(4 * GIB, NO_LIMIT));
}

static void all_that_is_mapped_is_in_it(void **state)
{
	assert_int_equal(8 * GIB, vpv_superset_bytes(4 * GIB + 1, NO_LIMIT));
	assert_int_equal(8 * GIB, vpv_superset_bytes(8 * GIB, NO_LIMIT));
	assert_int_equal(128 * GIB, vpv_superset_bytes(66 * GIB, NO_LIMIT));
	assert_int_equal(2048 * GIB, vpv_superset_bytes(1025 * GIB, NO_LIMIT));
}

static void it_is_the_smallest_power_of_two(void **state)
{
	unsigned int shift;

	for (shift = 32; shift < 63; shift++) {
		u64 top = 1ULL << shift;

		assert_int_equal(top, vpv_superset_bytes(top - 4096, NO_LIMIT));
		assert_int_equal(top, vpv_superset_bytes(top, NO_LIMIT));
		assert_int_equal(2 * top, vpv_superset_bytes(top + 4096, NO_LIMIT));
	}
}

static void device_has_its_limit(void **state)
{
	assert_int_equal(16 * GIB, vpv_superset_bytes(66 * GIB, 16 * GIB));
	assert_int_equal(16 * GIB, vpv_superset_bytes(66 * GIB, 31 * GIB));
	assert_int_equal(4 * GIB, vpv_superset_bytes(66 * GIB, 4 * GIB));
	assert_int_equal(4 * GIB, vpv_superset_bytes(0, 4 * GIB));
}

static void device_that_can_too_little_is_not_asked(void **state)
{
	assert_int_equal(0, vpv_superset_bytes(0, 4 * GIB - 1));
	assert_int_equal(0, vpv_superset_bytes(66 * GIB, 2 * GIB));
	assert_int_equal(0, vpv_superset_bytes(0, 0));
}

/* No power of two is above it, and none may be made by an overflow */
static void end_of_64_bits_is_no_end_of_the_loop(void **state)
{
	assert_int_equal(1ULL << 63, vpv_superset_bytes(NO_LIMIT, NO_LIMIT));
	assert_int_equal(1ULL << 63, vpv_superset_bytes((1ULL << 63) + 1, NO_LIMIT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_guest_has_the_least),
		cmocka_unit_test(all_that_is_mapped_is_in_it),
		cmocka_unit_test(it_is_the_smallest_power_of_two),
		cmocka_unit_test(device_has_its_limit),
		cmocka_unit_test(device_that_can_too_little_is_not_asked),
		cmocka_unit_test(end_of_64_bits_is_no_end_of_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
