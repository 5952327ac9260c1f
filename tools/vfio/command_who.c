// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl who */

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "flavour.h"
#include "json.h"
#include "options.h"
#include "report.h"
#include "run.h"
#include "target.h"
#include "users.h"

/* What one of them is held by; the two texts are empty for nothing. */
struct holders {
	struct report report;
	char processes[REPORT_TEXT_SIZE];
	char native[REPORT_TEXT_SIZE];
};

static int look(const char *name, struct holders *holders)
{
	struct device dev;
	int ret = target_open(name, &dev, &holders->report);

	if (ret)
		return ret;
	flavour_show(&dev, &holders->report);
	if (holders->report.waits_for[0])
		snprintf(holders->processes, sizeof(holders->processes), "%s",
			 holders->report.waits_for);
	else
		users_find(&dev, holders->processes, sizeof(holders->processes));
	if (!device_has_vfio(&dev))
		users_native(&dev, holders->native, sizeof(holders->native));
	device_close(&dev);
	return 0;
}

static void print_text(const struct holders *holders)
{
	const struct report *report = &holders->report;

	if (holders->processes[0])
		printf("%s: %s%s\n", report->device, holders->processes,
		       report->waits_for[0] ? ", for whom the driver's removal waits" : "");
	else if (holders->native[0])
		printf("%s: %s (%s)\n", report->device, holders->native, report->driver);
	else
		printf("%s: nobody seen from here\n", report->device);
}

static void print_json(struct json *json, const struct holders *holders)
{
	json_open(json, NULL, '{');
	json_text(json, "device", holders->report.device);
	json_text(json, "driver", holders->report.driver);
	json_text(json, "processes", holders->processes);
	json_text(json, "native", holders->native);
	json_truth(json, "removal_waits", holders->report.waits_for[0]);
	json_text(json, "error", holders->report.error);
	json_close(json);
}

static int who(char **names, int nr, bool as_json)
{
	struct json json = { .out = stdout };
	int i, status = STATUS_DONE;
	struct holders *holders;

	if (as_json)
		json_open(&json, NULL, '[');
	for (i = 0; i < nr; i++) {
		holders = calloc(1, sizeof(*holders));
		if (!holders)
			return STATUS_FAILED;
		if (look(names[i], holders))
			status = STATUS_FAILED;
		if (as_json)
			print_json(&json, holders);
		else if (holders->report.error[0])
			report_print(&holders->report, 1, false, false, false);
		else
			print_text(holders);
		free(holders);
	}
	if (as_json)
		json_close(&json);
	return status;
}

int command_who(int argc, char **argv)
{
	static const char usage[] =
		"usage: vfioctl who [-j|--json] DEVICE...\n"
		"  -j, --json  as JSON\n"
		"Who is not root sees the processes of the same user alone.\n";
	bool as_json = false;
	const struct flag flags[] = { { 'j', "json", &as_json }, { } };
	int status = options_read(argc, argv, flags, 1, INT_MAX, usage);

	if (status >= 0)
		return status;
	return who(argv + optind, argc - optind, as_json);
}
