// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/vfio/pci/igd/opregion.c in user space
 *
 * A table is made of named fields at offsets that are written down here once more, from the
 * kernel's i915 driver, so that a wrong offset in the parser is seen.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "opregion.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define PHYS	0xbfff0000ULL

/* As struct opregion_header and struct opregion_asle of i915 have it */
#pragma pack(push, 1)
struct table {
	u8 signature[16];
	u32 size_kib;
	u8 reserved;
	u8 revision;
	u8 minor;
	u8 major;
	u8 bios_version[32];
	u8 vbios_version[16];
	u8 driver_version[16];
	u32 mailboxes;
	u8 to_asle[0x300 - 92];
	u8 asle[0xba];
	u64 rvda;
	u32 rvds;
	u8 rest[8192 - 0x3c6];
};

#pragma pack(pop)

_Static_assert(sizeof(struct table) == IGD_OPREGION_BYTES, "the table has 8 KiB");

/* On the heap and of the exact size, so that a read beyond it is seen */
static struct table *new_table(u8 major, u8 minor)
{
	struct table *table = test_calloc(1, sizeof(*table));
	size_t i;

	for (i = 0; i < sizeof(*table); i++)
		((u8 *)table)[i] = i * 13 + (i >> 8);
	memcpy(table->signature, "IntelGraphicsMem", 16);
	table->size_kib = 8;
	table->major = major;
	table->minor = minor;
	table->mailboxes = 0x1d;
	table->rvda = 0;
	table->rvds = 0;
	return table;
}

static struct table *with_vbt(u8 major, u8 minor, u64 rvda, u32 rvds)
{
	struct table *table = new_table(major, minor);

	table->rvda = rvda;
	table->rvds = rvds;
	return table;
}

static const char *parse(const struct table *table, struct igd_opregion *opregion)
{
	return igd_opregion_parse((const u8 *)table, PHYS, opregion);
}

static void expect_sound(struct table *table, u64 vbt_phys, u32 vbt_bytes)
{
	struct igd_opregion opregion;
	const char *wrong;

	memset(&opregion, 0xa5, sizeof(opregion));
	wrong = parse(table, &opregion);
	if (wrong)
		print_error("refused: %s\n", wrong);
	assert_null(wrong);
	assert_int_equal(opregion.version, table->major << 8 | table->minor);
	assert_int_equal(opregion.vbt_bytes, vbt_bytes);
	assert_int_equal(opregion.vbt_phys, vbt_phys);
	test_free(table);
}

static void expect_refused(struct table *table, const char *word)
{
	struct igd_opregion opregion;
	const char *wrong = parse(table, &opregion);

	assert_non_null(wrong);
	if (!strstr(wrong, word))
		print_error("refused for another reason: %s\n", wrong);
	assert_non_null(strstr(wrong, word));
	test_free(table);
}

static void no_vbt(void **state)
{
	expect_sound(new_table(1, 0), 0, 0);
	expect_sound(new_table(2, 0), 0, 0);
	expect_sound(new_table(2, 1), 0, 0);
	expect_sound(new_table(3, 0), 0, 0);
}

static void one_of_two_fields_is_no_vbt(void **state)
{
	expect_sound(with_vbt(2, 0, 0x1000, 0), 0, 0);
	expect_sound(with_vbt(2, 1, 0, 9000), 0, 0);
	expect_sound(with_vbt(2, 1, 0, 0xffffffff), 0, 0);
}

static void fields_count_from_version_2_on(void **state)
{
	expect_sound(with_vbt(1, 255, ~0ULL, 0xffffffff), 0, 0);
	expect_sound(with_vbt(0, 0, ~0ULL, 0xffffffff), 0, 0);
}

static void fields_count_if_the_mailbox_is_there(void **state)
{
	struct table *table = with_vbt(2, 1, ~0ULL, 0xffffffff);

	table->mailboxes = ~0x4u;
	expect_sound(table, 0, 0);
}

static void absolute_in_version_2_0(void **state)
{
	expect_sound(with_vbt(2, 0, 0x12345, 9000), 0x12345, 9000);
	expect_sound(with_vbt(2, 0, 1, 1), 1, 1);
	/* Above 4 GiB, and within the table, where nothing forbids it */
	expect_sound(with_vbt(2, 0, 0x123456789aULL, 9000), 0x123456789aULL, 9000);
	expect_sound(with_vbt(2, 0, PHYS + 0x400, 6144), PHYS + 0x400, 6144);
}

static void relative_since_version_2_1(void **state)
{
	expect_sound(with_vbt(2, 1, 0x2000, 9000), PHYS + 0x2000, 9000);
	expect_sound(with_vbt(2, 1, 0x200000000ULL, 1), PHYS + 0x200000000ULL, 1);
	expect_sound(with_vbt(2, 255, 0x2001, 9000), PHYS + 0x2001, 9000);
	expect_sound(with_vbt(3, 0, 0x2000, 9000), PHYS + 0x2000, 9000);
	expect_sound(with_vbt(255, 255, 0x2000, 9000), PHYS + 0x2000, 9000);
}

static void vbt_size_is_bounded(void **state)
{
	expect_sound(with_vbt(2, 1, 0x2000, IGD_VBT_MAX_BYTES), PHYS + 0x2000,
		     IGD_VBT_MAX_BYTES);
	expect_refused(with_vbt(2, 1, 0x2000, IGD_VBT_MAX_BYTES + 1), "too large");
	expect_refused(with_vbt(2, 0, 0x2000, 0xffffffff), "too large");
	expect_refused(with_vbt(2, 0, 0x2000, 0x80000000), "too large");
}

static void vbt_is_behind_the_table(void **state)
{
	expect_refused(with_vbt(2, 1, 0x1fff, 16), "within");
	expect_refused(with_vbt(2, 1, 0x400, 6144), "within");
	expect_refused(with_vbt(2, 1, 1, 1), "within");
}

static void addresses_do_not_wrap(void **state)
{
	/* The last byte that there can be, then the first that there cannot */
	expect_sound(with_vbt(2, 0, ~0ULL, 1), ~0ULL, 1);
	expect_refused(with_vbt(2, 0, ~0ULL, 2), "beyond");
	expect_sound(with_vbt(2, 1, ~PHYS, 1), ~0ULL, 1);
	expect_refused(with_vbt(2, 1, ~PHYS, 2), "beyond");
	expect_refused(with_vbt(2, 1, ~PHYS + 1, 1), "beyond");
	expect_refused(with_vbt(2, 1, ~0ULL, 1), "beyond");
	expect_refused(with_vbt(2, 1, -0x2000ULL, 16), "beyond");
}

static void size_is_bounded(void **state)
{
	static const struct {
		u32 kib;
		bool sound;
	} cases[] = {
		{ 0, false }, { 1, false }, { 7, false }, { 8, true }, { 9, true },
		{ 8 + IGD_VBT_MAX_BYTES / 1024, true },
		{ 9 + IGD_VBT_MAX_BYTES / 1024, false },
		{ 8192, false }, { 0x400000, false }, { 0x400008, false }, { 0xffffffff, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct table *table = new_table(2, 1);

		table->size_kib = cases[i].kib;
		if (cases[i].sound)
			expect_sound(table, 0, 0);
		else
			expect_refused(table, "size");
	}
}

static void signature_is_needed(void **state)
{
	size_t i;

	for (i = 0; i < 16; i++) {
		struct table *table = new_table(2, 1);

		table->signature[i] ^= 0x20;
		expect_refused(table, "signature");
	}
}

/* Presents @table, and checks that nothing but what may change has changed */
static struct table *presented(struct table *table)
{
	struct table *before = test_malloc(sizeof(*before));
	struct igd_opregion opregion;

	*before = *table;
	assert_null(parse(table, &opregion));
	igd_opregion_present((u8 *)table, &opregion);

	before->size_kib = table->size_kib;
	before->major = table->major;
	before->minor = table->minor;
	before->rvda = table->rvda;
	assert_memory_equal(table, before, sizeof(*table));
	test_free(before);
	return table;
}

static void expect_presented(struct table *table, u8 major, u8 minor, u64 rvda)
{
	assert_int_equal(table->size_kib, 8);
	assert_int_equal(table->major, major);
	assert_int_equal(table->minor, minor);
	assert_int_equal(table->rvda, rvda);
	test_free(table);
}

static void presents_the_vbt_behind_the_table(void **state)
{
	struct table *table = with_vbt(2, 1, 0x9000, 9000);

	table->size_kib = 100;
	expect_presented(presented(with_vbt(2, 0, 0x123456789aULL, 9000)), 2, 1, 0x2000);
	expect_presented(presented(with_vbt(2, 1, 0x9000, 9000)), 2, 1, 0x2000);
	expect_presented(presented(with_vbt(3, 7, 0x9000, 9000)), 3, 7, 0x2000);
	expect_presented(presented(table), 2, 1, 0x2000);
}

static void presents_no_address_of_the_host(void **state)
{
	struct table *table = with_vbt(2, 0, 0x12345000, 9000);

	table->mailboxes = 0;
	expect_presented(presented(table), 2, 0, 0);
	expect_presented(presented(with_vbt(2, 0, 0x12345000, 0)), 2, 0, 0);
	expect_presented(presented(with_vbt(2, 1, 0x12345000, 0)), 2, 1, 0);
}

/* Before 2.0 these bytes are not RVDA */
static void presents_old_tables_as_they_are(void **state)
{
	expect_presented(presented(with_vbt(1, 0, 0x12345000, 9000)), 1, 0, 0x12345000);
}

/* What is presented means the same when it is parsed where a guest has it */
static void presented_tables_parse(void **state)
{
	struct table *table = presented(with_vbt(2, 0, 0x123456789aULL, 9000));
	struct igd_opregion opregion;

	assert_null(igd_opregion_parse((u8 *)table, 0x7ff00000, &opregion));
	assert_int_equal(opregion.vbt_phys, 0x7ff02000);
	assert_int_equal(opregion.vbt_bytes, 9000);
	test_free(table);
}

/* Any bytes: a sound one keeps within its bounds */
static void random_tables(void **state)
{
	struct igd_opregion opregion;
	unsigned int seed = 1, i, sound = 0;

	for (i = 0; i < 20000; i++) {
		struct table *table = new_table(rand_r(&seed) % 4, rand_r(&seed) % 3);

		table->rvda = (u64)rand_r(&seed) << (rand_r(&seed) % 34);
		table->rvds = (u32)rand_r(&seed) >> (rand_r(&seed) % 32);
		table->size_kib = (u32)rand_r(&seed) >> (rand_r(&seed) % 32);
		table->mailboxes = rand_r(&seed);
		if (!parse(table, &opregion)) {
			sound++;
			assert_true(opregion.vbt_bytes <= IGD_VBT_MAX_BYTES);
			assert_true(!opregion.vbt_bytes ||
				    opregion.vbt_phys + (opregion.vbt_bytes - 1) >=
				    opregion.vbt_phys);
			test_free(presented(table));
		} else {
			test_free(table);
		}
	}
	assert_in_range(sound, 1000, 19000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_vbt),
		cmocka_unit_test(one_of_two_fields_is_no_vbt),
		cmocka_unit_test(fields_count_from_version_2_on),
		cmocka_unit_test(fields_count_if_the_mailbox_is_there),
		cmocka_unit_test(absolute_in_version_2_0),
		cmocka_unit_test(relative_since_version_2_1),
		cmocka_unit_test(vbt_size_is_bounded),
		cmocka_unit_test(vbt_is_behind_the_table),
		cmocka_unit_test(addresses_do_not_wrap),
		cmocka_unit_test(size_is_bounded),
		cmocka_unit_test(signature_is_needed),
		cmocka_unit_test(presents_the_vbt_behind_the_table),
		cmocka_unit_test(presents_no_address_of_the_host),
		cmocka_unit_test(presents_old_tables_as_they_are),
		cmocka_unit_test(presented_tables_parse),
		cmocka_unit_test(random_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
