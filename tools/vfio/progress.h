/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_PROGRESS_H
#define VFIOCTL_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "numbers.h"

#define PROGRESS_HISTORY	40

struct json;

/**
 * struct progress - of a migration that is watched
 * @numbers: the last ones
 * @begun: it goes on, or has ended, since the watch began
 * @since_ms: the time of the first numbers of it
 * @now_ms: the time of the last ones
 * @rate: bytes per second between the last two
 * @dirty_rate: of these what the device had changed again
 * @history: rates, the last one last
 * @nr_history: how many of them
 * @seen: there were numbers before
 */
struct progress {
	struct numbers numbers;
	bool begun;
	long long since_ms;
	long long now_ms;
	long long rate;
	long long dirty_rate;
	long long history[PROGRESS_HISTORY];
	int nr_history;
	bool seen;
};

/**
 * progress_add() - take the next numbers of a device
 * @progress: zeroed before the first
 * @numbers: read just now
 * @now_ms: the time, which only goes on
 *
 * A migration has begun when one is active, or when the numbers are not those that were there at
 * first: it can be over before it is seen.
 *
 * Return: whether it goes on; false also before it has begun.
 */
bool progress_add(struct progress *progress, const struct numbers *numbers, long long now_ms);

/**
 * progress_ended() - is it over?
 * @progress: what was seen
 *
 * Return: whether it is.
 */
bool progress_ended(const struct progress *progress);

/**
 * progress_state() - the state that a device is in, as far as its numbers tell
 * @numbers: of the device
 *
 * Return: its name in VFIO, or "" when they do not.
 */
const char *progress_state(const struct numbers *numbers);

/**
 * progress_draw() - as a few lines for a terminal
 * @progress: what was seen
 * @bdf: of the device
 * @out: where
 * @columns: of the terminal
 *
 * Return: how many lines.
 */
int progress_draw(const struct progress *progress, const char *bdf, FILE *out, int columns);

/**
 * progress_line() - as one line of text
 * @progress: what was seen
 * @bdf: of the device
 * @out: where
 */
void progress_line(const struct progress *progress, const char *bdf, FILE *out);

/**
 * progress_json() - as one line of JSON
 * @progress: what was seen
 * @bdf: of the device
 * @out: where
 */
void progress_json(const struct progress *progress, const char *bdf, FILE *out);

#endif
