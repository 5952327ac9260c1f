// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/numbers.c and progress.c: migrations of a device in a tree that looks like
 * sysfs; and of quantity.c.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "numbers.h"
#include "paths.h"
#include "progress.h"
#include "quantity.h"

#define VF	"0000:3b:00.2"
#define MIB	(1024LL * 1024)

static char top[64] = "/tmp/vfio_progress_test.XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/" VF "/migration/%s", top, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	char command[160];

	assert_non_null(mkdtemp(top));
	snprintf(command, sizeof(command), "mkdir -p %s/bus/pci/devices/" VF "/migration", top);
	paths_sysfs = top;
	return system(command);
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void what_the_files_have_is_read(void **state)
{
	struct numbers numbers;

	assert_int_equal(numbers_read("0000:3b:00.7", &numbers), -ENOENT);
	assert_int_equal(numbers_read(VF, &numbers), -ENOENT);
	put("role", "save\n");
	put("result", "complete\n");
	put("error", "5\n");
	put("passes", "3\n");
	put("initial_images", "2\n");
	put("initial_bytes", "104857600\n");
	put("initial_us", "1234\n");
	put("dirty_bytes", "4096\n");
	put("final_bytes", "8192\n");
	put("freeze_initiator_us", "10\n");
	put("freeze_responder_us", "20\n");
	put("unfreeze_responder_us", "7\n");
	put("pre_copy_p2p_to_stop_copy_us", "99\n");
	assert_int_equal(numbers_read(VF, &numbers), 0);
	assert_string_equal(numbers.role, "save");
	assert_int_equal(numbers.result, NUMBERS_COMPLETE);
	assert_int_equal(numbers.error, 5);
	assert_int_equal(numbers.passes, 3);
	assert_int_equal(numbers.initial.images, 2);
	assert_int_equal(numbers.initial.bytes, 104857600);
	assert_int_equal(numbers.initial.us, 1234);
	assert_int_equal(numbers.dirty.bytes, 4096);
	assert_int_equal(numbers.final.bytes, 8192);
	assert_int_equal(numbers.loaded.bytes, 0);
	assert_int_equal(numbers.freeze_us, 30);
	assert_int_equal(numbers.unfreeze_us, 7);
	assert_int_equal(numbers.arcs_us[ARC_PRE_COPY_P2P_TO_STOP_COPY], 99);
}

/* A save whose guest runs, and then stops. */
static void a_migration_is_followed(void **state)
{
	struct numbers numbers = { .role = "none" };
	struct progress progress = { };

	assert_false(progress_add(&progress, &numbers, 1000));
	assert_false(progress.begun || progress_ended(&progress));
	snprintf(numbers.role, sizeof(numbers.role), "save");
	numbers.result = NUMBERS_ACTIVE;
	numbers.arcs_us[ARC_RUNNING_TO_PRE_COPY] = 5;
	numbers.initial.bytes = 10 * MIB;
	assert_true(progress_add(&progress, &numbers, 2000));
	assert_string_equal(progress_state(&numbers), "PRE_COPY");
	assert_int_equal(progress.rate, 0);
	numbers.initial.bytes = 20 * MIB;
	numbers.dirty.bytes = 2 * MIB;
	assert_true(progress_add(&progress, &numbers, 2500));
	assert_int_equal(progress.rate, 24 * MIB);
	assert_int_equal(progress.dirty_rate, 4 * MIB);
	numbers.arcs_us[ARC_PRE_COPY_TO_PRE_COPY_P2P] = 1;
	assert_string_equal(progress_state(&numbers), "PRE_COPY_P2P");
	numbers.arcs_us[ARC_PRE_COPY_P2P_TO_STOP_COPY] = 1;
	assert_string_equal(progress_state(&numbers), "STOP_COPY");
	numbers.result = NUMBERS_COMPLETE;
	assert_false(progress_add(&progress, &numbers, 3000));
	assert_true(progress_ended(&progress));
	assert_int_equal(progress.since_ms, 2000);
	assert_int_equal(progress.rate, 0);
}

static void what_is_over_at_first_is_not_watched(void **state)
{
	struct numbers numbers = { .role = "save", .result = NUMBERS_COMPLETE, .passes = 1 };
	struct progress progress = { };

	assert_false(progress_add(&progress, &numbers, 0));
	assert_false(progress_add(&progress, &numbers, 100));
	assert_false(progress_ended(&progress));
	/* One that began and ended between two looks */
	snprintf(numbers.role, sizeof(numbers.role), "load");
	numbers.result = NUMBERS_CANCELLED;
	assert_false(progress_add(&progress, &numbers, 200));
	assert_true(progress_ended(&progress));
}

static void a_load_has_other_states(void **state)
{
	struct numbers numbers = { .role = "load", .result = NUMBERS_ACTIVE };

	assert_string_equal(progress_state(&numbers), "RESUMING");
	numbers.arcs_us[ARC_RESUMING_TO_STOP] = 1;
	assert_string_equal(progress_state(&numbers), "STOP");
	numbers.result = NUMBERS_FAILED;
	assert_string_equal(progress_state(&numbers), "");
}

static void the_history_is_bounded(void **state)
{
	struct numbers numbers = { .role = "load", .result = NUMBERS_ACTIVE };
	struct progress progress = { };
	int i;

	for (i = 0; i < 3 * PROGRESS_HISTORY; i++) {
		numbers.loaded.bytes += i * 100;
		progress_add(&progress, &numbers, i * 100);
	}
	assert_int_equal(progress.nr_history, PROGRESS_HISTORY);
	assert_int_equal(progress.history[PROGRESS_HISTORY - 1],
			 (3 * PROGRESS_HISTORY - 1) * 1000);
}

static char *text;
static size_t size;

static void draw_fits(const struct progress *progress, int columns)
{
	FILE *out = open_memstream(&text, &size);
	int lines = progress_draw(progress, VF, out, columns), seen = 0;
	char *line, *end;

	assert_int_equal(fclose(out), 0);
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		assert_int_equal(strncmp(end - 3, "\033[K", 3), 0);
		assert_true(end - 3 - line <= columns);
		seen++;
	}
	assert_int_equal(seen, lines);
}

static void a_picture_fits_the_terminal(void **state)
{
	struct numbers numbers = {
		.role = "save", .result = NUMBERS_ACTIVE,
		.initial = { 1000000, 1LL << 50, 1LL << 40 },
	};
	struct progress progress = { };
	int i;

	draw_fits(&progress, 80);
	assert_non_null(strstr(text, VF "  -, none yet, 0.0 s"));
	free(text);
	for (i = 1; i < 100; i++) {
		numbers.dirty.bytes += i * (1LL << 38);
		numbers.dirty.images++;
		progress_add(&progress, &numbers, i * 100);
	}
	draw_fits(&progress, 80);
	/* The highest is the last, and nothing is lower than nothing. */
	assert_non_null(strstr(text, "#|"));
	assert_null(strstr(text, "| "));
	free(text);
	draw_fits(&progress, 40);
	free(text);
}

static void a_line_of_json(void **state)
{
	struct numbers numbers = { .role = "load", .result = NUMBERS_ACTIVE };
	struct progress progress = { };
	FILE *out = open_memstream(&text, &size);

	numbers.loaded.bytes = 5;
	progress_add(&progress, &numbers, 77);
	progress_json(&progress, VF, out);
	assert_int_equal(fclose(out), 0);
	assert_ptr_equal(strchr(text, '\n'), text + size - 1);
	assert_non_null(strstr(text, "{ \"device\": \"" VF "\", \"ms\": 0, \"role\": \"load\", "));
	assert_non_null(strstr(text, "\"state\": \"RESUMING\", \"result\": \"active\", "));
	assert_non_null(strstr(text, "\"loaded_bytes\": 5, \"bytes_per_s\": 0, "));
	assert_non_null(strstr(text, "\"dirty_bytes_per_s\": 0 }\n"));
	free(text);
}

static void bytes_are_written(void **state)
{
	static const struct {
		long long bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" }, { MIB - 1, "1.0 MiB" },
		{ 3 * MIB / 2, "1.5 MiB" }, { 1LL << 40, "1.0 TiB" },
		{ 1LL << 60, "1048576.0 TiB" },
	};
	char written[QUANTITY_SIZE];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		quantity_bytes(cases[i].bytes, written);
		assert_string_equal(written, cases[i].text);
	}
}

static void bytes_are_read(void **state)
{
	static const struct {
		const char *text;
		long long bytes, rate;
	} cases[] = {
		{ "0", 0, 0 }, { "1048576", MIB, MIB }, { "1M", MIB, MIB }, { "1 MiB", MIB, MIB },
		{ "1.5k", 1536, 1536 }, { "4g", 4LL << 30, 4LL << 30 }, { "2B", 2, 2 },
		{ "1MB", MIB, MIB }, { "1M/s", -1, MIB }, { "10Gbit/s", -1, 1250000000 },
		{ "100Mbit", -1, 12500000 }, { "8bit", -1, 1 }, { "", -1, -1 }, { "M", -1, -1 },
		{ "-1", -1, -1 }, { "1X", -1, -1 }, { "0x10", -1, -1 }, { "1e30", -1, -1 },
		{ "1Mi", -1, -1 }, { "nan", -1, -1 }, { "1M/h", -1, -1 }, { "5 bits", -1, -1 },
		{ "8388608T", -1, -1 },
	};
	long long bytes;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!quantity_parse(cases[i].text, &bytes))
			bytes = -1;
		if (bytes != cases[i].bytes)
			fail_msg("'%s' is %lld bytes", cases[i].text, bytes);
		if (!quantity_parse_rate(cases[i].text, &bytes))
			bytes = -1;
		if (bytes != cases[i].rate)
			fail_msg("'%s' is %lld bytes/s", cases[i].text, bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_files_have_is_read),
		cmocka_unit_test(a_migration_is_followed),
		cmocka_unit_test(what_is_over_at_first_is_not_watched),
		cmocka_unit_test(a_load_has_other_states),
		cmocka_unit_test(the_history_is_bounded),
		cmocka_unit_test(a_picture_fits_the_terminal),
		cmocka_unit_test(a_line_of_json),
		cmocka_unit_test(bytes_are_written),
		cmocka_unit_test(bytes_are_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
