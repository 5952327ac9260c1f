// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl list */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aliases.h"
#include "commands.h"
#include "function.h"
#include "json.h"
#include "options.h"
#include "ports.h"
#include "table.h"

#define COLUMNS		6
#define CELL_SIZE	64
#define PORTS_SECONDS	5

static const char *const allowed_words[] = {
	[ALLOWED_UNKNOWN] = "", [ALLOWED_NO_PORT] = "", [ALLOWED_NO_WORD] = "",
	[ALLOWED_NO] = "no", [ALLOWED_YES] = "yes",
};

/* Whose word is better: the driver's, which has asked the card, or else devlink's. */
static const char *migrates(const struct function *function)
{
	if (function->migration)
		return "yes";
	if (function->vfio && function->best.module[0] && function->physfn[0])
		return "no";
	return allowed_words[function->allowed][0] ? allowed_words[function->allowed] : "-";
}

/* Lines are to fit a terminal: the domain is left out where the VF beside it shows the same. */
static void describe(const struct function *function, char *text, size_t size)
{
	size_t domain = strcspn(function->physfn, ":") + 1;
	const char *pf = function->physfn;

	if (!strncmp(pf, function->bdf, domain))
		pf += domain;
	if (function->physfn[0])
		snprintf(text, size, "VF %d of %s", function->vf, pf);
	else if (function->nr_vfs)
		snprintf(text, size, "%04x:%04x, %d VF%s", function->vendor, function->device,
			 function->nr_vfs, function->nr_vfs == 1 ? "" : "s");
	else
		snprintf(text, size, "%04x:%04x", function->vendor, function->device);
}

static void print_table(const struct function *functions, const bool *shown, int nr)
{
	static const char *const heading[COLUMNS] = {
		"DEVICE", "WHAT", "DRIVER", "BEST", "MIGRATES", "GROUP",
	};
	struct table_style style = table_style();
	char (*what)[CELL_SIZE] = calloc(nr + 1, sizeof(*what));
	const char **cells = calloc((nr + 1) * COLUMNS, sizeof(*cells));
	const char **row = cells + COLUMNS;
	int i;

	if (!what || !cells) {
		fprintf(stderr, "vfioctl: no memory\n");
		goto out;
	}
	memcpy(cells, heading, sizeof(heading));
	for (i = 0; i < nr; i++) {
		if (!shown[i])
			continue;
		describe(&functions[i], what[i], sizeof(what[i]));
		row[0] = functions[i].bdf;
		row[1] = what[i];
		row[2] = functions[i].driver[0] ? functions[i].driver : "-";
		row[3] = functions[i].best.module[0] ? functions[i].best.module : "-";
		row[4] = migrates(&functions[i]);
		row[5] = functions[i].group[0] ? functions[i].group : "-";
		row += COLUMNS;
	}
	table_print(&style, cells, (row - cells) / COLUMNS, COLUMNS);
out:
	free(cells);
	free(what);
}

static void print_json(const struct function *functions, const bool *shown, int nr)
{
	struct json json = { .out = stdout };
	const struct function *function;

	json_open(&json, NULL, '[');
	for (function = functions; function < functions + nr; function++) {
		if (!shown[function - functions])
			continue;
		json_open(&json, NULL, '{');
		json_text(&json, "device", function->bdf);
		json_number(&json, "vendor", function->vendor);
		json_number(&json, "device_id", function->device);
		json_text(&json, "pf", function->physfn);
		if (function->physfn[0])
			json_number(&json, "vf", function->vf);
		json_number(&json, "vfs", function->nr_vfs);
		json_text(&json, "driver", function->driver);
		json_text(&json, "best", function->best.module);
		json_text(&json, "best_alias", function->best.pattern);
		json_number(&json, "best_wildcards", function->best.wildcards);
		json_text(&json, "devlink_migratable", allowed_words[function->allowed]);
		json_truth(&json, "driver_migrates", function->migration);
		json_text(&json, "last_role", function->role);
		json_text(&json, "last_result", function->result);
		json_text(&json, "group", function->group);
		json_close(&json);
	}
	json_close(&json);
}

static void ask_devlink(struct function *functions, int nr)
{
	struct ports *ports = malloc(sizeof(*ports));
	int ret = ports ? ports_read(ports, PORTS_SECONDS) : -ENOMEM;

	if (!ret)
		ports_tell(ports, functions, nr);
	else if (ret == -ETIMEDOUT)
		fprintf(stderr, "vfioctl: devlink gave no answer in %d s, a card is stuck\n",
			PORTS_SECONDS);
	free(ports);
}

static int list(bool all, bool as_json)
{
	struct function *functions;
	int nr = function_read_all(&functions), i, ret;
	bool *shown;

	if (nr < 0) {
		fprintf(stderr, "vfioctl: PCI devices cannot be listed: %s\n", strerror(-nr));
		return STATUS_FAILED;
	}
	shown = calloc(nr + 1, sizeof(*shown));
	if (!shown) {
		free(functions);
		return STATUS_FAILED;
	}
	ret = aliases_choose(functions, nr);
	if (ret)
		fprintf(stderr, "vfioctl: modules.alias of this kernel cannot be read: %s\n",
			strerror(-ret));
	ask_devlink(functions, nr);
	for (i = 0; i < nr; i++)
		shown[i] = all ? !function_is_bridge(&functions[i]) :
				 function_is_shown(&functions[i], functions, nr);
	if (as_json)
		print_json(functions, shown, nr);
	else
		print_table(functions, shown, nr);
	free(shown);
	free(functions);
	return STATUS_DONE;
}

int command_list(int argc, char **argv)
{
	static const char usage[] =
		"usage: vfioctl list [-a|--all] [-j|--json]\n"
		"  -a, --all   all endpoints, not only what a variant driver fits or VFIO has\n"
		"  -j, --json  as JSON\n";
	bool all = false, as_json = false;
	const struct flag flags[] = { { 'a', "all", &all }, { 'j', "json", &as_json }, { } };
	int status = options_read(argc, argv, flags, 0, 0, usage);

	return status >= 0 ? status : list(all, as_json);
}
