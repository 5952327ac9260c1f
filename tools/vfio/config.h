/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_CONFIG_H
#define VFIOCTL_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "address.h"

/**
 * struct config_version - of QEMU or libvirt
 * @major: the first number
 * @minor: the second
 */
struct config_version {
	int major;
	int minor;
};

/**
 * config_version() - find the version in what a program says of itself
 * @text: "QEMU emulator version 10.0.13 (Debian ...)", "11.3.0", "7.2"
 * @version: filled
 *
 * Return: whether there is one.
 */
bool config_version(const char *text, struct config_version *version);

/**
 * config_qemu() - write QEMU's arguments for VFs that are to migrate
 * @out: where, an argument list that a shell takes as it is
 * @version: of QEMU
 * @addresses: full addresses
 * @nr: how many
 */
void config_qemu(FILE *out, const struct config_version *version,
		 const struct address *addresses, int nr);

/**
 * config_libvirt() - write the elements of a domain for VFs that are to migrate
 * @out: where
 * @version: of libvirt
 * @addresses: full addresses
 * @nr: how many
 */
void config_libvirt(FILE *out, const struct config_version *version,
		    const struct address *addresses, int nr);

#endif
