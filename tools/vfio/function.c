// SPDX-License-Identifier: GPL-2.0-only
/* A PCI function as sysfs shows it to someone who only looks: no root, no lock, no wait. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "function.h"
#include "paths.h"

#define GENERAL_MODULE	"vfio_pci"
#define CLASS_BRIDGE	0x0604
#define VIRTFN		"virtfn"

static void read_text(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	text[len < 0 ? 0 : len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static unsigned int read_hex(int dir, const char *name)
{
	char text[32];

	read_text(dir, name, text, sizeof(text));
	return strtoul(text, NULL, 16);
}

/* The last part of where a link leads; what does not fit is no name of the kernel's. */
static void read_link(int dir, const char *name, char *text, size_t size)
{
	char path[PATH_MAX], *last;
	ssize_t len = readlinkat(dir, name, path, sizeof(path) - 1);

	text[0] = '\0';
	if (len < 0)
		return;
	path[len] = '\0';
	last = strrchr(path, '/');
	last = last ? last + 1 : path;
	if (strlen(last) < size)
		memcpy(text, last, strlen(last) + 1);
}

static int open_folder(const char *bdf, const char *below)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s%s", paths_sysfs, bdf, below);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The PF's links to its VFs, whose names have the numbers: sriov_numvfs would take its lock. */
static int count_vfs(int dir, const char *wanted, int *number)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), nr = 0;
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	char target[ADDRESS_SIZE];
	struct dirent *entry;

	while (stream && (entry = readdir(stream))) {
		if (strncmp(entry->d_name, VIRTFN, strlen(VIRTFN)))
			continue;
		nr++;
		read_link(dir, entry->d_name, target, sizeof(target));
		if (wanted && !strcmp(target, wanted))
			*number = atoi(entry->d_name + strlen(VIRTFN));
	}
	if (stream)
		closedir(stream);
	else if (copy >= 0)
		close(copy);
	return nr;
}

static void read_pf(struct function *function)
{
	int dir = open_folder(function->bdf, "/physfn");

	function->vf = -1;
	if (dir < 0)
		return;
	read_link(dir, "driver", function->pf_driver, sizeof(function->pf_driver));
	count_vfs(dir, function->bdf, &function->vf);
	close(dir);
}

int function_read(const char *bdf, struct function *function)
{
	int dir = open_folder(bdf, "");

	memset(function, 0, sizeof(*function));
	if (dir < 0)
		return -ENODEV;
	snprintf(function->bdf, sizeof(function->bdf), "%s", bdf);
	function->vendor = read_hex(dir, "vendor");
	function->device = read_hex(dir, "device");
	function->class = read_hex(dir, "class");
	read_text(dir, "modalias", function->modalias, sizeof(function->modalias));
	read_link(dir, "driver", function->driver, sizeof(function->driver));
	read_link(dir, "physfn", function->physfn, sizeof(function->physfn));
	read_link(dir, "iommu_group", function->group, sizeof(function->group));
	function->nr_vfs = count_vfs(dir, NULL, NULL);
	function->vfio = !faccessat(dir, "vfio-dev", F_OK, 0);
	function->migration = !faccessat(dir, "migration", F_OK, 0);
	read_text(dir, "migration/role", function->role, sizeof(function->role));
	read_text(dir, "migration/result", function->result, sizeof(function->result));
	read_pf(function);
	close(dir);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct function *)a)->bdf, ((const struct function *)b)->bdf);
}

int function_read_all(struct function **functions)
{
	struct function *all = NULL, *more;
	int nr = 0, max = 0, ret = 0;
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/bus/pci/devices", paths_sysfs);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= ADDRESS_SIZE)
			continue;
		if (nr == max) {
			max = max ? 2 * max : 64;
			more = reallocarray(all, max, sizeof(*all));
			ret = more ? 0 : -ENOMEM;
			all = more ?: all;
		}
		/* One that has just gone is none to be shown. */
		if (!ret && !function_read(entry->d_name, &all[nr]))
			nr++;
	}
	closedir(dir);
	if (ret) {
		free(all);
		return ret;
	}
	if (nr)
		qsort(all, nr, sizeof(*all), by_address);
	*functions = all;
	return nr;
}

bool function_is_bridge(const struct function *function)
{
	return function->class >> 8 == CLASS_BRIDGE;
}

static bool is_of_interest(const struct function *function)
{
	return function->vfio ||
	       (function->best.module[0] && strcmp(function->best.module, GENERAL_MODULE));
}

bool function_is_shown(const struct function *function, const struct function *all, int nr)
{
	int i;

	if (is_of_interest(function))
		return true;
	for (i = 0; i < nr && function->nr_vfs; i++) {
		if (!strcmp(all[i].physfn, function->bdf) && is_of_interest(&all[i]))
			return true;
	}
	return false;
}
