// SPDX-License-Identifier: GPL-2.0-only
/* The lines of modules.alias that name VFIO drivers, for many functions at once. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "alias.h"
#include "aliases.h"
#include "function.h"
#include "paths.h"

#define VFIO_LINE	"alias vfio_"

static FILE *open_index(void)
{
	char path[PATH_MAX];
	struct utsname uts;

	uname(&uts);
	snprintf(path, sizeof(path), "%s/%s/modules.alias", paths_modules,
		 paths_release ?: uts.release);
	return fopen(path, "re");
}

/* Return: 0 or a negative errno. *@text is to be freed; it is never empty, as fmemopen() asks. */
static int read_lines(char **text, size_t *size)
{
	FILE *index = open_index(), *lines;
	char *line = NULL;
	size_t max = 0;
	int ret;

	if (!index)
		return -errno;
	lines = open_memstream(text, size);
	if (!lines) {
		fclose(index);
		return -ENOMEM;
	}
	fputs("\n", lines);
	while (getline(&line, &max, index) >= 0) {
		if (!strncmp(line, VFIO_LINE, strlen(VFIO_LINE)))
			fputs(line, lines);
	}
	ret = ferror(index) ? -EIO : 0;
	free(line);
	fclose(index);
	return fclose(lines) ? -ENOMEM : ret;
}

static int choose(struct function *function, char *text, size_t size)
{
	char alias[ALIAS_SIZE];
	FILE *lines;
	int nr;

	memset(&function->best, 0, sizeof(function->best));
	if (alias_from_modalias(function->modalias, alias))
		return 0;
	lines = fmemopen(text, size, "r");
	if (!lines)
		return -errno;
	nr = alias_find(lines, alias, &function->best, 1);
	fclose(lines);
	return nr < 0 ? nr : 0;
}

int aliases_choose(struct function *functions, int nr)
{
	char *text = NULL;
	size_t size;
	int i, ret;

	ret = read_lines(&text, &size);
	for (i = 0; i < nr && !ret; i++) {
		if (!function_is_bridge(&functions[i]))
			ret = choose(&functions[i], text, size);
	}
	free(text);
	return ret;
}
