// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/vfio/pci/core/progress.c in user space: whole sessions, as the device and
 * a reader would have them, and what both sizes of struct vfio_precopy_info are on the way.
 * The oracle is the text on VFIO_MIG_GET_PRECOPY_INFO in linux/vfio.h.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "progress.h"

#define expect_rest(progress, initial, dirty)				\
do {									\
	u64 _initial = ~0ULL, _dirty = ~0ULL;				\
	vpv_progress_rest(progress, &_initial, &_dirty);		\
	assert_int_equal(initial, _initial);				\
	assert_int_equal(dirty, _dirty);				\
} while (0)

/* An image of @bytes that comes with a record of 16 */
static void land(struct vpv_progress *progress, u64 bytes, u64 more_bytes)
{
	if (bytes)
		vpv_progress_queue(progress, 16 + bytes);
	vpv_progress_land(progress, bytes, more_bytes);
}

static void stopped_device_ends_with_its_only_pass(void **state)
{
	struct vpv_progress progress = {};

	vpv_progress_begin(&progress, 4096, 1000, true, false);
	assert_int_equal(-EAGAIN, vpv_progress_at_end(&progress));
	land(&progress, 600, 4096);
	vpv_progress_read(&progress, 616);
	assert_int_equal(-EAGAIN, vpv_progress_at_end(&progress));
	land(&progress, 400, 0);
	assert_int_equal(0, vpv_progress_at_end(&progress));
}

/* "a non-zero initial value and decrease as migration data is read", "starts at zero" */
static void initial_bytes_decrease_to_zero(void **state)
{
	struct vpv_progress progress = {};

	vpv_progress_begin(&progress, 4096, 1000, false, true);
	vpv_progress_queue(&progress, 24);
	expect_rest(&progress, 1024, 0);
	vpv_progress_read(&progress, 24);
	expect_rest(&progress, 1000, 0);
	assert_int_equal(-EAGAIN, vpv_progress_at_end(&progress));
	land(&progress, 600, 4096);
	expect_rest(&progress, 616 + 400, 0);
	vpv_progress_read(&progress, 616);
	expect_rest(&progress, 400, 0);
	land(&progress, 400, 0);
	expect_rest(&progress, 416, 0);
	vpv_progress_read(&progress, 415);
	expect_rest(&progress, 1, 0);
	vpv_progress_read(&progress, 1);
	expect_rest(&progress, 0, 0);
	assert_int_equal(-ENOMSG, vpv_progress_at_end(&progress));
}

static void no_estimate_or_a_wrong_one_is_never_zero_too_early(void **state)
{
	struct vpv_progress progress = {};

	vpv_progress_begin(&progress, 4096, 0, false, true);
	expect_rest(&progress, 4096, 0);
	land(&progress, 4096, 512);
	vpv_progress_read(&progress, 4112);
	expect_rest(&progress, 512, 0);
	land(&progress, 0, 1);
	expect_rest(&progress, 512, 0);
	land(&progress, 0, 0);
	expect_rest(&progress, 0, 0);
	assert_int_equal(-ENOMSG, vpv_progress_at_end(&progress));
}

/* Of a session whose first pass was @bytes, and has been read */
static struct vpv_progress after_first_pass(u64 bytes)
{
	struct vpv_progress progress = {};

	vpv_progress_begin(&progress, 4096, bytes, false, true);
	land(&progress, bytes, 0);
	vpv_progress_read(&progress, bytes + 16);
	return progress;
}

static void changes_are_dirty_until_they_are_read(void **state)
{
	struct vpv_progress progress = after_first_pass(1000);

	vpv_progress_begin(&progress, 4096, 200, false, false);
	expect_rest(&progress, 0, 200);
	assert_int_equal(-ENOMSG, vpv_progress_at_end(&progress));
	land(&progress, 150, 0);
	expect_rest(&progress, 0, 166);
	vpv_progress_read(&progress, 100);
	expect_rest(&progress, 0, 66);
	vpv_progress_read(&progress, 66);
	expect_rest(&progress, 0, 0);
}

static void changes_behind_unread_initial_data_are_apart(void **state)
{
	struct vpv_progress progress = {};

	vpv_progress_begin(&progress, 4096, 1000, false, true);
	land(&progress, 1000, 0);
	vpv_progress_begin(&progress, 4096, 200, false, false);
	land(&progress, 200, 0);
	expect_rest(&progress, 1016, 216);
	vpv_progress_read(&progress, 1000);
	expect_rest(&progress, 16, 216);
	vpv_progress_read(&progress, 100);
	expect_rest(&progress, 0, 132);
}

/* "dirty_bytes is also reset to zero": what lies before initial data has to be read as well */
static void initial_data_anew_takes_in_what_was_not_read(void **state)
{
	struct vpv_progress progress = after_first_pass(1000);

	vpv_progress_begin(&progress, 4096, 200, false, false);
	land(&progress, 200, 0);
	vpv_progress_read(&progress, 16);
	vpv_progress_begin(&progress, 4096, 900, false, true);
	expect_rest(&progress, 200 + 900, 0);
	land(&progress, 800, 0);
	expect_rest(&progress, 200 + 816, 0);
	vpv_progress_read(&progress, 200 + 816);
	expect_rest(&progress, 0, 0);
	vpv_progress_begin(&progress, 4096, 7, false, false);
	expect_rest(&progress, 0, 7);
}

/* "ENOMSG may not be returned in STOP_COPY" */
static void final_pass_has_an_end_for_good(void **state)
{
	struct vpv_progress progress = after_first_pass(1000);

	vpv_progress_begin(&progress, 4096, 100, true, false);
	assert_int_equal(-EAGAIN, vpv_progress_at_end(&progress));
	land(&progress, 100, 0);
	assert_int_equal(0, vpv_progress_at_end(&progress));

	progress = after_first_pass(1000);
	vpv_progress_begin(&progress, 0, 0, true, false);
	assert_int_equal(0, vpv_progress_at_end(&progress));
	expect_rest(&progress, 0, 0);
}

static void broken_pass_leaves_what_came_before(void **state)
{
	struct vpv_progress progress = {};

	vpv_progress_begin(&progress, 4096, 1000, false, true);
	vpv_progress_queue(&progress, 24);
	vpv_progress_break(&progress);
	expect_rest(&progress, 24, 0);
	assert_int_equal(-ENOMSG, vpv_progress_at_end(&progress));

	progress = after_first_pass(1000);
	vpv_progress_begin(&progress, 4096, 100, false, false);
	land(&progress, 50, 4096);
	vpv_progress_break(&progress);
	expect_rest(&progress, 0, 66);

	/* There is another try */
	vpv_progress_begin(&progress, 4096, 100, true, false);
	vpv_progress_break(&progress);
	assert_int_equal(-EAGAIN, vpv_progress_at_end(&progress));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stopped_device_ends_with_its_only_pass),
		cmocka_unit_test(initial_bytes_decrease_to_zero),
		cmocka_unit_test(no_estimate_or_a_wrong_one_is_never_zero_too_early),
		cmocka_unit_test(changes_are_dirty_until_they_are_read),
		cmocka_unit_test(changes_behind_unread_initial_data_are_apart),
		cmocka_unit_test(initial_data_anew_takes_in_what_was_not_read),
		cmocka_unit_test(final_pass_has_an_end_for_good),
		cmocka_unit_test(broken_pass_leaves_what_came_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
