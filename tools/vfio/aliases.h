/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_ALIASES_H
#define VFIOCTL_ALIASES_H

struct function;

/**
 * aliases_choose() - find the module that fits each function best
 * @functions: their best is filled
 * @nr: how many
 *
 * modules.alias is read once, and of it the lines of VFIO drivers alone.
 *
 * Return: 0, or a negative errno when it cannot be read.
 */
int aliases_choose(struct function *functions, int nr);

#endif
