// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/tap.c and testrun.c: programs that end well, badly, or never.
 */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tap.h"
#include "testrun.h"

static char path[64] = "/tmp/vfio_testrun_test.XXXXXX";
static struct testrun result;
static char *said;
static size_t said_bytes;

static int set_up(void **state)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return -1;
	return close(fd);
}

static int tear_down(void **state)
{
	return unlink(path);
}

static void run_script(const char *text, int seconds)
{
	FILE *file = fopen(path, "w"), *log;

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0700), 0);
	log = open_memstream(&said, &said_bytes);
	assert_non_null(log);
	assert_int_equal(testrun(path, "a b", seconds, log, &result), 0);
	assert_int_equal(fclose(log), 0);
}

static void results_are_counted(void **state)
{
	struct tap tap;

	tap_begin(&tap);
	tap_line(&tap, "TAP version 13");
	tap_line(&tap, "1..4");
	tap_line(&tap, "# ok 7 is no result");
	tap_line(&tap, "ok 1 fixture.one");
	tap_line(&tap, "not ok 2 - fixture.two");
	tap_line(&tap, "not ok 3 three");
	assert_false(tap_good(&tap));
	tap_line(&tap, "ok 4 four # SKIP no such thing");
	tap_line(&tap, "okay");
	tap_line(&tap, "ok then");
	assert_int_equal(tap.planned, 4);
	assert_int_equal(tap.passed, 1);
	assert_int_equal(tap.failed, 2);
	assert_int_equal(tap.skipped, 1);
	assert_string_equal(tap.first_failed, "fixture.two");
	assert_false(tap_good(&tap));
}

static void what_is_not_all_is_not_good(void **state)
{
	struct tap tap;

	tap_begin(&tap);
	assert_false(tap_good(&tap));
	tap_line(&tap, "ok 1 one");
	assert_false(tap_good(&tap));
	tap_line(&tap, "1..2");
	assert_false(tap_good(&tap));
	tap_line(&tap, "ok 2 two");
	assert_true(tap_good(&tap));
	tap_begin(&tap);
	tap_line(&tap, "1..0");
	assert_false(tap_good(&tap));
	tap_line(&tap, "1..0 # SKIP no device");
	assert_true(tap_good(&tap));
	assert_string_equal(tap.why_skipped, "no device");
}

static void a_program_is_run(void **state)
{
	run_script("echo 1..1; echo \"ok 1 with $VFIO_BDFS\"; echo noise >&2; exit 4", 60);
	assert_int_equal(result.status, 4);
	assert_false(result.too_long);
	assert_true(tap_good(&result.tap));
	assert_string_equal(said, "1..1\nok 1 with a b\nnoise\n");
	free(said);
}

static void a_signal_is_told(void **state)
{
	run_script("echo 1..1; kill -ABRT $$", 60);
	assert_int_equal(result.status, -SIGABRT);
	assert_false(tap_good(&result.tap));
	free(said);
}

/* With what it has started, which has the same pipe. */
static void one_that_does_not_end_is_killed(void **state)
{
	run_script("echo 1..1; sleep 1000 & sleep 1000", 1);
	assert_true(result.too_long);
	assert_int_equal(result.status, -SIGKILL);
	assert_string_equal(said, "1..1\n");
	free(said);
}

static void long_lines_are_cut_up(void **state)
{
	run_script("head -c 5000 /dev/zero; echo; printf 'ok 1 last'", 60);
	assert_int_equal(result.tap.passed, 1);
	/* 4 cuts, and each line's own end */
	assert_int_equal(said_bytes, 5000 + 4 + 1 + strlen("ok 1 last\n"));
	assert_int_equal(strlen(said), said_bytes);
	free(said);
}

static void what_cannot_be_run_is_told(void **state)
{
	assert_int_equal(testrun("/nonexistent", "", 1, stdout, &result), -ENOENT);
	assert_int_equal(testrun("/etc/passwd", "", 1, stdout, &result), -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_counted),
		cmocka_unit_test(what_is_not_all_is_not_good),
		cmocka_unit_test(a_program_is_run),
		cmocka_unit_test(a_signal_is_told),
		cmocka_unit_test(one_that_does_not_end_is_killed),
		cmocka_unit_test(long_lines_are_cut_up),
		cmocka_unit_test(what_cannot_be_run_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
