// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl persist: what a device gets whenever it appears. */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"
#include "rules.h"

#define RULES_FILE	"/etc/udev/rules.d/60-vfioctl.rules"
/* udev reads no file of another ending. */
#define NEW_FILE	RULES_FILE ".new"

/*
 * By itself udev looks for changed files seconds after it last did, and VFs may be there before.
 * Where it does not run it reads them when it starts. It is told twice: a request that comes
 * between its taking the connection and its asking for the sender's credentials it ignores
 * ("Invalid sender uid"), which udevadm does not tell.
 */
#define ASK_UDEV	"udevadm control --reload --timeout=10 >/dev/null 2>&1"
#define TELL_UDEV	ASK_UDEV " && " ASK_UDEV

static int complain(const char *what)
{
	fprintf(stderr, "vfioctl: %s: %s\n", what, strerror(errno));
	if (errno == EACCES)
		fputs("vfioctl: to mend it: run it as root\n", stderr);
	return STATUS_FAILED;
}

static int show(void)
{
	FILE *file = fopen(RULES_FILE, "re");
	char *line = NULL, address[ADDRESS_SIZE];
	size_t size = 0;

	if (!file && errno != ENOENT)
		return complain(RULES_FILE);
	while (file && getline(&line, &size, file) >= 0) {
		if (rules_is_for(line, address))
			printf("%s: vfio, whenever it appears\n", address);
	}
	free(line);
	if (file)
		fclose(file);
	return STATUS_DONE;
}

/* The file is the old one or the new one at any time, whoever is killed. */
static int write_file(const struct address *addresses, int nr, bool add)
{
	FILE *in = fopen(RULES_FILE, "re"), *out;
	int changed;

	if (!in && errno != ENOENT)
		return complain(RULES_FILE);
	out = fopen(NEW_FILE, "we");
	if (!out) {
		complain(NEW_FILE);
		if (in)
			fclose(in);
		return STATUS_FAILED;
	}
	changed = rules_edit(in, out, addresses, nr, add);
	if (in)
		fclose(in);
	if (changed > 0 && (fflush(out) || fchmod(fileno(out), 0644) || fsync(fileno(out))))
		changed = -EIO;
	if (fclose(out) || changed < 0 || (changed && rename(NEW_FILE, RULES_FILE))) {
		complain(NEW_FILE);
		unlink(NEW_FILE);
		return STATUS_FAILED;
	}
	if (!changed)
		unlink(NEW_FILE);
	else if (system(TELL_UDEV) < 0)
		return complain("udev cannot be told");
	return STATUS_DONE;
}

static int persist(char **names, int nr, bool add)
{
	struct address *addresses = calloc(nr, sizeof(*addresses));
	int i, status = STATUS_DONE;

	if (!addresses)
		return STATUS_FAILED;
	for (i = 0; i < nr && status == STATUS_DONE; i++) {
		/* The device need not be there yet: VFs come later. */
		if (!address_parse(names[i], addresses[i].text))
			continue;
		fprintf(stderr, "%s: this is not the address of a PCI device\n", names[i]);
		status = STATUS_FAILED;
	}
	if (status == STATUS_DONE)
		status = write_file(addresses, nr, add);
	for (i = 0; i < nr && status == STATUS_DONE; i++)
		printf("%s: %s whenever it appears\n", addresses[i].text,
		       add ? "vfio," : "no longer vfio");
	free(addresses);
	return status;
}

int command_persist(int argc, char **argv)
{
	static const char usage[] =
		"usage: vfioctl persist [-r|--remove] [DEVICE...]\n"
		"  -r, --remove  the choices for these are to go\n"
		"Without a device the choices are shown. They are in " RULES_FILE ".\n"
		"A device that is there keeps what it has; see attach.\n";
	bool removed = false;
	const struct flag flags[] = { { 'r', "remove", &removed }, { } };
	int status = options_read(argc, argv, flags, 0, INT_MAX, usage);

	if (status >= 0)
		return status;
	if (optind < argc)
		return persist(argv + optind, argc - optind, !removed);
	if (!removed)
		return show();
	fputs(usage, stderr);
	return STATUS_USAGE;
}
