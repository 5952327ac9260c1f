// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/function.c and aliases.c: PCI functions of a tree that looks like sysfs.
 */

#include <errno.h>
#include <fcntl.h>
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

#include "aliases.h"
#include "function.h"
#include "paths.h"

#define PF	"0000:3b:00.0"
#define VF	"0000:3b:00.2"
#define OTHER	"10001:80:05.0"
#define BRIDGE	"0000:3a:00.0"
#define MLX5	"alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n"
#define STOCK	"alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"

static char top[64] = "/tmp/vfio_function_test.XXXXXX";

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void add(const char *bdf, const char *vendor, const char *device, const char *class,
		const char *modalias)
{
	char path[256];

	snprintf(path, sizeof(path), "bus/pci/devices/%s", bdf);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chdir(path), 0);
	put("vendor", vendor);
	put("device", device);
	put("class", class);
	put("modalias", modalias);
	assert_int_equal(chdir(top), 0);
}

static void lead(const char *to, const char *bdf, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", bdf, name);
	assert_int_equal(symlink(to, path), 0);
}

static void folder(const char *bdf, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", bdf, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* A PF with a VF that is its number 7, a disk behind a VMD, a bridge. */
static int set_up(void **state)
{
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	assert_int_equal(system("mkdir -p bus/pci/devices modules/6.12"), 0);
	add(BRIDGE, "0x8086\n", "0x3420\n", "0x060400\n",
	    "pci:v00008086d00003420sv00000000sd00000000bc06sc04i00\n");
	add(PF, "0x15b3\n", "0x101d\n", "0x020000\n",
	    "pci:v000015B3d0000101Dsv000015B3sd00000058bc02sc00i00\n");
	add(VF, "0x15b3\n", "0x101e\n", "0x020000\n",
	    "pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00\n");
	add(OTHER, "0x8086\n", "0x0a54\n", "0x010802\n",
	    "pci:v00008086d00000A54sv00008086sd00003704bc01sc08i02\n");
	lead("../" VF, PF, "virtfn7");
	lead("../../../../bus/pci/drivers/mlx5_core", PF, "driver");
	lead("../" PF, VF, "physfn");
	lead("../../../../kernel/iommu_groups/14", VF, "iommu_group");
	put("modules/6.12/modules.alias", "# comment\nalias pci:v*d*sv*sd*bc06sc04i* shpchp\n"
	    MLX5 STOCK);
	paths_sysfs = top;
	paths_modules = "modules";
	paths_release = "6.12";
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void a_pf_is_read(void **state)
{
	struct function function;

	assert_int_equal(function_read(PF, &function), 0);
	assert_string_equal(function.bdf, PF);
	assert_int_equal(function.vendor, 0x15b3);
	assert_int_equal(function.device, 0x101d);
	assert_string_equal(function.driver, "mlx5_core");
	assert_string_equal(function.physfn, "");
	assert_string_equal(function.group, "");
	assert_int_equal(function.nr_vfs, 1);
	assert_int_equal(function.vf, -1);
	assert_false(function.vfio || function.migration);
}

static void a_vf_knows_its_number(void **state)
{
	struct function function;

	assert_int_equal(function_read(VF, &function), 0);
	assert_string_equal(function.physfn, PF);
	assert_string_equal(function.pf_driver, "mlx5_core");
	assert_int_equal(function.vf, 7);
	assert_string_equal(function.driver, "");
	assert_string_equal(function.group, "14");
}

static void one_that_is_not_there(void **state)
{
	struct function function;

	assert_int_equal(function_read("0000:00:00.0", &function), -ENODEV);
}

static void all_are_sorted(void **state)
{
	struct function *all;

	assert_int_equal(function_read_all(&all), 4);
	assert_string_equal(all[0].bdf, BRIDGE);
	assert_string_equal(all[1].bdf, PF);
	assert_string_equal(all[2].bdf, VF);
	assert_string_equal(all[3].bdf, OTHER);
	assert_true(function_is_bridge(&all[0]));
	assert_false(function_is_bridge(&all[1]));
	free(all);
}

static void the_best_is_chosen(void **state)
{
	struct function *all;

	assert_int_equal(function_read_all(&all), 4);
	assert_int_equal(aliases_choose(all, 4), 0);
	assert_string_equal(all[0].best.module, "");
	assert_string_equal(all[1].best.module, "vfio_pci");
	assert_string_equal(all[2].best.module, "mlx5_vfio_pci");
	assert_string_equal(all[3].best.module, "vfio_pci");
	/* The VF for its variant, the PF for its VF. */
	assert_false(function_is_shown(&all[0], all, 4));
	assert_true(function_is_shown(&all[1], all, 4));
	assert_true(function_is_shown(&all[2], all, 4));
	assert_false(function_is_shown(&all[3], all, 4));
	/* What VFIO has is shown whatever it is. */
	all[3].vfio = true;
	assert_true(function_is_shown(&all[3], all, 4));
	free(all);
}

static void no_index_of_modules(void **state)
{
	struct function *all;

	assert_int_equal(function_read_all(&all), 4);
	paths_release = "7.3";
	assert_int_equal(aliases_choose(all, 4), -ENOENT);
	assert_string_equal(all[2].best.module, "");
	paths_release = "6.12";
	free(all);
}

static void no_line_of_vfio(void **state)
{
	struct function function;

	put("modules/6.12/modules.alias", "");
	assert_int_equal(function_read(VF, &function), 0);
	assert_int_equal(aliases_choose(&function, 1), 0);
	assert_string_equal(function.best.module, "");
	put("modules/6.12/modules.alias", MLX5 STOCK);
}

static void a_migration_is_seen(void **state)
{
	struct function function;

	folder(VF, "vfio-dev");
	folder(VF, "migration");
	put("bus/pci/devices/" VF "/migration/role", "save\n");
	put("bus/pci/devices/" VF "/migration/result", "complete\n");
	assert_int_equal(function_read(VF, &function), 0);
	assert_true(function.vfio && function.migration);
	assert_string_equal(function.role, "save");
	assert_string_equal(function.result, "complete");
}

/* What the kernel never writes is cut or left out, not overrun. */
static void odd_contents(void **state)
{
	struct function function;
	char name[200];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	lead(name, OTHER, "driver");
	put("bus/pci/devices/" OTHER "/modalias", name);
	put("bus/pci/devices/" OTHER "/vendor", "not a number");
	assert_int_equal(function_read(OTHER, &function), 0);
	assert_string_equal(function.driver, "");
	assert_int_equal(strlen(function.modalias), sizeof(function.modalias) - 1);
	assert_int_equal(function.vendor, 0);
	assert_int_equal(aliases_choose(&function, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pf_is_read),
		cmocka_unit_test(a_vf_knows_its_number),
		cmocka_unit_test(one_that_is_not_there),
		cmocka_unit_test(all_are_sorted),
		cmocka_unit_test(the_best_is_chosen),
		cmocka_unit_test(no_index_of_modules),
		cmocka_unit_test(no_line_of_vfio),
		cmocka_unit_test(a_migration_is_seen),
		cmocka_unit_test(odd_contents),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
