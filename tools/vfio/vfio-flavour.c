// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-flavour - one command for what a write to driver_flavour does, on kernels without
 * that attribute. Where the attribute is there it is used. Documentation: see print_usage() and
 * Documentation/admin-guide/binding.rst.
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libkmod.h>

#include "device.h"
#include "flavour.h"
#include "report.h"

#define ATTRIBUTE	"driver_flavour"
#define EXIT_USAGE	2

struct options {
	bool dry_run;
	bool json;
	bool verbose;
	bool log;
	bool new_device;
};

static void print_usage(FILE *out)
{
	fprintf(out,
		"usage: vfio-flavour [OPTION...] DEVICE [vfio|native]\n"
		"Give a PCI device to the VFIO driver that fits it best, or back to its own driver.\n"
		"DEVICE is an address as 0000:3b:00.2; without a flavour the present one is shown.\n"
		"  -n, --dry-run   do nothing, say what would be done\n"
		"  -j, --json      the result as a JSON object\n"
		"  -v, --verbose   tell each step\n"
		"  -l, --log       also write to the kernel's log (for udev)\n"
		"  -w, --wait      the device has just appeared: wait for the kernel (for udev)\n"
		"  -h, --help      this text\n"
		"Status: 0 done, 1 failed and the device is as it was, 2 wrong usage.\n");
}

/* What an errno of the attribute means; see Documentation/ABI/testing/sysfs-bus-driver-flavour. */
static const struct {
	int err;
	const char *cause;
	const char *fix;
} meanings[] = {
	{ EEXIST, "its driver_override was written by hand and is in the way",
	  "echo > /sys/bus/pci/devices/%s/driver_override" },
	{ ENOEXEC, "the module chosen for it cannot be loaded", "dmesg tells more" },
	{ EOPNOTSUPP, "it is a bridge; VFIO takes endpoints only", NULL },
	{ EACCES, "only root may do that", "sudo" },
};

static int explain(const struct device *dev, int err, struct report *report)
{
	size_t i;

	if (err == -EBUSY && flavour_explain_busy(dev, report))
		return err;
	for (i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (-err != meanings[i].err)
			continue;
		if (meanings[i].fix)
			report_fix(report, meanings[i].fix, dev->bdf);
		return report_error(report, err, "%s", meanings[i].cause);
	}
	report_fix(report, "dmesg tells more; Documentation/admin-guide/binding.rst explains it");
	return report_error(report, err, "the kernel refuses: %s", strerror(-err));
}

/* The kernel does it all itself. */
static int write_attribute(const struct device *dev, const char *flavour, struct report *report)
{
	const struct timespec pause = { .tv_nsec = NEW_DEVICE_POLL_NS };
	char driver[sizeof(report->driver)];
	int i, ret;

	flavour_show(dev, report);
	snprintf(driver, sizeof(driver), "%s", report->driver);
	ret = device_write(dev, ATTRIBUTE, flavour);
	for (i = 0; report->new_device && ret == -EAGAIN && i < NEW_DEVICE_POLLS; i++) {
		nanosleep(&pause, NULL);
		ret = device_write(dev, ATTRIBUTE, flavour);
	}
	flavour_show(dev, report);
	report->changed = strcmp(driver, report->driver);
	return ret ? explain(dev, ret, report) : 0;
}

static int set_flavour(const struct device *dev, const char *flavour, struct report *report)
{
	struct kmod_ctx *kmod;
	int ret;

	/* Both choose by the same rule, so what the kernel would do is what we would. */
	if (device_has(dev, ATTRIBUTE) && !report->dry_run)
		return write_attribute(dev, flavour, report);
	kmod = kmod_new(NULL, NULL);
	if (!kmod)
		return report_error(report, -ENOMEM, "no memory");
	/* Its failures come back as errors and are told once, by us. */
	kmod_set_log_priority(kmod, -1);
	if (!strcmp(flavour, "vfio"))
		ret = flavour_set_vfio(kmod, dev, report);
	else
		ret = flavour_set_native(kmod, dev, report);
	kmod_unref(kmod);
	return ret;
}

static int run(const char *bdf, const char *flavour, struct report *report)
{
	struct device dev;
	int ret;

	report->bdf = bdf;
	ret = device_open(&dev, bdf);
	if (ret == -EINVAL) {
		report_fix(report, "write it as 0000:3b:00.2");
		return report_error(report, ret, "this is not the address of a PCI device");
	}
	if (ret) {
		report_fix(report, "lspci -D shows the addresses of all devices");
		return report_error(report, ret, "there is no such device");
	}
	if (flavour)
		ret = set_flavour(&dev, flavour, report);
	else
		flavour_show(&dev, report);
	device_close(&dev);
	return ret;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "dry-run", no_argument, NULL, 'n' }, { "json", no_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' }, { "log", no_argument, NULL, 'l' },
		{ "wait", no_argument, NULL, 'w' }, { "help", no_argument, NULL, 'h' }, { },
	};
	int c;

	while ((c = getopt_long(argc, argv, "njvlwh", names, NULL)) != -1) {
		switch (c) {
		case 'n':
			options->dry_run = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'l':
			options->log = true;
			break;
		case 'w':
			options->new_device = true;
			break;
		case 'h':
			print_usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			return -EINVAL;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = { };
	struct report report = { };
	const char *flavour;
	int ret;

	if (parse_options(argc, argv, &options) || argc - optind < 1 || argc - optind > 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	flavour = argv[optind + 1];
	if (flavour && strcmp(flavour, "vfio") && strcmp(flavour, "native")) {
		fprintf(stderr, "vfio-flavour: '%s' is no flavour: vfio or native\n", flavour);
		return EXIT_USAGE;
	}
	report.asked = flavour;
	report.dry_run = options.dry_run;
	report.new_device = options.new_device;
	ret = run(argv[optind], flavour, &report);
	report_print(&report, options.json, options.verbose || options.dry_run);
	if (options.log)
		report_log(&report);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
