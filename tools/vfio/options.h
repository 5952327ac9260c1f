/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_OPTIONS_H
#define VFIOCTL_OPTIONS_H

#include <stdbool.h>

/**
 * struct flag - an option that has no value
 * @letter: the short one
 * @name: the long one; NULL ends a list
 * @given: becomes true
 */
struct flag {
	char letter;
	const char *name;
	bool *given;
};

/**
 * options_read() - read the options of a command that has none with a value
 * @argc: of the command's own words, the first is its name
 * @argv: these words; what is no option is from optind on
 * @flags: what the command knows besides --help
 * @min_words: how many words there have to be that are no options
 * @max_words: how many there may be
 * @usage: what --help prints, and to stderr who calls it wrongly
 *
 * Return: -1 to go on, or the status with which the program is to end.
 */
int options_read(int argc, char **argv, const struct flag *flags, int min_words, int max_words,
		 const char *usage);

#endif
