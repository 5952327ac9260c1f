// SPDX-License-Identifier: GPL-2.0-only
/* Choices that last: lines of a file of udev's, one for each device. Pure text. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

#define HEAD	"SUBSYSTEM==\"pci\", KERNEL==\""
#define TAIL	"\", ENV{DRIVER_FLAVOUR}=\"vfio\""
#define TITLE	"# Written by \"vfioctl persist\"; 75-vfio-flavour.rules follows it.\n"

bool rules_is_for(const char *line, char address[ADDRESS_SIZE])
{
	char text[ADDRESS_SIZE];
	const char *end;

	if (strncmp(line, HEAD, strlen(HEAD)))
		return false;
	line += strlen(HEAD);
	end = strchr(line, '"');
	if (!end || end - line >= ADDRESS_SIZE)
		return false;
	memcpy(text, line, end - line);
	text[end - line] = '\0';
	if (strncmp(end, TAIL, strlen(TAIL)))
		return false;
	end += strlen(TAIL);
	if (end[strspn(end, "\n")])
		return false;
	/* As the kernel writes it, or the rule would fit nothing. */
	return !address_parse(text, address) && !strcmp(text, address);
}

static int find(const struct address *addresses, int nr, const char *address)
{
	int i;

	for (i = 0; i < nr && strcmp(addresses[i].text, address); i++)
		;
	return i;
}

int rules_edit(FILE *in, FILE *out, const struct address *addresses, int nr, bool add)
{
	bool *there = calloc(nr + 1, sizeof(*there));
	char *line = NULL, address[ADDRESS_SIZE];
	size_t size = 0;
	int i, changed = 0;

	if (!there)
		return -EIO;
	if (!in)
		fputs(TITLE, out);
	while (in && getline(&line, &size, in) >= 0) {
		i = rules_is_for(line, address) ? find(addresses, nr, address) : nr;
		if (i < nr && !add) {
			changed++;
			continue;
		}
		there[i] = true;
		fputs(line, out);
		/* Whoever has edited it may have forgotten the end of the last line. */
		if (line[strlen(line) - 1] != '\n')
			fputc('\n', out);
	}
	free(line);
	for (i = 0; i < nr && add; i++) {
		/* One that is named twice is written once. */
		if (there[i] || find(addresses, nr, addresses[i].text) < i)
			continue;
		fprintf(out, HEAD "%s" TAIL "\n", addresses[i].text);
		changed++;
	}
	free(there);
	return (in && ferror(in)) || ferror(out) ? -EIO : changed;
}
