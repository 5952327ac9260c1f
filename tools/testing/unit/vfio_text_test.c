// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/table.c and json.c: what people and programs read.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "table.h"

static char *text;
static size_t size;

static struct table_style begin(bool colour)
{
	struct table_style style = { .out = open_memstream(&text, &size), .colour = colour,
				     .columns = 30 };

	assert_non_null(style.out);
	return style;
}

static void assert_text(FILE *out, const char *want)
{
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void columns_are_as_wide_as_they_must_be(void **state)
{
	static const char *const cells[] = { "A", "LONG", "C", "wide one", "b", "c" };
	struct table_style style = begin(false);

	table_print(&style, cells, 2, 3);
	assert_text(style.out, "A         LONG  C\nwide one  b     c\n");
}

static void the_heading_has_colour(void **state)
{
	static const char *const cells[] = { "A", "B", "c", "d" };
	struct table_style style = begin(true);

	table_print(&style, cells, 2, 2);
	assert_text(style.out, "\033[1mA\033[0m  \033[1mB\033[0m\nc  d\n");
}

static void lines_are_cut_at_blanks(void **state)
{
	struct table_style style = begin(false);

	table_wrap(&style, 10, TABLE_RED, "head", "twenty columns are not enough");
	assert_text(style.out, "head      twenty columns are\n          not enough\n");
	/* A text that just fits is not cut, nor is what has no blank. */
	style = begin(false);
	table_wrap(&style, 10, TABLE_RED, "head", "12345678901234567890");
	table_wrap(&style, 10, TABLE_RED, "head", "1234567890123456789012345 then");
	assert_text(style.out, "head      12345678901234567890\n"
		    "head      1234567890123456789012345\n          then\n");
}

static void json_is_nested(void **state)
{
	struct json json = { .out = open_memstream(&text, &size) };

	json_open(&json, NULL, '{');
	json_text(&json, "name", "a \"b\"\\\n");
	json_text(&json, "nothing", "");
	json_open(&json, "list", '[');
	json_number(&json, NULL, -1);
	json_number(&json, NULL, 2);
	json_close(&json);
	json_open(&json, "empty", '[');
	json_close(&json);
	json_truth(&json, "right", true);
	json_close(&json);
	assert_text(json.out, "{\n  \"name\": \"a \\\"b\\\"\\\\\\n\",\n  \"nothing\": null,\n"
		    "  \"list\": [\n    -1,\n    2\n  ],\n  \"empty\": [],\n  \"right\": true\n}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_they_must_be),
		cmocka_unit_test(the_heading_has_colour),
		cmocka_unit_test(lines_are_cut_at_blanks),
		cmocka_unit_test(json_is_nested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
