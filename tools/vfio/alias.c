// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which modules say that they are a VFIO driver of a PCI function: pure text, so that it is
 * tested without a device.
 *
 * A table entry made with PCI_DRIVER_OVERRIDE_DEVICE_VFIO() becomes a line
 *
 *	alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci
 *
 * of modules.alias; the device's own name is the same text without wildcards.
 */

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alias.h"

#define PCI_PREFIX	"pci:"
#define VFIO_PREFIX	"vfio_"
#define BLANKS		" \t\r\n"
#define HEX_DIGITS	"0123456789ABCDEF"

int alias_from_modalias(const char *modalias, char alias[ALIAS_SIZE])
{
	size_t len = strcspn(modalias, BLANKS);

	if (strncmp(modalias, PCI_PREFIX, strlen(PCI_PREFIX)) || len == strlen(PCI_PREFIX))
		return -EINVAL;
	if (strlen(VFIO_PREFIX) + len >= ALIAS_SIZE)
		return -ENAMETOOLONG;
	snprintf(alias, ALIAS_SIZE, VFIO_PREFIX "%.*s", (int)len, modalias);
	return 0;
}

/* file2alias.c appends a "*" to an alias that ends with a value ("i00*"): that is no field. */
static unsigned int count_wildcards(const char *pattern)
{
	size_t len = strlen(pattern), i;
	unsigned int n = 0;

	if (len > 1 && pattern[len - 1] == '*' && strchr(HEX_DIGITS, pattern[len - 2]))
		len--;
	for (i = 0; i < len; i++)
		n += pattern[i] == '*';
	return n;
}

/* Cut a line at its blanks: true when it is "alias PATTERN MODULE" of sane sizes. */
static bool parse_line(char *line, struct alias_match *match)
{
	char *save, *word, *pattern, *module;

	word = strtok_r(line, BLANKS, &save);
	if (!word || strcmp(word, "alias"))
		return false;
	pattern = strtok_r(NULL, BLANKS, &save);
	module = strtok_r(NULL, BLANKS, &save);
	if (!pattern || !module || strtok_r(NULL, BLANKS, &save))
		return false;
	if (strlen(pattern) >= sizeof(match->pattern) || strlen(module) >= sizeof(match->module))
		return false;
	memcpy(match->pattern, pattern, strlen(pattern) + 1);
	memcpy(match->module, module, strlen(module) + 1);
	match->wildcards = count_wildcards(pattern);
	return true;
}

/* Keep @matches sorted; equal ones stay in the order of their lines. */
static int insert(struct alias_match *matches, int nr, int max, const struct alias_match *new)
{
	int i, end;

	for (i = 0; i < nr && matches[i].wildcards <= new->wildcards; i++) {
		if (!strcmp(matches[i].module, new->module))
			return nr;
	}
	if (i == max)
		return nr;
	/* A worse alias of the same module leaves the hole that the better one is moved into. */
	for (end = i; end < nr && strcmp(matches[end].module, new->module); end++)
		;
	if (end == nr) {
		if (nr < max)
			nr++;
		else
			end--;
	}
	memmove(&matches[i + 1], &matches[i], (end - i) * sizeof(*matches));
	matches[i] = *new;
	return nr;
}

int alias_find(FILE *file, const char *alias, struct alias_match *matches, int max)
{
	char prefix[ALIAS_SIZE], *line = NULL;
	struct alias_match match;
	size_t size = 0;
	int nr = 0;

	snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(alias, ":"), alias);
	/* Nearly all lines are of other buses, which a look at the prefix tells. */
	while (getline(&line, &size, file) >= 0) {
		if (strstr(line, prefix) && parse_line(line, &match) &&
		    !fnmatch(match.pattern, alias, 0))
			nr = insert(matches, nr, max, &match);
	}
	free(line);
	return ferror(file) ? -EIO : nr;
}
