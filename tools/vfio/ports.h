/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_PORTS_H
#define VFIOCTL_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "function.h"

#define PORTS_MAX	512

/**
 * struct port - a devlink port of a VF
 * @pf: address of the PF whose devlink has it
 * @index: its number there
 * @vf: number of the VF, from 0
 * @allowed: may the VF migrate
 */
struct port {
	char pf[ADDRESS_SIZE];
	unsigned int index;
	unsigned int vf;
	enum function_allowed allowed;
};

/**
 * struct ports - all of them
 * @nr: entries of @at
 * @at: the ports
 */
struct ports {
	int nr;
	struct port at[PORTS_MAX];
};

/**
 * ports_read() - ask devlink for the ports of VFs
 * @ports: filled
 * @seconds: how long to wait for the cards
 *
 * Return: 0, -ETIMEDOUT, -ENOENT when the kernel has no devlink loaded, or another negative errno.
 */
int ports_read(struct ports *ports, int seconds);

/**
 * ports_parse() - take the ports of VFs out of devlink's answer
 * @ports: those found are added
 * @message: netlink messages, one after the other
 * @size: of these in bytes
 *
 * Return: 1 when more is to come, 0 at the end, or a negative errno that devlink has told.
 */
int ports_parse(struct ports *ports, const void *message, size_t size);

/**
 * ports_tell() - fill in whether functions may migrate
 * @ports: what ports_read() has filled
 * @functions: VFs among them get allowed and port
 * @nr: how many
 */
void ports_tell(const struct ports *ports, struct function *functions, int nr);

/**
 * ports_allow() - let a VF migrate, or no longer; it must have no driver
 * @function: a VF with a port
 * @allow: whether it may
 * @seconds: how long to wait for the card
 *
 * Return: 0, -ETIMEDOUT, or another negative errno.
 */
int ports_allow(const struct function *function, bool allow, int seconds);

#endif
