// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfioctl heal: a device that a killed program, or somebody's half-done commands, left without a
 * driver or with an override that leads nowhere, goes to where it belongs: to the driver that its
 * driver_override names, where that takes it, and else to its native one.
 */

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libkmod.h>

#include "commands.h"
#include "device.h"
#include "flavour.h"
#include "mark.h"
#include "module.h"
#include "options.h"
#include "report.h"
#include "run.h"
#include "target.h"

#define LOCK_SECONDS	2

/* It has a driver, so nobody is to lose it; what its override says of the next one is told. */
static int look_at_driven(const struct override *override, struct report *report)
{
	if (override->text[0] && strcmp(override->text, report->driver))
		report_odd(report, "its driver_override says %s, which it gets when it is probed",
			   override->text);
	report->changed = false;
	return 0;
}

static int follow_override(const struct device *dev, const struct override *override,
			   struct report *report)
{
	char module[ALIAS_MODULE_SIZE], culprit[ALIAS_MODULE_SIZE];
	struct kmod_ctx *kmod = kmod_new(NULL, NULL);
	int ret;

	if (!kmod)
		return report_error(report, -ENOMEM, "no memory");
	kmod_set_log_priority(kmod, -1);
	module_of_driver(override->text, module, sizeof(module));
	/* Whether that was enough shows when the device is probed. */
	module_load(kmod, module, culprit);
	kmod_unref(kmod);
	ret = device_probe(dev);
	if (ret)
		return report_error(report, ret, "it cannot be probed: %s", strerror(-ret));
	flavour_show(dev, report);
	if (report->driver[0]) {
		report_odd(report, "it had no driver; its driver_override says %s",
			   override->text);
		report->changed = true;
		return 0;
	}
	ret = device_write(dev, "driver_override", "\n");
	if (ret)
		return report_error(report, ret, "its driver_override cannot be cleared: %s",
				    strerror(-ret));
	report_odd(report, "its driver_override said %s, which does not take it; it is cleared",
		   override->text);
	return -ENOENT;
}

/* What run() tells comes behind what was found before. */
static int make_native(const struct device *dev, struct report *report)
{
	static struct report reports[GROUP_MAX];
	const char *name = dev->bdf;
	struct options options = { };
	int i;

	memset(reports, 0, sizeof(reports));
	run(&name, 1, "native", &options, reports);
	for (i = 0; i < reports[0].nr_notes; i++) {
		if (reports[0].odd[i])
			report_odd(report, "%s", reports[0].notes[i]);
		else
			report_note(report, "%s", reports[0].notes[i]);
	}
	flavour_show(dev, report);
	report->changed = true;
	if (!reports[0].error[0])
		return 0;
	report_fix(report, "%s", reports[0].fix);
	return report_error(report, -EIO, "%s", reports[0].error);
}

static int heal(const struct device *dev, struct report *report)
{
	struct override override;
	int ret;

	flavour_show(dev, report);
	report->asked = true;
	if (report->waits_for[0]) {
		report_fix(report, "stop that process, or take the device out of its guest");
		return report_error(report, -EBUSY, "the removal of its driver waits for %s",
				    report->waits_for);
	}
	ret = mark_look(dev, &override, LOCK_SECONDS);
	if (ret)
		return report_error(report, ret, "its driver_override cannot be read: %s",
				    strerror(-ret));
	if (override.marked && !device_has_vfio(dev)) {
		report_odd(report, "a run that was killed had left it");
		return make_native(dev, report);
	}
	if (report->driver[0])
		return look_at_driven(&override, report);
	if (override.text[0] && !follow_override(dev, &override, report))
		return 0;
	if (report->error[0])
		return -EIO;
	report_odd(report, "it had no driver");
	return make_native(dev, report);
}

static int heal_named(const char *name, bool as_json, bool verbose)
{
	struct report report = { };
	struct device dev;
	int ret = target_open(name, &dev, &report);

	if (!ret) {
		ret = heal(&dev, &report);
		device_close(&dev);
	}
	report_print(&report, 1, as_json, false, verbose);
	return ret ? STATUS_FAILED : STATUS_DONE;
}

int command_heal(int argc, char **argv)
{
	static const char usage[] =
		"usage: vfioctl heal [-j|--json] [-v|--verbose] DEVICE...\n"
		"  -j, --json     as JSON, an object per device\n"
		"  -v, --verbose  tell each step\n"
		"A device that has a driver keeps it.\n";
	struct options options = { };
	const struct flag flags[] = {
		{ 'j', "json", &options.json }, { 'v', "verbose", &options.verbose }, { },
	};
	int status = options_read(argc, argv, flags, 1, INT_MAX, usage);

	if (status >= 0)
		return status;
	for (status = STATUS_DONE; optind < argc; optind++) {
		if (heal_named(argv[optind], options.json, options.verbose))
			status = STATUS_FAILED;
	}
	return status;
}
