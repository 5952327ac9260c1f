// SPDX-License-Identifier: GPL-2.0-only
/* One run: a device, or all of a group, of which either all are moved or none. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libkmod.h>

#include "attribute.h"
#include "device.h"
#include "flavour.h"
#include "group.h"
#include "mark.h"
#include "report.h"
#include "run.h"

/* Its folders stay open, and locked, to the end. */
struct devices {
	struct device at[GROUP_MAX];
	struct plan plans[GROUP_MAX];
	int nr;
	bool group;
	/* By the kernel's attribute */
	bool attribute;
};

static int open_devices(const char *name, const struct options *options, struct devices *devices,
			struct report *report)
{
	struct device dev;
	int nr = 1, ret;

	snprintf(report->device, sizeof(report->device), "%s", name);
	ret = device_open(&dev, name);
	if (ret == -EINVAL) {
		report_fix(report, "write it as 0000:3b:00.2, where 0000: may be left out");
		return report_error(report, ret, "this is not the address of a PCI device");
	}
	snprintf(report->device, sizeof(report->device), "%s", dev.bdf);
	if (ret) {
		report_fix(report, "lspci -D shows the addresses of all devices");
		return report_error(report, ret, "there is no such device");
	}
	if (options->group) {
		nr = group_open(&dev, devices->at);
		device_close(&dev);
	} else {
		devices->at[0] = dev;
	}
	if (nr < 0)
		return report_error(report, nr, "its IOMMU group cannot be read: %s",
				    strerror(-nr));
	devices->nr = nr;
	devices->group = options->group;
	return 0;
}

static void begin_report(struct report *report, const struct device *dev, const char *flavour,
			 const struct options *options)
{
	snprintf(report->device, sizeof(report->device), "%s", dev->bdf);
	report->asked = flavour;
	report->dry_run = options->dry_run;
	report->new_device = options->new_device;
	report->fallback = options->fallback;
}

/* A bridge in a group stands in nobody's way and stays where it is. */
static bool is_passed_over(const struct devices *devices, const struct plan *plan)
{
	return devices->group && device_is_bridge(plan->dev);
}

static int plan_all(struct devices *devices)
{
	struct plan *plan;
	int ret;

	for (plan = devices->plans; plan < devices->plans + devices->nr; plan++) {
		flavour_show(plan->dev, plan->report);
		if (is_passed_over(devices, plan)) {
			report_note(plan->report, "a bridge, which stays as it is");
			continue;
		}
		ret = devices->attribute ? attribute_plan(plan) : flavour_plan(plan);
		if (ret)
			return ret;
	}
	return 0;
}

/* The file of the group keeps users out of all its devices. Return: a descriptor, or -1. */
static int hold_users(struct devices *devices, int *users)
{
	struct plan *plan;

	*users = -1;
	for (plan = devices->plans; plan < devices->plans + devices->nr; plan++) {
		if (!plan->leaves_vfio)
			continue;
		*users = flavour_hold(plan->dev, plan->report);
		return *users < 0 ? *users : 0;
	}
	return 0;
}

static int do_all(struct devices *devices)
{
	struct plan *plan;
	int i, ret = 0;

	for (i = 0; i < devices->nr && !ret; i++) {
		plan = &devices->plans[i];
		if (!is_passed_over(devices, plan))
			ret = devices->attribute ? attribute_do(plan) : flavour_do(plan);
	}
	/* The last one has put itself back. */
	for (i -= 2; ret && i >= 0; i--) {
		plan = &devices->plans[i];
		if (is_passed_over(devices, plan))
			continue;
		report_note(plan->report, "goes back, as not all of the group can be had");
		if (devices->attribute)
			attribute_undo(plan);
		else
			flavour_undo(plan);
	}
	return ret;
}

/* Those that have no error of their own have not been moved, or not for long. */
static void nothing_done(struct devices *devices)
{
	struct plan *plan;

	for (plan = devices->plans; plan < devices->plans + devices->nr; plan++) {
		if (!devices->attribute && !plan->report->dry_run)
			flavour_heal(plan);
		plan->report->changed = false;
		flavour_show(plan->dev, plan->report);
	}
}

static int set_all(struct devices *devices, bool dry_run)
{
	int ret, users = -1, i;

	ret = plan_all(devices);
	if (!ret && dry_run)
		return 0;
	if (!ret)
		ret = hold_users(devices, &users);
	if (!ret)
		ret = do_all(devices);
	if (ret)
		nothing_done(devices);
	else if (devices->plans[0].vfio && !devices->group)
		group_tell_siblings(devices->plans[0].kmod, &devices->at[0],
				    devices->plans[0].report);
	for (i = 0; i < devices->nr && !devices->attribute && !dry_run; i++)
		mark_end(&devices->at[i], &devices->plans[i].override);
	if (users >= 0)
		close(users);
	return ret;
}

/*
 * The rule is for the device's appearance. Should the event come again (udevadm trigger), whoever
 * has moved the device since then knew what they did.
 */
static bool is_done(struct devices *devices, const struct options *options)
{
	int i, done = 0;

	for (i = 0; options->once && i < devices->nr; i++)
		done += mark_rule_done(&devices->at[i]);
	if (!done)
		return false;
	for (i = 0; i < devices->nr; i++) {
		report_note(devices->plans[i].report,
			    "done before, since it appeared; it stays as it is");
		flavour_show(&devices->at[i], devices->plans[i].report);
	}
	return true;
}

static void set_flavour(struct devices *devices, bool vfio, const struct options *options)
{
	struct kmod_ctx *kmod;
	bool by_kernel;
	int i;

	for (i = 0; i < devices->nr && !options->dry_run; i++)
		device_lock(&devices->at[i]);
	if (is_done(devices, options))
		return;
	kmod = kmod_new(NULL, NULL);
	if (!kmod) {
		report_error(devices->plans[0].report, -ENOMEM, "no memory");
		return;
	}
	/* Its failures come back as errors and are told once, by us. */
	kmod_set_log_priority(kmod, -1);
	by_kernel = attribute_there(&devices->at[0]);
	/* A dry run chooses by the kernel's rule, so what the kernel would do is what we say. */
	devices->attribute = by_kernel && !options->dry_run;
	for (i = 0; i < devices->nr; i++) {
		devices->plans[i].report->by_kernel = by_kernel;
		devices->plans[i].kmod = kmod;
		devices->plans[i].vfio = vfio;
	}
	if (!set_all(devices, options->dry_run) && options->once) {
		for (i = 0; i < devices->nr; i++)
			mark_rule(&devices->at[i]);
	}
	kmod_unref(kmod);
}

int run(const char *name, const char *flavour, const struct options *options,
	struct report reports[GROUP_MAX])
{
	static struct devices devices;
	int i;

	begin_report(&reports[0], &(struct device) { }, flavour, options);
	if (open_devices(name, options, &devices, &reports[0]))
		return 1;
	for (i = 0; i < devices.nr; i++) {
		begin_report(&reports[i], &devices.at[i], flavour, options);
		devices.plans[i].dev = &devices.at[i];
		devices.plans[i].report = &reports[i];
	}
	if (flavour)
		set_flavour(&devices, !strcmp(flavour, "vfio"), options);
	for (i = 0; i < devices.nr && !flavour; i++)
		flavour_show(&devices.at[i], &reports[i]);
	for (i = 0; i < devices.nr; i++)
		device_close(&devices.at[i]);
	return devices.nr;
}
