// SPDX-License-Identifier: GPL-2.0-only
/* The options of a command, all of which say yes to something. */

#include <getopt.h>
#include <stdio.h>

#include "commands.h"
#include "options.h"

#define FLAGS_MAX	8

/* @names and @letters are what getopt_long() wants of @flags and --help. */
static void describe(const struct flag *flags, struct option *names, char *letters)
{
	for (; flags->name; flags++) {
		*names++ = (struct option) { flags->name, no_argument, NULL, flags->letter };
		*letters++ = flags->letter;
	}
	*names = (struct option) { "help", no_argument, NULL, 'h' };
	*letters = 'h';
}

int options_read(int argc, char **argv, const struct flag *flags, int min_words, int max_words,
		 const char *usage)
{
	struct option names[FLAGS_MAX + 2] = { };
	char letters[FLAGS_MAX + 2] = "";
	const struct flag *flag;
	int c;

	describe(flags, names, letters);
	while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		for (flag = flags; flag->name && flag->letter != c; flag++)
			;
		if (!flag->name)
			break;
		*flag->given = true;
	}
	if (c == 'h') {
		fputs(usage, stdout);
		return STATUS_DONE;
	}
	if (c != -1 || argc - optind < min_words || argc - optind > max_words) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	return -1;
}
