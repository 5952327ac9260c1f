// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers of a device's last migration: Documentation/ABI/testing/sysfs-bus-pci-vfio-migration.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "numbers.h"
#include "paths.h"

#define FILE_SIZE	32

static const char *const results[] = {
	[NUMBERS_NONE] = "none", [NUMBERS_ACTIVE] = "active", [NUMBERS_COMPLETE] = "complete",
	[NUMBERS_CANCELLED] = "cancelled", [NUMBERS_FAILED] = "failed",
};

static const char *const arcs[NR_ARCS] = {
	[ARC_RUNNING_TO_PRE_COPY] = "running_to_pre_copy_us",
	[ARC_PRE_COPY_TO_PRE_COPY_P2P] = "pre_copy_to_pre_copy_p2p_us",
	[ARC_RUNNING_P2P_TO_PRE_COPY_P2P] = "running_p2p_to_pre_copy_p2p_us",
	[ARC_PRE_COPY_TO_STOP_COPY] = "pre_copy_to_stop_copy_us",
	[ARC_PRE_COPY_P2P_TO_STOP_COPY] = "pre_copy_p2p_to_stop_copy_us",
	[ARC_STOP_TO_STOP_COPY] = "stop_to_stop_copy_us",
	[ARC_STOP_COPY_TO_STOP] = "stop_copy_to_stop_us",
	[ARC_STOP_TO_RESUMING] = "stop_to_resuming_us",
	[ARC_RESUMING_TO_STOP] = "resuming_to_stop_us",
};

static int read_word(int dir, const char *name, char *word, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, word, size - 1);

	if (fd >= 0)
		close(fd);
	word[len < 0 ? 0 : len] = '\0';
	word[strcspn(word, "\n")] = '\0';
	return len < 0 ? -ENOENT : 0;
}

/* What a driver does not have is 0. */
static long long read_number(int dir, const char *name)
{
	char text[FILE_SIZE];

	read_word(dir, name, text, sizeof(text));
	return strtoll(text, NULL, 10);
}

static void read_part(int dir, const char *name, struct numbers_part *part)
{
	char file[FILE_SIZE];

	snprintf(file, sizeof(file), "%s_images", name);
	part->images = read_number(dir, file);
	snprintf(file, sizeof(file), "%s_bytes", name);
	part->bytes = read_number(dir, file);
	snprintf(file, sizeof(file), "%s_us", name);
	part->us = read_number(dir, file);
}

static int read_result(int dir, enum numbers_result *result)
{
	char word[NUMBERS_WORD_SIZE];
	int ret = read_word(dir, "result", word, sizeof(word));
	size_t i;

	for (i = 0; i < sizeof(results) / sizeof(*results); i++) {
		if (!strcmp(word, results[i]))
			*result = i;
	}
	return ret;
}

int numbers_read(const char *bdf, struct numbers *numbers)
{
	char path[PATH_MAX];
	int dir, ret, i;

	memset(numbers, 0, sizeof(*numbers));
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/migration", paths_sysfs, bdf);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -ENOENT;
	/* First: what has ended by then has all its other numbers. */
	ret = read_result(dir, &numbers->result);
	read_part(dir, "initial", &numbers->initial);
	read_part(dir, "dirty", &numbers->dirty);
	read_part(dir, "final", &numbers->final);
	read_part(dir, "loaded", &numbers->loaded);
	numbers->loaded_last_us = read_number(dir, "loaded_last_us");
	numbers->passes = read_number(dir, "passes");
	numbers->freeze_us = read_number(dir, "freeze_initiator_us") +
			     read_number(dir, "freeze_responder_us");
	numbers->unfreeze_us = read_number(dir, "unfreeze_initiator_us") +
			       read_number(dir, "unfreeze_responder_us");
	for (i = 0; i < NR_ARCS; i++)
		numbers->arcs_us[i] = read_number(dir, arcs[i]);
	numbers->error = read_number(dir, "error");
	read_word(dir, "role", numbers->role, sizeof(numbers->role));
	close(dir);
	return ret;
}

const char *numbers_result_word(enum numbers_result result)
{
	return results[result];
}
