// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/config.c: what each version of QEMU and libvirt is told.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"

#define FIRST	"-device vfio-pci,host=0000:3b:00.2,"
#define SECOND	"-device vfio-pci,host=10001:80:05.0,"
#define SOURCE \
	"  <source>\n" \
	"    <address domain='0x0000' bus='0x3b' slot='0x00' function='0x2'/>\n" \
	"  </source>\n</hostdev>\n"

static const struct address two[] = { { "0000:3b:00.2" }, { "10001:80:05.0" } };
static char *text;
static size_t size;

static void version_is_found(void **state)
{
	static const struct {
		const char *text;
		int major, minor;
	} good[] = {
		{ "QEMU emulator version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)", 10, 0 },
		{ "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", 7, 2 },
		{ "11.3.0\n", 11, 3 }, { "9.0", 9, 0 }, { "qemu2 8.1", 8, 1 },
	};
	static const char *const bad[] = { "", "x", "10", "10.", ".2", "version ten" };
	struct config_version version;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(config_version(good[i].text, &version));
		assert_int_equal(version.major, good[i].major);
		assert_int_equal(version.minor, good[i].minor);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(config_version(bad[i], &version));
}

static void assert_qemu(int major, int minor, const char *want)
{
	struct config_version version = { major, minor };
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	config_qemu(out, &version, two, 2);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void qemu_is_told_to_migrate(void **state)
{
	static const char experimental[] = FIRST "x-enable-migration=on " SECOND
					    "x-enable-migration=on\n";
	static const char named[] = FIRST "enable-migration=on " SECOND
				     "enable-migration=on\n";

	assert_qemu(7, 2, experimental);
	assert_qemu(8, 0, experimental);
	assert_qemu(8, 1, named);
	assert_qemu(10, 0, named);
}

static void assert_libvirt(int major, const char *managed)
{
	struct config_version version = { major, 0 };
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	config_libvirt(out, &version, two, 2);
	fclose(out);
	assert_non_null(strstr(text, managed));
	assert_int_equal(!!strstr(text, "vfio-pci.enable-migration=on"), major >= 10);
	assert_non_null(strstr(text, SOURCE));
	assert_non_null(strstr(text, "domain='0x10001' bus='0x80' slot='0x05' function='0x0'"));
	free(text);
}

static void libvirt_takes_it_where_it_knows_how(void **state)
{
	assert_libvirt(9, "managed='no'");
	assert_libvirt(10, "managed='yes'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_is_found),
		cmocka_unit_test(qemu_is_told_to_migrate),
		cmocka_unit_test(libvirt_takes_it_where_it_knows_how),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
