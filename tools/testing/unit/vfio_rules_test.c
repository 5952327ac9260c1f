// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/rules.c: choices in a file of udev's, which others may have edited.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"

#define LINE(address) \
	"SUBSYSTEM==\"pci\", KERNEL==\"" address "\", ENV{DRIVER_FLAVOUR}=\"vfio\"\n"

static const struct address two[] = { { "0000:3b:00.2" }, { "10001:80:05.0" } };

static void assert_edit(const char *before, bool add, int changed, const char *after)
{
	FILE *in = before ? fmemopen((void *)before, strlen(before), "r") : NULL, *out;
	char *text;
	size_t size;

	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(rules_edit(in, out, two, 2, add), changed);
	fclose(out);
	if (in)
		fclose(in);
	if (before)
		assert_string_equal(text, after);
	else
		assert_non_null(strstr(text, after));
	free(text);
}

static void choices_are_added(void **state)
{
	assert_edit(NULL, true, 2, LINE("0000:3b:00.2") LINE("10001:80:05.0"));
	assert_edit("# mine\n" LINE("0000:05:00.0"), true, 2,
		    "# mine\n" LINE("0000:05:00.0") LINE("0000:3b:00.2") LINE("10001:80:05.0"));
	/* What is there already is not there twice. */
	assert_edit(LINE("10001:80:05.0") "# end", true, 1,
		    LINE("10001:80:05.0") "# end\n" LINE("0000:3b:00.2"));
}

static void choices_are_removed(void **state)
{
	assert_edit(LINE("0000:3b:00.2") "# mine\n" LINE("0000:05:00.0") LINE("0000:3b:00.2"),
		    false, 2, "# mine\n" LINE("0000:05:00.0"));
	assert_edit("# mine\n", false, 0, "# mine\n");
}

static void other_lines_are_not_ours(void **state)
{
	static const char *const lines[] = {
		"", "\n", "SUBSYSTEM==\"pci\"\n", "SUBSYSTEM==\"pci\", KERNEL==\"0000:3b:00.2",
		"SUBSYSTEM==\"pci\", KERNEL==\"0000:3b:00.2\", ENV{DRIVER_FLAVOUR}=\"vfio\", X\n",
		"SUBSYSTEM==\"pci\", KERNEL==\"3b:00.2\", ENV{DRIVER_FLAVOUR}=\"vfio\"\n",
		"SUBSYSTEM==\"pci\", KERNEL==\"*\", ENV{DRIVER_FLAVOUR}=\"vfio\"\n",
		"#" LINE("0000:3b:00.2"),
		"SUBSYSTEM==\"pci\", KERNEL==\"00000000000000000000000000000000000000000000:3b\"",
	};
	char address[ADDRESS_SIZE];
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_false(rules_is_for(lines[i], address));
	assert_true(rules_is_for(LINE("10001:80:05.0"), address));
	assert_string_equal(address, "10001:80:05.0");
}

static void one_named_twice_is_written_once(void **state)
{
	static const struct address same[] = { { "0000:3b:00.2" }, { "0000:3b:00.2" } };
	FILE *out = fopen("/dev/null", "w");

	assert_non_null(out);
	assert_int_equal(rules_edit(NULL, out, same, 2, true), 1);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choices_are_added),
		cmocka_unit_test(choices_are_removed),
		cmocka_unit_test(other_lines_are_not_ours),
		cmocka_unit_test(one_named_twice_is_written_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
