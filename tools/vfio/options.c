// SPDX-License-Identifier: GPL-2.0-only
/* The options that commands on devices have in common: how much to tell, and in which form. */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "options.h"
#include "run.h"

int options_read(int argc, char **argv, const char *letters, int max_devices, const char *usage,
		 struct options *options)
{
	static const struct option names[] = {
		{ "json", no_argument, NULL, 'j' }, { "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' }, { },
	};
	int c;

	*options = (struct options) { };
	while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		/* A long name is known to all commands */
		if (c == 'j' && strchr(letters, c))
			options->json = true;
		else if (c == 'v' && strchr(letters, c))
			options->verbose = true;
		else
			break;
	}
	if (c == 'h') {
		fputs(usage, stdout);
		return STATUS_DONE;
	}
	if (c != -1 || optind == argc || argc - optind > max_devices) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	return -1;
}
