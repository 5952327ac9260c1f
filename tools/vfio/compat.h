/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_COMPAT_H
#define VFIOCTL_COMPAT_H

#define COMPAT_TEXT_SIZE	256
/* More than there are */
#define COMPAT_MAX		24

struct profile;

/**
 * enum compat_status - what two sides are to each other
 * @COMPAT_SAME: equal, or different in a way that matters to nobody
 * @COMPAT_FAILS: a migration fails by this
 * @COMPAT_RISK: it may fail by this, or its maker does not stand for it
 * @COMPAT_NOTE: it goes, but not as well as it could
 * @COMPAT_UNKNOWN: one side does not tell
 */
enum compat_status {
	COMPAT_SAME,
	COMPAT_FAILS,
	COMPAT_RISK,
	COMPAT_NOTE,
	COMPAT_UNKNOWN,
};

/**
 * struct compat - one thing that was compared
 * @name: one word or two
 * @status: what came out
 * @source: what the source has, as text
 * @destination: what the destination has
 * @why: what the difference means; empty for none
 */
struct compat {
	const char *name;
	enum compat_status status;
	char source[COMPAT_TEXT_SIZE];
	char destination[COMPAT_TEXT_SIZE];
	char why[COMPAT_TEXT_SIZE];
};

/**
 * compat_make() - compare two sides
 * @source: where the guest is
 * @destination: where it is to go
 * @compats: filled, what is worst for a migration is not sorted to the front
 *
 * Return: how many were filled.
 */
int compat_make(const struct profile *source, const struct profile *destination,
		struct compat compats[COMPAT_MAX]);

/**
 * compat_count() - how many have a status
 * @compats: what compat_make() filled
 * @nr: how many
 * @status: which
 *
 * Return: how many.
 */
int compat_count(const struct compat *compats, int nr, enum compat_status status);

#endif
