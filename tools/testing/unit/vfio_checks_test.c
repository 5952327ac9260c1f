// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/checks.c: what stands against a migration, from what is known.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "checks.h"

/* A text of the facts, which is an array */
#define SET(text, ...)	snprintf(text, sizeof(text), __VA_ARGS__)

static struct check checks[CHECKS_MAX];
static int nr;

/* A VF that lacks nothing, with all that root sees. */
static struct facts good(void)
{
	struct facts facts = {
		.function = {
			.bdf = "0000:3b:00.2", .vendor = 0x15b3, .device = 0x101e,
			.driver = "mlx5_vfio_pci", .physfn = "0000:3b:00.0",
			.pf_driver = "mlx5_core", .group = "14", .vfio = true, .migration = true,
			.best = { .module = "mlx5_vfio_pci" }, .allowed = ALLOWED_YES,
		},
		.release = "6.12.118+deb13-amd64",
		.general = true,
		.log_read = true,
		.said_migration = "stop-copy, p2p, pre-copy",
		.said_dirty = "told by the type1 container",
	};

	return facts;
}

static const struct check *find(const char *name)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (!strcmp(checks[i].name, name))
			return &checks[i];
	}
	fail_msg("no check is named %s", name);
	return NULL;
}

static void make(const struct facts *facts)
{
	memset(checks, 0xa5, sizeof(checks));
	nr = checks_make(facts, checks);
	assert_in_range(nr, 1, CHECKS_MAX);
}

/* It is the first that fails, with what QEMU says and what to do. */
static void assert_first(const char *name, const char *message, const char *fix)
{
	int i;

	for (i = 0; i < nr && checks[i].status != CHECK_FAILED; i++)
		;
	assert_true(i < nr);
	assert_string_equal(checks[i].name, name);
	assert_non_null(strstr(checks[i].message, message));
	assert_non_null(strstr(checks[i].fix, fix));
}

static void nothing_fails(void **state)
{
	struct facts facts = good();
	int i;

	make(&facts);
	assert_int_equal(checks_failed(checks, nr), 0);
	for (i = 0; i < nr; i++) {
		assert_int_equal(checks[i].status, CHECK_OK);
		assert_string_equal(checks[i].message, "");
		assert_string_equal(checks[i].fix, "");
	}
}

static void a_kernel_without_vfio(void **state)
{
	struct facts facts = good();

	facts.general = false;
	facts.function.best.module[0] = '\0';
	make(&facts);
	assert_first("kernel", "/dev/vfio/vfio", "linux-image-amd64");
	assert_int_equal(find("module")->status, CHECK_LATER);
}

static void without_our_package(void **state)
{
	struct facts facts = good();

	/* Stock Debian: vfio-pci is all that there is, and drives it. */
	SET(facts.function.best.module, "vfio_pci");
	SET(facts.function.driver, "vfio-pci");
	facts.function.migration = false;
	facts.function.allowed = ALLOWED_NO_PORT;
	make(&facts);
	assert_first("variant", "not supported in kernel", "vfio-mlx5-dkms");
	assert_int_equal(find("migration")->status, CHECK_LATER);
	assert_int_equal(find("devlink")->status, CHECK_UNKNOWN);
	assert_int_equal(checks_failed(checks, nr), 1);
}

static void an_unsigned_module(void **state)
{
	struct facts facts = good();

	facts.loadable = -EKEYREJECTED;
	SET(facts.culprit, "mlx5_vhca");
	facts.function.driver[0] = '\0';
	facts.function.vfio = false;
	facts.function.migration = false;
	make(&facts);
	assert_first("module", "not supported in kernel", "mokutil");
	assert_non_null(strstr(find("module")->text, "mlx5_vhca"));
	assert_int_equal(find("driver")->status, CHECK_FAILED);
}

static void a_module_that_is_gone(void **state)
{
	struct facts facts = good();

	facts.loadable = -ENOENT;
	SET(facts.culprit, "vfio_pci_variant");
	make(&facts);
	assert_first("module", "", "modprobe vfio_pci_variant");
}

static void no_iommu(void **state)
{
	struct facts facts = good();

	facts.function.group[0] = '\0';
	make(&facts);
	assert_first("IOMMU", "no iommu_group found", "intel_iommu=on");
	assert_int_equal(find("group")->status, CHECK_LATER);
}

static void the_pf_itself(void **state)
{
	struct facts facts = good();

	facts.function = (struct function) {
		.bdf = "0000:3b:00.0", .vendor = 0x15b3, .device = 0x101d, .nr_vfs = 2,
		.driver = "mlx5_core", .group = "12", .best = { .module = "vfio_pci" },
	};
	make(&facts);
	assert_first("function", "not supported", "vfioctl list");
}

static void the_pf_has_no_driver(void **state)
{
	struct facts facts = good();

	facts.function.pf_driver[0] = '\0';
	make(&facts);
	assert_first("PF", "not supported in kernel", "vfioctl detach 0000:3b:00.0");
}

static void the_pf_is_with_vfio(void **state)
{
	struct facts facts = good();

	SET(facts.function.pf_driver, "vfio-pci");
	make(&facts);
	assert_first("PF", "error getting device from group 14", "vfioctl detach 0000:3b:00.0");
	assert_non_null(strstr(find("PF")->text, "token"));
}

static void devlink_forbids(void **state)
{
	struct facts facts = good();

	facts.function.allowed = ALLOWED_NO;
	facts.function.migration = false;
	facts.said_migration[0] = '\0';
	make(&facts);
	assert_first("devlink", "not supported in kernel", "vfioctl enable 0000:3b:00.2");
	assert_int_equal(find("migration")->status, CHECK_FAILED);
}

/* The word of the driver counts where devlink has none. */
static void devlink_does_not_know(void **state)
{
	static const enum function_allowed words[] = {
		ALLOWED_UNKNOWN, ALLOWED_NO_PORT, ALLOWED_NO_WORD,
	};
	struct facts facts = good();
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		facts.function.allowed = words[i];
		facts.function.migration = true;
		make(&facts);
		assert_int_equal(find("devlink")->status, CHECK_OK);
		facts.function.migration = false;
		make(&facts);
		assert_int_equal(find("devlink")->status, CHECK_UNKNOWN);
	}
}

static void another_driver(void **state)
{
	struct facts facts = good();

	SET(facts.function.driver, "mlx5_core");
	facts.function.vfio = false;
	facts.function.migration = false;
	make(&facts);
	assert_first("driver", "Could not open '/dev/vfio/14': No such file",
		     "vfioctl attach 0000:3b:00.2");
	assert_int_equal(find("migration")->status, CHECK_LATER);
	assert_int_equal(find("pre-copy")->status, CHECK_LATER);

	SET(facts.function.driver, "vfio-pci");
	facts.function.vfio = true;
	make(&facts);
	assert_first("driver", "VFIO migration is not supported in kernel", "vfioctl attach");
}

/* A driver's name may be written with a dash where its module's is not. */
static void dashes_are_underscores(void **state)
{
	struct facts facts = good();

	SET(facts.function.driver, "mlx5-vfio-pci");
	make(&facts);
	assert_int_equal(find("driver")->status, CHECK_OK);
}

static void the_firmware_does_not(void **state)
{
	struct facts facts = good();

	facts.function.migration = false;
	SET(facts.said_migration, "the firmware of 0000:3b:00.0 does not offer it");
	facts.said_dirty[0] = '\0';
	make(&facts);
	assert_first("migration", "not supported in kernel", "mstconfig -d 0000:3b:00.0");
	assert_non_null(strstr(find("migration")->text, "does not offer it"));
}

static void worse_than_it_could_be(void **state)
{
	struct facts facts = good();

	SET(facts.said_migration, "stop-copy");
	SET(facts.said_dirty, "not told, all memory is sent again (the device cannot tell)");
	SET(facts.users, "qemu-system-x86 (pid 12)");
	make(&facts);
	assert_int_equal(checks_failed(checks, nr), 0);
	assert_int_equal(find("pre-copy")->status, CHECK_NOTE);
	assert_int_equal(find("pages")->status, CHECK_NOTE);
	assert_non_null(strstr(find("pages")->message, "dirty tracking"));
	assert_int_equal(find("users")->status, CHECK_NOTE);
	assert_non_null(strstr(find("users")->message, "Device or resource busy"));
}

static void without_root(void **state)
{
	struct facts facts = good();

	facts.log_read = false;
	facts.said_migration[0] = '\0';
	facts.said_dirty[0] = '\0';
	make(&facts);
	assert_int_equal(checks_failed(checks, nr), 0);
	assert_int_equal(find("migration")->status, CHECK_OK);
	assert_int_equal(find("pre-copy")->status, CHECK_UNKNOWN);
	assert_non_null(strstr(find("pages")->text, "root"));
}

static void a_sibling(void **state)
{
	struct facts facts = good();

	SET(facts.siblings, "0000:3b:00.3 (mlx5_core)");
	make(&facts);
	assert_first("group", "group 14 is not viable", "--group");
}

/* Texts as long as can be are cut, and end. */
static void long_texts_are_cut(void **state)
{
	struct facts facts = good();
	int i;

	memset(facts.siblings, 's', sizeof(facts.siblings) - 1);
	memset(facts.users, 'u', sizeof(facts.users) - 1);
	memset(facts.said_migration, 'm', sizeof(facts.said_migration) - 1);
	memset(facts.said_dirty, 'd', sizeof(facts.said_dirty) - 1);
	make(&facts);
	for (i = 0; i < nr; i++) {
		assert_true(strlen(checks[i].text) < sizeof(checks[i].text));
		assert_true(strlen(checks[i].fix) < sizeof(checks[i].fix));
	}
}

static void the_log_is_understood(void **state)
{
	struct facts facts = good();

	facts.said_migration[0] = '\0';
	facts.said_dirty[0] = '\0';
	checks_log_line(&facts, "mlx5_vfio_pci 0000:3b:00.3: migration: no");
	checks_log_line(&facts, "nothing of interest");
	checks_log_line(&facts, "0000:3b:00.2");
	assert_string_equal(facts.said_migration, "");
	checks_log_line(&facts, "mlx5_core 0000:3b:00.2: no migration: not allowed for this VF");
	checks_log_line(&facts, "mlx5_vfio_pci 0000:3b:00.2: migration: no");
	assert_string_equal(facts.said_migration, "not allowed for this VF");
	checks_log_line(&facts, "mlx5_vfio_pci 0000:3b:00.2: migration: stop-copy, p2p");
	checks_log_line(&facts, "mlx5_vfio_pci 0000:3b:00.2: dirty pages: told by DMA logging");
	assert_string_equal(facts.said_migration, "stop-copy, p2p");
	assert_string_equal(facts.said_dirty, "told by DMA logging");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_fails),
		cmocka_unit_test(a_kernel_without_vfio),
		cmocka_unit_test(without_our_package),
		cmocka_unit_test(an_unsigned_module),
		cmocka_unit_test(a_module_that_is_gone),
		cmocka_unit_test(no_iommu),
		cmocka_unit_test(the_pf_itself),
		cmocka_unit_test(the_pf_has_no_driver),
		cmocka_unit_test(the_pf_is_with_vfio),
		cmocka_unit_test(devlink_forbids),
		cmocka_unit_test(devlink_does_not_know),
		cmocka_unit_test(another_driver),
		cmocka_unit_test(dashes_are_underscores),
		cmocka_unit_test(the_firmware_does_not),
		cmocka_unit_test(worse_than_it_could_be),
		cmocka_unit_test(without_root),
		cmocka_unit_test(a_sibling),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(the_log_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
