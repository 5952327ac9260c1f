/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_OPTIONS_H
#define VFIOCTL_OPTIONS_H

#include "run.h"

/**
 * options_read() - read those options that commands on devices have in common
 * @argc: of the command's own words, the first is its name
 * @argv: these words; the devices are those from optind on
 * @letters: of -j, -v and -h those that the command has, as for getopt()
 * @max_devices: how many devices it takes at most, at least one is needed
 * @usage: what --help prints, and to stderr who calls it wrongly
 * @options: filled as far as @letters go, the rest is off
 *
 * Return: -1 to go on, or the status with which the program is to end.
 */
int options_read(int argc, char **argv, const char *letters, int max_devices, const char *usage,
		 struct options *options);

#endif
