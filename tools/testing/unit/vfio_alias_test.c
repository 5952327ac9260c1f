// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/alias.c: which module is the VFIO driver of a PCI function.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alias.h"

#define CX_VF	"vfio_pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00"
#define NIC	"vfio_pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00"
#define VGA	"vfio_pci:v00008086d00001912sv00001028sd00000706bc03sc00i00"

static struct alias_match matches[ALIAS_MAX_MATCHES];

static int find_max(const char *text, const char *alias, int max)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	int ret;

	assert_non_null(file);
	memset(matches, 0xa5, sizeof(matches));
	ret = alias_find(file, alias, matches, max);
	fclose(file);
	return ret;
}

static int find(const char *text, const char *alias)
{
	return find_max(text, alias, ALIAS_MAX_MATCHES);
}

static void assert_modules(int nr, ...)
{
	va_list ap;
	int i;

	va_start(ap, nr);
	for (i = 0; i < nr; i++)
		assert_string_equal(matches[i].module, va_arg(ap, const char *));
	va_end(ap);
}

#define STOCK "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
#define MLX5 "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n"

static void modalias_becomes_alias(void **state)
{
	char alias[ALIAS_SIZE];

	assert_int_equal(alias_from_modalias
		("pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00\n", alias), 0);
	assert_string_equal(alias, CX_VF);
	assert_int_equal(alias_from_modalias
		("pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00", alias), 0);
	assert_string_equal(alias, CX_VF);
}

static void other_modalias_is_refused(void **state)
{
	char alias[ALIAS_SIZE], text[2 * ALIAS_SIZE];

	assert_int_equal(alias_from_modalias("", alias), -EINVAL);
	assert_int_equal(alias_from_modalias("pci", alias), -EINVAL);
	assert_int_equal(alias_from_modalias("pci:", alias), -EINVAL);
	assert_int_equal(alias_from_modalias("pci:\n", alias), -EINVAL);
	assert_int_equal(alias_from_modalias("virtio:d00000001v00001AF4", alias), -EINVAL);
	memset(text, 'v', sizeof(text));
	memcpy(text, "pci:", 4);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(alias_from_modalias(text, alias), -ENAMETOOLONG);
	/* The longest that fits, and one more: "vfio_" and a terminator are added. */
	text[ALIAS_SIZE - 6] = '\0';
	assert_int_equal(alias_from_modalias(text, alias), 0);
	assert_int_equal(strlen(alias), ALIAS_SIZE - 1);
	text[ALIAS_SIZE - 6] = 'v';
	text[ALIAS_SIZE - 5] = '\0';
	assert_int_equal(alias_from_modalias(text, alias), -ENAMETOOLONG);
}

static void fewest_wildcards_win_in_any_order(void **state)
{
	assert_int_equal(find(STOCK MLX5, CX_VF), 2);
	assert_modules(2, "mlx5_vfio_pci", "vfio_pci");
	assert_int_equal(matches[0].wildcards, 5);
	assert_int_equal(matches[1].wildcards, 7);
	assert_string_equal(matches[0].pattern, "vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*");
	assert_int_equal(find(MLX5 STOCK, CX_VF), 2);
	assert_modules(2, "mlx5_vfio_pci", "vfio_pci");
}

static void other_devices_get_the_general_driver(void **state)
{
	assert_int_equal(find(MLX5 STOCK, NIC), 1);
	assert_modules(1, "vfio_pci");
}

static void first_line_wins_among_equals(void **state)
{
	const char *a = "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* first\n"
			"alias vfio_pci:v000015B3d*sv000015B3sd*bc*sc*i* second\n" STOCK;
	const char *b = "alias vfio_pci:v000015B3d*sv000015B3sd*bc*sc*i* second\n"
			"alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* first\n" STOCK;

	assert_int_equal(find(a, CX_VF), 3);
	assert_modules(3, "first", "second", "vfio_pci");
	assert_int_equal(find(b, CX_VF), 3);
	assert_modules(3, "second", "first", "vfio_pci");
}

static void a_star_behind_a_value_stands_for_no_field(void **state)
{
	const char *text = "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* five\n"
			   "alias vfio_pci:v000015B3d*sv*sd*bc02sc00i00* three\n";

	assert_int_equal(find(text, CX_VF), 2);
	assert_modules(2, "three", "five");
	assert_int_equal(matches[0].wildcards, 3);
	assert_int_equal(matches[1].wildcards, 5);
	assert_int_equal(find("alias vfio_pci:* all\nalias * more\n", CX_VF), 1);
	assert_int_equal(matches[0].wildcards, 1);
	/* One that ends with such a star is no worse than its equal that does not. */
	assert_int_equal(find("alias vfio_pci:v000015B3d*sv*sd*bc02sc00i00* first\n"
			      "alias vfio_pci:v000015B3d*sv*sd*bc02sc00i00 second\n", CX_VF), 2);
	assert_modules(2, "first", "second");
}

static void a_module_is_named_once_by_its_best_alias(void **state)
{
	assert_int_equal(find("alias vfio_pci:v00008086d*sv*sd*bc03sc*i* igd_vfio_pci\n" STOCK
			      "alias vfio_pci:v00008086d00001912sv*sd*bc03sc*i* igd_vfio_pci\n",
			      VGA), 2);
	assert_modules(2, "igd_vfio_pci", "vfio_pci");
	assert_int_equal(matches[0].wildcards, 4);
	/* And with the worse one last. */
	assert_int_equal(find("alias vfio_pci:v00008086d00001912sv*sd*bc03sc*i* igd_vfio_pci\n"
			      "alias vfio_pci:v00008086d*sv*sd*bc03sc*i* igd_vfio_pci\n", VGA), 1);
	assert_int_equal(matches[0].wildcards, 4);
}

static void only_the_best_are_kept(void **state)
{
	const char *text = STOCK
			   "alias vfio_pci:v000015B3d*sv*sd*bc*sc*i* six\n"
			   "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* five\n"
			   "alias vfio_pci:v000015B3d0000101Esv000015B3sd*bc*sc*i* four\n";

	assert_int_equal(find_max(text, CX_VF, 2), 2);
	assert_modules(2, "four", "five");
	assert_int_equal(find_max(text, CX_VF, 1), 1);
	assert_modules(1, "four");
	assert_int_equal(find_max(text, CX_VF, 4), 4);
	assert_modules(4, "four", "five", "six", "vfio_pci");
}

static void nothing_matches_in_an_empty_file(void **state)
{
	assert_int_equal(find("\n", CX_VF), 0);
	assert_int_equal(find("# Aliases extracted from modules themselves.\n", CX_VF), 0);
}

static void aliases_of_the_pci_bus_are_not_ours(void **state)
{
	assert_int_equal(find("alias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core\n", CX_VF), 0);
}

static void broken_lines_are_passed_over(void **state)
{
	assert_int_equal(find("alias\n"
			      "alias vfio_pci:v*d*sv*sd*bc*sc*i*\n"
			      "alias vfio_pci:v*d*sv*sd*bc*sc*i* two modules\n"
			      "aliasvfio_pci:v*d*sv*sd*bc*sc*i* x\n"
			      "#alias vfio_pci:v*d*sv*sd*bc*sc*i* x\n"
			      "options vfio_pci:v*d*sv*sd*bc*sc*i* x\n"
			      "\talias \t vfio_pci:v*d*sv*sd*bc*sc*i*   good \t\n", CX_VF), 1);
	assert_modules(1, "good");
}

static void overlong_words_are_passed_over(void **state)
{
	char text[1024] = "alias vfio_pci:";
	int i;

	for (i = 0; i < 200; i++)
		strcat(text, "*");
	strcat(text, " x\nalias vfio_pci:* ");
	for (i = 0; i < 100; i++)
		strcat(text, "m");
	strcat(text, "\n" STOCK);
	assert_int_equal(find(text, CX_VF), 1);
	assert_modules(1, "vfio_pci");
}

static void a_last_line_without_end_counts(void **state)
{
	assert_int_equal(find("alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci", CX_VF), 1);
	assert_modules(1, "vfio_pci");
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
	FILE *file = fopen("/proc/self/mem", "r");

	assert_non_null(file);
	assert_int_equal(alias_find(file, CX_VF, matches, 1), -EIO);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modalias_becomes_alias),
		cmocka_unit_test(other_modalias_is_refused),
		cmocka_unit_test(fewest_wildcards_win_in_any_order),
		cmocka_unit_test(other_devices_get_the_general_driver),
		cmocka_unit_test(first_line_wins_among_equals),
		cmocka_unit_test(a_star_behind_a_value_stands_for_no_field),
		cmocka_unit_test(a_module_is_named_once_by_its_best_alias),
		cmocka_unit_test(only_the_best_are_kept),
		cmocka_unit_test(nothing_matches_in_an_empty_file),
		cmocka_unit_test(aliases_of_the_pci_bus_are_not_ours),
		cmocka_unit_test(broken_lines_are_passed_over),
		cmocka_unit_test(overlong_words_are_passed_over),
		cmocka_unit_test(a_last_line_without_end_counts),
		cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
