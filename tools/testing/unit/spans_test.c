// SPDX-License-Identifier: GPL-2.0-only
/* Tests of drivers/vfio/pci/core/spans.c in user space: addresses that are to be told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/types.h>

#include "spans.h"

#define PLACES		64
#define MAX_SPANS	8
#define ROUNDS		20000

/* How often each place was told; a callback that fails after so many calls */
struct told {
	unsigned int times[PLACES];
	unsigned int calls_left;
};

static int tell(void *priv, u64 start, u64 bytes)
{
	struct told *told = priv;

	if (!told->calls_left--)
		return -5;
	assert_true(bytes);
	for (u64 at = start; at < start + bytes; at++)
		told->times[at]++;
	return 0;
}

static void put(const struct vpv_spans *spans, bool there[PLACES])
{
	memset(there, 0, PLACES * sizeof(*there));
	for (unsigned int i = 0; i < spans->nr; i++) {
		assert_true(spans->span[i].start < spans->span[i].end);
		for (u64 at = spans->span[i].start; at < spans->span[i].end; at++) {
			assert_false(there[at]);
			there[at] = true;
		}
	}
}

static void parts_are_told_once(void **state)
{
	struct vpv_span span[4];
	struct vpv_spans spans = { .room = 4, .span = span };
	struct told told = { .calls_left = ~0U };

	vpv_spans_add(&spans, 0, 10);
	vpv_spans_add(&spans, 20, 10);
	assert_int_equal(0, vpv_spans_take(&spans, 3, 2, tell, &told));
	assert_int_equal(0, vpv_spans_take(&spans, 0, PLACES, tell, &told));
	assert_int_equal(0, spans.nr);
	assert_int_equal(0, vpv_spans_take(&spans, 0, PLACES, tell, &told));
	for (unsigned int i = 0; i < PLACES; i++)
		assert_int_equal(i < 10 || (i >= 20 && i < 30), told.times[i]);
}

static void no_room_means_again(void **state)
{
	struct vpv_span span[1];
	struct vpv_spans spans = { .room = 1, .span = span };
	struct told told = { .calls_left = ~0U };

	vpv_spans_add(&spans, 0, 10);
	assert_int_equal(0, vpv_spans_take(&spans, 3, 2, tell, &told));
	assert_int_equal(0, vpv_spans_take(&spans, 0, 10, tell, &told));
	assert_int_equal(1, told.times[0]);
	assert_int_equal(2, told.times[3]);
	assert_int_equal(0, spans.nr);
}

static void what_was_not_told_stays(void **state)
{
	struct vpv_span span[2];
	struct vpv_spans spans = { .room = 2, .span = span };
	struct told told = { .calls_left = 1 };

	vpv_spans_add(&spans, 0, 10);
	vpv_spans_add(&spans, 20, 10);
	assert_int_equal(-5, vpv_spans_take(&spans, 0, PLACES, tell, &told));
	told.calls_left = ~0U;
	assert_int_equal(0, vpv_spans_take(&spans, 0, PLACES, tell, &told));
	for (unsigned int i = 0; i < PLACES; i++)
		assert_int_equal(i < 10 || (i >= 20 && i < 30), told.times[i]);
}

static void nothing_is_ever_lost(void **state)
{
	struct vpv_span span[MAX_SPANS];
	bool before[PLACES], after[PLACES];

	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct vpv_spans spans = { .room = rand() % (MAX_SPANS - 1) + 2, .span = span };

		vpv_spans_add(&spans, 0, rand() % 31 + 1);
		vpv_spans_add(&spans, 32, rand() % 31 + 1);
		for (int step = 0; step < 12; step++) {
			struct told told = { .calls_left = ~0U };
			unsigned int start = rand() % PLACES, bytes = rand() % (PLACES - start) + 1;

			put(&spans, before);
			assert_int_equal(0, vpv_spans_take(&spans, start, bytes, tell, &told));
			put(&spans, after);
			assert_true(spans.nr <= spans.room);
			for (unsigned int i = 0; i < PLACES; i++) {
				bool asked = i >= start && i < start + bytes;

				assert_int_equal(before[i] && asked, told.times[i]);
				assert_true(after[i] || !before[i] || told.times[i]);
				assert_true(before[i] || !after[i]);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_told_once),
		cmocka_unit_test(no_room_means_again),
		cmocka_unit_test(what_was_not_told_stays),
		cmocka_unit_test(nothing_is_ever_lost),
	};

	return cmocka_run_group_tests_name("spans", tests, NULL, NULL);
}
