// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/address.c: the ways to write the address of a PCI function.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "address.h"

static void assert_means(const char *text, const char *want)
{
	char *address = malloc(ADDRESS_SIZE);

	assert_non_null(address);
	assert_int_equal(address_parse(text, address), 0);
	assert_string_equal(address, want);
	free(address);
}

static void assert_refused(const char *text)
{
	char address[ADDRESS_SIZE];

	assert_int_equal(address_parse(text, address), -EINVAL);
}

static void full_address(void **state)
{
	assert_means("0000:3b:00.2", "0000:3b:00.2");
	assert_means("0000:3B:1F.7", "0000:3b:1f.7");
	assert_means("0:3b:0.2", "0000:3b:00.2");
}

static void domain_may_be_left_out(void **state)
{
	assert_means("3b:00.2", "0000:3b:00.2");
	assert_means("1:2.3", "0000:01:02.3");
}

static void domain_of_more_digits(void **state)
{
	assert_means("10001:80:05.0", "10001:80:05.0");
	assert_means("pci_10001_80_05_0", "10001:80:05.0");
	assert_means("ffffffff:ff:1f.7", "ffffffff:ff:1f.7");
	assert_refused("100000000:80:05.0");
}

static void of_devlink(void **state)
{
	assert_means("pci/0000:3b:00.2", "0000:3b:00.2");
	assert_refused("pci/");
	assert_refused("pci/0000_3b_00_2");
	assert_refused("usb/0000:3b:00.2");
}

static void of_libvirt(void **state)
{
	assert_means("pci_0000_3b_00_2", "0000:3b:00.2");
	assert_refused("pci_0000:3b:00.2");
	assert_refused("0000_3b_00_2");
	assert_refused("pci_");
}

static void path(void **state)
{
	assert_means("/sys/bus/pci/devices/0000:3b:00.2", "0000:3b:00.2");
	assert_means("/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.2//", "0000:3b:00.2");
	assert_refused("/sys/bus/pci/devices/0000:3b:00.2/driver");
	assert_refused("/sys/bus/pci/devices/0000000000000000000000000000000000000:3b:00.2");
	assert_refused("/");
	assert_refused("///");
	assert_refused("sys/0000:3b:00.2");
}

static void what_is_none(void **state)
{
	static const char *const texts[] = {
		"", ":", ".", "eth0", "0000:3b:00", "0000:3b:00.", "0000:3b:00.8", "0000:3b:20.0",
		"0000:100:00.0", "3b:00.22", "3b:00.2 ", " 3b:00.2", "3b:00.2\n", "0x3b:00.2",
		"-3b:00.2", "3b:+0.2", "0000:0000:3b:00.2", ":3b:00.2", "3b::00.2", "3b.00.2",
		"g0:00.0", "3b:00.g", "000000000:3b:00.2",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_refused(texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_address),
		cmocka_unit_test(domain_may_be_left_out),
		cmocka_unit_test(domain_of_more_digits),
		cmocka_unit_test(of_devlink),
		cmocka_unit_test(of_libvirt),
		cmocka_unit_test(path),
		cmocka_unit_test(what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
