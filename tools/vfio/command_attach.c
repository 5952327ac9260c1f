// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl attach and detach: the two words of vfio-flavour, for any number of devices. */

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "commands.h"
#include "report.h"
#include "run.h"

static void print_usage(FILE *out, const char *name, bool vfio)
{
	fprintf(out, "usage: vfioctl %s [OPTION...] DEVICE...\n", name);
	fputs("  -g, --group     all devices of their IOMMU groups; bridges stay\n", out);
	if (vfio)
		fputs("  -f, --fallback  the next best driver if the best cannot be loaded\n", out);
	fputs("  -n, --dry-run   do nothing, say what would be done\n"
	      "  -j, --json      as JSON\n"
	      "  -v, --verbose   tell each step\n"
	      "All or none. A run that was killed is made good by the next one.\n", out);
}

static int move(int argc, char **argv, const char *flavour, bool vfio)
{
	static const struct option names[] = {
		{ "group", no_argument, NULL, 'g' }, { "fallback", no_argument, NULL, 'f' },
		{ "dry-run", no_argument, NULL, 'n' }, { "json", no_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' }, { "help", no_argument, NULL, 'h' }, { },
	};
	static struct report reports[GROUP_MAX];
	struct options options = { };
	bool failed = false;
	int c, nr, i;

	while ((c = getopt_long(argc, argv, vfio ? "gfnjvh" : "gnjvh", names, NULL)) != -1) {
		if (c == 'g')
			options.group = true;
		else if (c == 'f' && vfio)
			options.fallback = true;
		else if (c == 'n')
			options.dry_run = true;
		else if (c == 'j')
			options.json = true;
		else if (c == 'v')
			options.verbose = true;
		else
			break;
	}
	if (c != -1 || optind == argc) {
		print_usage(c == 'h' ? stdout : stderr, argv[0], vfio);
		return c == 'h' ? STATUS_DONE : STATUS_USAGE;
	}
	nr = run((const char *const *)&argv[optind], argc - optind, flavour, &options, reports);
	report_print(reports, nr, options.json, true, options.verbose || options.dry_run);
	for (i = 0; i < nr; i++)
		failed = failed || reports[i].error[0];
	return failed ? STATUS_FAILED : STATUS_DONE;
}

int command_attach(int argc, char **argv)
{
	return move(argc, argv, "vfio", true);
}

int command_detach(int argc, char **argv)
{
	return move(argc, argv, "native", false);
}
