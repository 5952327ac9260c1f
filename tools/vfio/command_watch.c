// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl watch */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "numbers.h"
#include "progress.h"
#include "report.h"
#include "table.h"
#include "target.h"

#define DEFAULT_MS	500
#define MIN_MS		10
#define MAX_MS		60000
#define MAX_SECONDS	1000000

/**
 * struct watch - what is asked for
 * @bdf: the device
 * @interval_ms: between two looks
 * @wait_ms: for a migration to begin, negative for no limit
 * @as_json: lines of JSON
 * @drawn: lines on the terminal that the next look goes over
 */
struct watch {
	char bdf[DEVICE_NAME_SIZE];
	int interval_ms;
	long long wait_ms;
	bool as_json;
	int drawn;
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* A terminal has one picture that changes; who reads a file has one line after the other. */
static void show(struct watch *watch, const struct progress *progress)
{
	struct table_style style = table_style();

	if (watch->as_json) {
		progress_json(progress, watch->bdf, stdout);
	} else if (isatty(STDOUT_FILENO)) {
		if (watch->drawn)
			printf("\033[%dA", watch->drawn);
		watch->drawn = progress_draw(progress, watch->bdf, stdout, style.columns);
	} else {
		progress_line(progress, watch->bdf, stdout);
	}
	fflush(stdout);
}

static int watch(struct watch *watch)
{
	const struct timespec pause = { .tv_sec = watch->interval_ms / 1000,
					.tv_nsec = watch->interval_ms % 1000 * 1000000L };
	struct progress progress = { };
	long long start = now_ms();
	struct numbers numbers;
	bool first;

	for (;;) {
		first = !progress.seen;
		if (numbers_read(watch->bdf, &numbers)) {
			fprintf(stderr, "%s: %s\n", watch->bdf, progress.seen ?
				"its driver has gone" :
				"its driver has no numbers of migrations; vfioctl why tells more");
			return STATUS_FAILED;
		}
		progress_add(&progress, &numbers, now_ms());
		if (first || progress.begun || isatty(STDOUT_FILENO))
			show(watch, &progress);
		if (progress_ended(&progress))
			return numbers.result == NUMBERS_COMPLETE ? STATUS_DONE : STATUS_FAILED;
		if (!progress.begun && watch->wait_ms >= 0 && now_ms() - start >= watch->wait_ms) {
			fprintf(stderr, "%s: no migration has begun\n"
				"%s: to mend it: begin one, or wait longer with --wait\n",
				watch->bdf, watch->bdf);
			return STATUS_FAILED;
		}
		/* sysfs tells nobody that a number is another one. */
		nanosleep(&pause, NULL);
	}
}

static int watch_named(const char *name, struct watch *what)
{
	struct report report = { };
	struct device dev;

	if (target_open(name, &dev, &report)) {
		report_print(&report, 1, false, false, false);
		return STATUS_FAILED;
	}
	snprintf(what->bdf, sizeof(what->bdf), "%s", dev.bdf);
	device_close(&dev);
	return watch(what);
}

static bool parse(const char *text, long min, long max, long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	return !errno && end != text && !*end && *value >= min && *value <= max;
}

int command_watch(int argc, char **argv)
{
	static const struct option names[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "wait", required_argument, NULL, 'w' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { },
	};
	static const char usage[] =
		"usage: vfioctl watch [-i|--interval MS] [-w|--wait SECONDS] [-j|--json] DEVICE\n"
		"  -i, --interval  between two looks, 500 ms if not given\n"
		"  -w, --wait      for a migration to begin; without end if not given\n"
		"  -j, --json      a line of JSON for each look\n"
		"Status: 0 when the migration is complete, 1 when it failed or was cancelled.\n";
	struct watch what = { .interval_ms = DEFAULT_MS, .wait_ms = -1 };
	bool good = true;
	long value = 0;
	int c;

	while (good && (c = getopt_long(argc, argv, "i:w:jh", names, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return STATUS_DONE;
		}
		good = c == 'j' || (c == 'i' && parse(optarg, MIN_MS, MAX_MS, &value)) ||
		       (c == 'w' && parse(optarg, 0, MAX_SECONDS, &value));
		if (c == 'j')
			what.as_json = true;
		else if (c == 'i')
			what.interval_ms = value;
		else
			what.wait_ms = value * 1000LL;
	}
	if (!good || argc - optind != 1) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	return watch_named(argv[optind], &what);
}
