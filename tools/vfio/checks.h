/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_CHECKS_H
#define VFIOCTL_CHECKS_H

#include <stdbool.h>

#include "function.h"

#define CHECKS_TEXT_SIZE	256

/**
 * struct facts - all that can be known about whether a function can migrate
 * @function: as someone who only looks sees it
 * @release: of the running kernel
 * @general: the kernel has VFIO for PCI at all
 * @loadable: of the best module, what module_check() returned
 * @culprit: the module of which @loadable tells
 * @siblings: devices of its IOMMU group that keep users out; empty for none
 * @users: who has it open; empty for nobody
 * @log_read: the kernel's log could be read
 * @said_migration: what the log says of it after "migration: " or "no migration: ", empty for
 *	nothing
 * @said_dirty: what the log says after "dirty pages: ", empty for nothing
 */
struct facts {
	struct function function;
	char release[FUNCTION_NAME_SIZE];
	bool general;
	int loadable;
	char culprit[ALIAS_MODULE_SIZE];
	char siblings[CHECKS_TEXT_SIZE];
	char users[CHECKS_TEXT_SIZE];
	bool log_read;
	char said_migration[CHECKS_TEXT_SIZE];
	char said_dirty[CHECKS_TEXT_SIZE];
};

/**
 * enum check_status - what came out of one
 * @CHECK_OK: fine
 * @CHECK_FAILED: a migration fails by this
 * @CHECK_NOTE: a migration goes, but worse than it could
 * @CHECK_UNKNOWN: it cannot be told from here
 * @CHECK_LATER: it cannot be told before what failed is mended
 */
enum check_status {
	CHECK_OK,
	CHECK_FAILED,
	CHECK_NOTE,
	CHECK_UNKNOWN,
	CHECK_LATER,
};

/**
 * struct check - one line of the list, and what belongs to it
 * @name: one word
 * @status: what came out
 * @text: what was found
 * @message: what QEMU says when it fails by this; empty when it says nothing
 * @fix: what to do about it; empty when there is nothing
 */
struct check {
	const char *name;
	enum check_status status;
	char text[CHECKS_TEXT_SIZE];
	char message[CHECKS_TEXT_SIZE];
	char fix[CHECKS_TEXT_SIZE];
};

/* More than there are */
#define CHECKS_MAX	16

/**
 * checks_make() - find out what stands against a migration, in the order in which to mend it
 * @facts: of the function
 * @checks: filled
 *
 * Return: how many were filled.
 */
int checks_make(const struct facts *facts, struct check checks[CHECKS_MAX]);

/**
 * checks_failed() - how many stand against a migration
 * @checks: what checks_make() has filled
 * @nr: how many
 *
 * Return: their number.
 */
int checks_failed(const struct check *checks, int nr);

/**
 * checks_log_line() - take what the kernel says of a function out of a line of its log
 * @facts: of the function; a later line takes the place of an earlier one
 * @line: without its line end
 */
void checks_log_line(struct facts *facts, const char *line);

#endif
