/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_REPORT_H
#define VFIO_FLAVOUR_REPORT_H

#include <stdbool.h>

#define REPORT_MAX_NOTES	16
#define REPORT_TEXT_SIZE	512
#define REPORT_DEVICE_SIZE	256

struct json;

/**
 * struct report - what a run did, for a person, a program and the kernel's log
 * @device: its full address; what was typed, as long as that is not known
 * @flavour: what it has in the end, or would have
 * @driver: what drives it in the end, or would; empty for none
 * @module: the module chosen for it, empty when none had to be
 * @alias: the alias that chose @module, empty when its name was given
 * @waits_for: its driver is being taken away, which waits for these users; empty when not
 * @asked: a flavour was asked for
 * @changed: something was done to the device, or would be
 * @dry_run: nothing is done, only noted
 * @fallback: the next best driver will do when the best cannot be loaded
 * @by_kernel: the kernel has the attribute driver_flavour, and so its rule is the one to choose
 *	by: with no blacklist, and nothing but the best
 * @new_device: it has just appeared, the kernel may not offer it to drivers yet
 * @error: why it failed, empty when it did not
 * @fix: what to do about @error
 * @notes: what was done, or would be, and what was odd on the way, in order
 * @odd: whether a note is one that everybody should see
 * @nr_notes: entries of @notes
 */
struct report {
	char device[REPORT_DEVICE_SIZE];
	const char *flavour;
	char driver[64];
	char module[64];
	char alias[128];
	char waits_for[REPORT_TEXT_SIZE];
	bool asked;
	bool changed;
	bool dry_run;
	bool fallback;
	bool by_kernel;
	bool new_device;
	char error[REPORT_TEXT_SIZE];
	char fix[REPORT_TEXT_SIZE];
	char notes[REPORT_MAX_NOTES][REPORT_TEXT_SIZE];
	bool odd[REPORT_MAX_NOTES];
	int nr_notes;
};

/**
 * report_note() - add a note; what is beyond the last is dropped
 * @report: the report
 * @format: printf format
 */
__printf(2, 3)
void report_note(struct report *report, const char *format, ...);

/**
 * report_odd() - add a note that is shown without being asked for
 * @report: the report
 * @format: printf format
 */
__printf(2, 3)
void report_odd(struct report *report, const char *format, ...);

/**
 * report_error() - say why the run failed; the first one stays
 * @report: the report
 * @err: negative errno
 * @format: printf format
 *
 * Return: @err.
 */
__printf(3, 4)
int report_error(struct report *report, int err, const char *format, ...);

/**
 * report_fix() - say what to do about the error; the first one stays
 * @report: the report
 * @format: printf format
 */
__printf(2, 3)
void report_fix(struct report *report, const char *format, ...);

/**
 * report_print() - show them: results on standard output, errors and the odd on standard error
 * @reports: one of each device
 * @nr: how many
 * @json: all of it on standard output, as a JSON object
 * @list: the object is in a list, as there may be more
 * @verbose: all notes, too
 */
void report_print(const struct report *reports, int nr, bool json, bool list, bool verbose);

/**
 * report_json_notes() - the notes as a member of an object
 * @report: the report
 * @json: the object
 */
void report_json_notes(const struct report *report, struct json *json);

/**
 * report_log() - put a failure and the odd into the kernel's log
 * @report: the report
 *
 * What udev starts has no terminal; drivers tell of the device in that log, too.
 */
void report_log(const struct report *report);

#endif
