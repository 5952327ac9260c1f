// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl compat */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "compat.h"
#include "json.h"
#include "options.h"
#include "profile.h"
#include "table.h"

/* "  RISK   firmware  " */
#define INDENT		18
#define HEAD_SIZE	64
#define TEXT_SIZE	(2 * COMPAT_TEXT_SIZE + 8)

static const struct {
	const char *word;
	const char *json;
	enum table_colour colour;
} statuses[] = {
	[COMPAT_SAME] = { "ok", "ok", TABLE_GREEN },
	[COMPAT_FAILS] = { "FAILS", "fails", TABLE_RED },
	[COMPAT_RISK] = { "RISK", "risk", TABLE_YELLOW },
	[COMPAT_NOTE] = { "note", "note", TABLE_YELLOW },
	[COMPAT_UNKNOWN] = { "?", "unknown", TABLE_YELLOW },
};

static void print_text(const struct compat *compats, int nr)
{
	int fails = compat_count(compats, nr, COMPAT_FAILS);
	int risks = compat_count(compats, nr, COMPAT_RISK);
	struct table_style style = table_style();
	char head[HEAD_SIZE], text[TEXT_SIZE];
	const struct compat *compat;

	for (compat = compats; compat < compats + nr; compat++) {
		snprintf(head, sizeof(head), "%-7s%s", statuses[compat->status].word, compat->name);
		if (strcmp(compat->source, compat->destination))
			snprintf(text, sizeof(text), "%s -> %s", compat->source,
				 compat->destination);
		else
			snprintf(text, sizeof(text), "%s", compat->source);
		table_wrap(&style, INDENT, statuses[compat->status].colour, head, text);
		if (compat->why[0])
			table_wrap(&style, INDENT, TABLE_PLAIN, "", compat->why);
	}
	if (fails)
		printf("a migration fails: by %d of these\n", fails);
	else if (risks)
		printf("nothing is known by which a migration fails, but %d risk%s\n", risks,
		       risks == 1 ? "" : "s");
	else
		printf("nothing is known by which a migration fails\n");
}

static void print_json(const struct compat *compats, int nr)
{
	struct json json = { .out = stdout };
	const struct compat *compat;

	json_open(&json, NULL, '{');
	json_truth(&json, "fits", !compat_count(compats, nr, COMPAT_FAILS));
	json_number(&json, "risks", compat_count(compats, nr, COMPAT_RISK));
	json_open(&json, "compared", '[');
	for (compat = compats; compat < compats + nr; compat++) {
		json_open(&json, NULL, '{');
		json_text(&json, "name", compat->name);
		json_text(&json, "status", statuses[compat->status].json);
		json_text(&json, "source", compat->source);
		json_text(&json, "destination", compat->destination);
		json_text(&json, "why", compat->why);
		json_close(&json);
	}
	json_close(&json);
	json_close(&json);
}

static int read_side(const char *path, struct profile *profile)
{
	int ret = profile_read(profile, path);

	if (ret == -EINVAL)
		fprintf(stderr, "vfioctl: %s: no file of vfioctl report\n"
			"vfioctl: to mend it: vfioctl report DEVICE >FILE, on each host\n", path);
	else if (ret == -EOPNOTSUPP)
		fprintf(stderr, "vfioctl: %s: of a later version of vfioctl\n", path);
	else if (ret)
		fprintf(stderr, "vfioctl: %s: %s\n", path, strerror(-ret));
	return ret;
}

int command_compat(int argc, char **argv)
{
	static const char usage[] =
		"usage: vfioctl compat [-j|--json] SOURCE DESTINATION\n"
		"  -j, --json  as JSON\n"
		"Both are files of vfioctl report.\n"
		"Status: 0 when nothing is known by which it fails, 1 when something is.\n";
	struct compat compats[COMPAT_MAX];
	struct profile from, to;
	bool as_json = false;
	const struct flag flags[] = { { 'j', "json", &as_json }, { } };
	int status = options_read(argc, argv, flags, 2, 2, usage), nr;

	if (status >= 0)
		return status;
	if (read_side(argv[optind], &from) || read_side(argv[optind + 1], &to))
		return STATUS_FAILED;
	nr = compat_make(&from, &to, compats);
	if (as_json)
		print_json(compats, nr);
	else
		print_text(compats, nr);
	return compat_count(compats, nr, COMPAT_FAILS) ? STATUS_FAILED : STATUS_DONE;
}
