/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_ALIAS_H
#define VFIO_FLAVOUR_ALIAS_H

#include <stddef.h>
#include <stdio.h>

#define ALIAS_SIZE		128
#define ALIAS_MODULE_SIZE	64
#define ALIAS_MAX_MATCHES	16

/**
 * struct alias_match - a module whose alias matches a device
 * @module: name of the module
 * @pattern: the alias that matched
 * @wildcards: number of fields of @pattern that are ``*``; the fewer, the more it says of the
 *	device
 */
struct alias_match {
	char module[ALIAS_MODULE_SIZE];
	char pattern[ALIAS_SIZE];
	unsigned int wildcards;
};

/**
 * alias_from_modalias() - name what a VFIO driver of a PCI function would be asked for by
 * @modalias: content of the function's sysfs attribute, a line end at its end is ignored
 * @alias: filled with the name
 *
 * Return: 0, -EINVAL when @modalias is not one of a PCI function, -ENAMETOOLONG.
 */
int alias_from_modalias(const char *modalias, char alias[ALIAS_SIZE]);

/**
 * alias_find() - find the modules that match an alias, best first
 * @file: text in the format of modules.alias
 * @alias: what alias_from_modalias() made
 * @matches: filled; fewest wildcards first, among equals the first line first, which is the
 *	order in which libvirt chooses, too. Each module is in it once, with its best alias.
 * @max: entries of @matches; what is worse than the first @max is dropped
 *
 * Lines that are not an alias, or too long to be one of a PCI driver, are passed over, as
 * modprobe does.
 *
 * Return: number of entries filled, -EIO when reading failed.
 */
int alias_find(FILE *file, const char *alias, struct alias_match *matches, int max);

#endif
