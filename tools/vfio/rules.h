/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_RULES_H
#define VFIOCTL_RULES_H

#include <stdbool.h>
#include <stdio.h>

#include "address.h"

/**
 * rules_is_for() - is a line of the file the choice for a device?
 * @line: with or without its line end
 * @address: filled with the full address of the device
 *
 * Return: whether it is one that rules_edit() has written.
 */
bool rules_is_for(const char *line, char address[ADDRESS_SIZE]);

/**
 * rules_edit() - copy a file of udev rules, with choices added or left out
 * @in: the file as it is; NULL when there is none
 * @out: as it is to be
 * @addresses: full addresses of devices
 * @nr: how many
 * @add: there is to be a choice of VFIO for each of them; else there is to be none
 *
 * Lines of somebody else's stay where they are.
 *
 * Return: how many choices came or went, or -EIO.
 */
int rules_edit(FILE *in, FILE *out, const struct address *addresses, int nr, bool add);

#endif
