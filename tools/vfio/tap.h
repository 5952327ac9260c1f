/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_TAP_H
#define VFIOCTL_TAP_H

#include <stdbool.h>

#define TAP_TEXT_SIZE	256

/**
 * struct tap - what a test program has said
 * @planned: how many tests it has; negative as long as it has not said so
 * @passed: tests
 * @failed: tests
 * @skipped: tests
 * @first_failed: name of the first that failed; empty for none
 * @why_skipped: why all of it was skipped; empty when it was not
 */
struct tap {
	int planned;
	int passed;
	int failed;
	int skipped;
	char first_failed[TAP_TEXT_SIZE];
	char why_skipped[TAP_TEXT_SIZE];
};

/**
 * tap_begin() - before the first line
 * @tap: made empty
 */
void tap_begin(struct tap *tap);

/**
 * tap_line() - take a line of what it says
 * @tap: what it has said
 * @line: without its line end; what is not TAP is passed over
 */
void tap_line(struct tap *tap, const char *line);

/**
 * tap_good() - has all of it run, and nothing failed?
 * @tap: what it has said, to its end
 *
 * Return: whether it is so.
 */
bool tap_good(const struct tap *tap);

#endif
