// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl plan */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "forecast.h"
#include "json.h"
#include "profile.h"
#include "quantity.h"
#include "table.h"

/* QEMU's own */
#define DEFAULT_LIMIT_MS	300
#define MAX_LIMIT_MS		2000000
#define MAX_VFS			64
#define INDENT			13
#define MAX_NOTES		12
#define TEXT_SIZE		256
/* An image has 32 bits for its size; firmware that saves in pieces has larger states. */
#define MAX_IMAGE_BYTES		4294967296.0
/* Of all VFs of a PF, as mlx5_vhca has it */
#define IMAGES_AT_ONCE		4

/**
 * struct plan_input - what is given
 * @guest: the numbers
 * @has_memory: there is a size of the memory
 * @has_bandwidth: there is a bandwidth
 * @measured: times of the device are in it
 */
struct plan_input {
	struct forecast_guest guest;
	bool has_memory;
	bool has_bandwidth;
	bool measured;
};

/* Limits, of this guest and of what a vendor stands for. */
static int list_notes(const struct plan_input *input, const char *notes[MAX_NOTES])
{
	const struct forecast_guest *guest = &input->guest;
	int nr = 0;

	if (!input->measured)
		notes[nr++] =
			"not in it: the device's own time; reports of a migration before have it";
	if (!guest->pages_told)
		notes[nr++] =
			"pages that the VF writes to are not told: all memory is in the last pass";
	if (!guest->precopy && guest->vfs)
		notes[nr++] = "without pre-copy all of the VF's state is in the last pass";
	if (guest->state_bytes >= MAX_IMAGE_BYTES)
		notes[nr++] = "a state of 4 GiB or more needs firmware that saves it in pieces";
	if (guest->vfs > 1)
		notes[nr++] = "more than one VF: all of them need P2P, on both sides";
	if (guest->vfs > IMAGES_AT_ONCE)
		notes[nr++] = "of one PF four images are on their way at once, other VFs wait";
	notes[nr++] = "NVIDIA asks: firmware 28.41.1000 (ConnectX-7), 32.41.1000 (BlueField-3)";
	notes[nr++] = "NVIDIA asks: Ethernet; one PSID and one firmware on both sides";
	notes[nr++] = "NVIDIA asks: QEMU 8.1, libvirt 8.6, iproute2 6.2 or later";
	return nr;
}

static void print_text(const struct plan_input *input, const struct forecast *forecast)
{
	struct table_style style = table_style();
	char text[TEXT_SIZE], bytes[QUANTITY_SIZE];
	const char *notes[MAX_NOTES];
	int nr = list_notes(input, notes), i;

	quantity_bytes(forecast->last_bytes, bytes);
	snprintf(text, sizeof(text), "%d over the memory, %.1f s, while the guest runs",
		 forecast->rounds, forecast->running_ms / 1000);
	table_wrap(&style, INDENT, TABLE_BOLD, "rounds", text);
	table_wrap(&style, INDENT, TABLE_BOLD, "last pass", bytes);
	if (forecast->ends) {
		snprintf(text, sizeof(text), "about %.0f ms: %.0f ms sending, %.0f ms the device",
			 forecast->blackout_ms, forecast->limit_ms,
			 forecast->blackout_ms - forecast->limit_ms);
		table_wrap(&style, INDENT, TABLE_GREEN, "blackout", text);
	} else {
		snprintf(text, sizeof(text), "it does not end: as much is left after each round");
		table_wrap(&style, INDENT, TABLE_RED, "FAILS", text);
		snprintf(text, sizeof(text), "a downtime-limit of %.0f ms, or more bandwidth",
			 forecast->limit_ms + 1);
		table_wrap(&style, INDENT, TABLE_BOLD, "to mend it:", text);
	}
	for (i = 0; i < nr; i++)
		table_wrap(&style, INDENT, TABLE_YELLOW, "note", notes[i]);
}

static void print_json(const struct plan_input *input, const struct forecast *forecast)
{
	struct json json = { .out = stdout };
	const char *notes[MAX_NOTES];
	int nr = list_notes(input, notes), i;

	json_open(&json, NULL, '{');
	json_truth(&json, "ends", forecast->ends);
	json_number(&json, "rounds", forecast->rounds);
	json_number(&json, "running_ms", forecast->running_ms);
	json_number(&json, "last_bytes", forecast->last_bytes);
	json_number(&json, "blackout_ms", forecast->blackout_ms);
	json_number(&json, "needed_limit_ms", forecast->limit_ms + 1);
	json_open(&json, "notes", '[');
	for (i = 0; i < nr; i++)
		json_text(&json, NULL, notes[i]);
	json_close(&json);
	json_close(&json);
}

/* A file of the source tells most of it, one of the destination what a load takes there. */
static int read_side(const char *path, bool destination, struct plan_input *input)
{
	struct forecast_guest *guest = &input->guest;
	struct profile profile;
	int ret = profile_read(&profile, path);
	long long us;

	if (ret) {
		fprintf(stderr, "vfioctl: %s: %s\n", path,
			ret == -EINVAL ? "no file of vfioctl report" : strerror(-ret));
		return ret;
	}
	us = destination ? profile.start_us : profile.stop_us;
	input->measured = us != PROFILE_UNKNOWN && (!destination || input->measured);
	if (us != PROFILE_UNKNOWN)
		guest->device_us += us;
	if (destination)
		return 0;
	if (profile.state_bytes != PROFILE_UNKNOWN)
		guest->state_bytes = profile.state_bytes;
	guest->precopy = profile.precopy != PROFILE_NO;
	guest->pages_told = strncmp(profile.pages, "not told", strlen("not told"));
	return 0;
}

static bool take_bytes(const char *text, bool rate, double *value)
{
	long long bytes;

	if (!(rate ? quantity_parse_rate : quantity_parse)(text, &bytes))
		return false;
	*value = bytes;
	return true;
}

static bool take_count(const char *text, long max, long *value)
{
	char *end;

	*value = strtol(text, &end, 10);
	return end != text && !*end && *value >= 0 && *value <= max;
}

/* Return: whether it is one, and well written. */
static bool take_option(int c, const char *text, struct plan_input *input)
{
	struct forecast_guest *guest = &input->guest;
	long number = 0;

	switch (c) {
	case 'm':
		input->has_memory = take_bytes(text, false, &guest->memory_bytes);
		return input->has_memory;
	case 'd':
		return take_bytes(text, true, &guest->dirty_rate);
	case 'b':
		input->has_bandwidth = take_bytes(text, true, &guest->bandwidth) &&
				       guest->bandwidth > 0;
		return input->has_bandwidth;
	case 's':
		return take_bytes(text, false, &guest->state_bytes);
	case 'S':
		return take_bytes(text, true, &guest->state_dirty_rate);
	case 'l':
		if (!take_count(text, MAX_LIMIT_MS, &number))
			return false;
		guest->limit_ms = number;
		return true;
	case 'n':
		if (!take_count(text, MAX_VFS, &number))
			return false;
		guest->vfs = number;
		return true;
	default:
		return c == 'j';
	}
}

static const struct option names[] = {
	{ "memory", required_argument, NULL, 'm' }, { "dirty-rate", required_argument, NULL, 'd' },
	{ "bandwidth", required_argument, NULL, 'b' }, { "state", required_argument, NULL, 's' },
	{ "state-dirty-rate", required_argument, NULL, 'S' },
	{ "limit", required_argument, NULL, 'l' }, { "vfs", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { },
};

static const char letters[] = "m:d:b:s:S:l:n:jh";

static const char usage[] =
	"usage: vfioctl plan -m SIZE -b RATE [OPTION...] [SOURCE [DESTINATION]]\n"
	"  -m, --memory            of the guest, as 16G\n"
	"  -b, --bandwidth         between the hosts, as 10Gbit or 1200M\n"
	"  -d, --dirty-rate        memory that the guest changes per second, as 200M\n"
	"  -s, --state             size of the state of each VF\n"
	"  -S, --state-dirty-rate  what of it changes per second\n"
	"  -l, --limit             QEMU's downtime-limit in ms, 300 if not given\n"
	"  -n, --vfs               how many the guest has, 1 if not given\n"
	"  -j, --json              as JSON\n"
	"SOURCE and DESTINATION are files of vfioctl report.\n"
	"Status: 0 when the migration ends, 1 when it does not.\n";

/*
 * Options go over what reports say, wherever they stand: they are read once more behind those.
 * getopt_long() has brought them to the front by then.
 */
static int read_input(int argc, char **argv, struct plan_input *input, bool *as_json)
{
	int c, i;

	while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return STATUS_DONE;
		}
		if (!take_option(c, optarg, input)) {
			fputs(usage, stderr);
			return STATUS_USAGE;
		}
		*as_json |= c == 'j';
	}
	if (!input->has_memory || !input->has_bandwidth || argc - optind > 2) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	for (i = optind; i < argc; i++) {
		if (read_side(argv[i], i > optind, input))
			return STATUS_FAILED;
	}
	optind = 1;
	while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1)
		take_option(c, optarg, input);
	return -1;
}

int command_plan(int argc, char **argv)
{
	struct plan_input input = {
		.guest = { .limit_ms = DEFAULT_LIMIT_MS, .vfs = 1, .precopy = true,
			   .pages_told = true },
	};
	struct forecast forecast;
	bool as_json = false;
	int status = read_input(argc, argv, &input, &as_json);

	if (status >= 0)
		return status;
	forecast = forecast_make(&input.guest);
	if (as_json)
		print_json(&input, &forecast);
	else
		print_text(&input, &forecast);
	return forecast.ends ? STATUS_DONE : STATUS_FAILED;
}
