// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl attach and detach: the two words of vfio-flavour, for any number of devices. */

#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "commands.h"
#include "options.h"
#include "report.h"
#include "run.h"

#define FALLBACK "  -f, --fallback  the next best driver if the best cannot be loaded\n"

#define USAGE(name, fallback)								\
	"usage: vfioctl " name " [OPTION...] DEVICE...\n"					\
	"  -g, --group     all devices of their IOMMU groups; bridges stay\n"			\
	fallback										\
	"  -n, --dry-run   do nothing, say what would be done\n"				\
	"  -j, --json      as JSON\n"								\
	"  -v, --verbose   tell each step\n"							\
	"All or none. A run that was killed is made good by the next one.\n"

static int move(int nr_names, char **names, const char *flavour, const struct options *options)
{
	static struct report reports[GROUP_MAX];
	bool failed = false;
	int nr, i;

	nr = run((const char *const *)names, nr_names, flavour, options, reports);
	report_print(reports, nr, options->json, true, options->verbose || options->dry_run);
	for (i = 0; i < nr; i++)
		failed = failed || reports[i].error[0];
	return failed ? STATUS_FAILED : STATUS_DONE;
}

int command_attach(int argc, char **argv)
{
	static const char usage[] = USAGE("attach", FALLBACK);
	struct options options = { };
	const struct flag flags[] = {
		{ 'g', "group", &options.group }, { 'f', "fallback", &options.fallback },
		{ 'n', "dry-run", &options.dry_run }, { 'j', "json", &options.json },
		{ 'v', "verbose", &options.verbose }, { },
	};
	int status = options_read(argc, argv, flags, 1, INT_MAX, usage);

	return status >= 0 ? status : move(argc - optind, argv + optind, "vfio", &options);
}

int command_detach(int argc, char **argv)
{
	static const char usage[] = USAGE("detach", "");
	struct options options = { };
	const struct flag flags[] = {
		{ 'g', "group", &options.group }, { 'n', "dry-run", &options.dry_run },
		{ 'j', "json", &options.json }, { 'v', "verbose", &options.verbose }, { },
	};
	int status = options_read(argc, argv, flags, 1, INT_MAX, usage);

	return status >= 0 ? status : move(argc - optind, argv + optind, "native", &options);
}
