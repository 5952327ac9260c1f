// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfioctl under the name of vfio-flavour: one command for what a write to driver_flavour does, on
 * kernels without that attribute. Where the attribute is there it is used. Documentation: see
 * below and Documentation/admin-guide/binding.rst.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "options.h"
#include "report.h"
#include "run.h"

static const char usage[] =
	"usage: vfio-flavour [OPTION...] DEVICE [vfio|native]\n"
	"Give a PCI device to the VFIO driver that fits it best, or back to its own driver.\n"
	"DEVICE is an address as 0000:3b:00.2 or 3b:00.2, pci/0000:3b:00.2 (devlink),\n"
	"pci_0000_3b_00_2 (libvirt), or a path in /sys; without a flavour the present one\n"
	"is shown.\n"
	"  -g, --group     all devices of its IOMMU group, all or none; bridges stay\n"
	"  -f, --fallback  take the next best driver when the best cannot be loaded; does\n"
	"                  nothing where the kernel has driver_flavour, which never does that\n"
	"  -n, --dry-run   do nothing, say what would be done\n"
	"  -j, --json      the result as a JSON object; with --group a list of them\n"
	"  -v, --verbose   tell each step\n"
	"  -l, --log       also write to the kernel's log (for udev)\n"
	"  -w, --wait      the device has just appeared: wait for the kernel (for udev)\n"
	"  -o, --once      do nothing when this was done since it appeared (for udev)\n"
	"  -h, --help      this text\n"
	"Status: 0 done, 1 failed and all is as it was, 2 wrong usage.\n"
	"A run that was killed is made good by the next one, with either flavour.\n";

int command_flavour(int argc, char **argv)
{
	static struct report reports[GROUP_MAX];
	struct options options = { };
	const struct flag flags[] = {
		{ 'g', "group", &options.group }, { 'f', "fallback", &options.fallback },
		{ 'n', "dry-run", &options.dry_run }, { 'j', "json", &options.json },
		{ 'v', "verbose", &options.verbose }, { 'l', "log", &options.log },
		{ 'w', "wait", &options.new_device }, { 'o', "once", &options.once }, { },
	};
	int nr, i, status = options_read(argc, argv, flags, 1, 2, usage);
	const char *flavour;
	bool failed = false;

	if (status >= 0)
		return status;
	flavour = argv[optind + 1];
	if (flavour && strcmp(flavour, "vfio") && strcmp(flavour, "native")) {
		fprintf(stderr, "vfio-flavour: '%s' is no flavour: vfio or native\n", flavour);
		return STATUS_USAGE;
	}
	nr = run((const char *const *)&argv[optind], 1, flavour, &options, reports);
	report_print(reports, nr, options.json, options.group,
		     options.verbose || options.dry_run);
	for (i = 0; i < nr; i++) {
		if (options.log)
			report_log(&reports[i]);
		failed = failed || reports[i].error[0];
	}
	return failed ? STATUS_FAILED : STATUS_DONE;
}
