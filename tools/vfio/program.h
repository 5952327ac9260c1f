/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_PROGRAM_H
#define VFIOCTL_PROGRAM_H

struct config_version;

/* What tells the version of those that migrate guests */
#define PROGRAM_QEMU	"qemu-system-x86_64 --version 2>/dev/null"
#define PROGRAM_LIBVIRT	"virsh --version 2>/dev/null"

/**
 * program_version() - ask a program for its version, but not for long
 * @command: PROGRAM_QEMU or PROGRAM_LIBVIRT
 * @version: filled
 *
 * Return: 0, -ENOENT when it is not there or does not tell, or another negative errno.
 */
int program_version(const char *command, struct config_version *version);

#endif
