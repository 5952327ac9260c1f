// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl why */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "commands.h"
#include "device.h"
#include "facts.h"
#include "json.h"
#include "options.h"
#include "report.h"
#include "run.h"
#include "table.h"
#include "target.h"

/* "  later  pre-copy   " */
#define INDENT	20
#define HEAD_SIZE	64

static const struct {
	const char *word;
	enum table_colour colour;
} statuses[] = {
	[CHECK_OK] = { "ok", TABLE_GREEN },
	[CHECK_FAILED] = { "FAILS", TABLE_RED },
	[CHECK_NOTE] = { "note", TABLE_YELLOW },
	[CHECK_UNKNOWN] = { "?", TABLE_YELLOW },
	[CHECK_LATER] = { "later", TABLE_PLAIN },
};

static void print_text(const struct facts *facts, const struct check *checks, int nr)
{
	struct table_style style = table_style();
	const struct check *check;
	char head[HEAD_SIZE];
	int failed = checks_failed(checks, nr);

	for (check = checks; check < checks + nr; check++) {
		snprintf(head, sizeof(head), "%-7s%s", statuses[check->status].word, check->name);
		table_wrap(&style, INDENT, statuses[check->status].colour, head, check->text);
		if (check->message[0])
			table_wrap(&style, INDENT, TABLE_PLAIN, "       QEMU says:",
				   check->message);
		if (check->fix[0])
			table_wrap(&style, INDENT, TABLE_BOLD, "       to mend it:", check->fix);
	}
	if (failed)
		printf("%s cannot migrate: %d of these stand%s against it, the first one first\n",
		       facts->function.bdf, failed, failed == 1 ? "s" : "");
	else
		printf("%s can migrate, as far as can be told from here\n", facts->function.bdf);
}

static void print_json(const struct facts *facts, const struct check *checks, int nr)
{
	static const char *const words[] = {
		[CHECK_OK] = "ok", [CHECK_FAILED] = "failed", [CHECK_NOTE] = "note",
		[CHECK_UNKNOWN] = "unknown", [CHECK_LATER] = "later",
	};
	struct json json = { .out = stdout };
	const struct check *check;

	json_open(&json, NULL, '{');
	json_text(&json, "device", facts->function.bdf);
	json_truth(&json, "can_migrate", !checks_failed(checks, nr));
	json_open(&json, "checks", '[');
	for (check = checks; check < checks + nr; check++) {
		json_open(&json, NULL, '{');
		json_text(&json, "name", check->name);
		json_text(&json, "status", words[check->status]);
		json_text(&json, "text", check->text);
		json_text(&json, "message", check->message);
		json_text(&json, "fix", check->fix);
		json_close(&json);
	}
	json_close(&json);
	json_close(&json);
}

static int why(const char *name, bool as_json)
{
	struct check checks[CHECKS_MAX];
	struct report report = { };
	struct facts facts;
	struct device dev;
	int nr, ret;

	ret = target_open(name, &dev, &report);
	if (!ret) {
		ret = facts_gather(&dev, &facts);
		if (ret)
			report_error(&report, ret, "it has just gone");
		device_close(&dev);
	}
	if (ret) {
		report_print(&report, 1, as_json, false, false);
		return STATUS_FAILED;
	}
	nr = checks_make(&facts, checks);
	if (as_json)
		print_json(&facts, checks, nr);
	else
		print_text(&facts, checks, nr);
	return checks_failed(checks, nr) ? STATUS_FAILED : STATUS_DONE;
}

int command_why(int argc, char **argv)
{
	static const char usage[] =
		"usage: vfioctl why [-j|--json] DEVICE\n"
		"  -j, --json  as JSON\n"
		"Status: 0 when nothing stands against a migration, 1 when something does.\n";
	bool as_json = false;
	const struct flag flags[] = { { 'j', "json", &as_json }, { } };
	int status = options_read(argc, argv, flags, 1, 1, usage);

	if (status >= 0)
		return status;
	return why(argv[optind], as_json);
}
