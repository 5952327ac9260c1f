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
#include "target.h"

/* Its folders stay open, and locked, to the end. */
struct devices {
	struct device at[GROUP_MAX];
	struct plan plans[GROUP_MAX];
	int nr;
	bool group;
	/* By the kernel's attribute */
	bool attribute;
	/* The files of groups that keep users out */
	int users[GROUP_MAX];
	int nr_users;
};

/* A member that another name of the same run has brought already is there once. */
static bool is_there(const struct devices *devices, const struct device *dev)
{
	int i;

	for (i = 0; i < devices->nr; i++) {
		if (!strcmp(devices->at[i].bdf, dev->bdf))
			return true;
	}
	return false;
}

static int add_device(struct devices *devices, struct device *dev, struct report *report)
{
	if (is_there(devices, dev)) {
		device_close(dev);
		return 0;
	}
	if (devices->nr == GROUP_MAX) {
		device_close(dev);
		return report_error(report, -E2BIG, "with it these are more than %d devices",
				    GROUP_MAX);
	}
	devices->at[devices->nr++] = *dev;
	return 0;
}

static int add_group(struct devices *devices, struct device *dev, struct report *report)
{
	static struct device members[GROUP_MAX];
	int nr = group_open(dev, members), i, ret = 0;

	device_close(dev);
	if (nr < 0)
		return report_error(report, nr, "its IOMMU group cannot be read: %s",
				    strerror(-nr));
	for (i = 0; i < nr; i++) {
		if (ret)
			device_close(&members[i]);
		else
			ret = add_device(devices, &members[i], report);
	}
	return ret;
}

static int open_devices(const char *const *names, int nr, const struct options *options,
			struct devices *devices, struct report *report)
{
	struct device dev;
	int i, ret = 0;

	devices->group = options->group;
	for (i = 0; i < nr && !ret; i++) {
		ret = target_open(names[i], &dev, report);
		if (!ret)
			ret = options->group ? add_group(devices, &dev, report) :
					       add_device(devices, &dev, report);
	}
	return ret;
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

/* The file of a group keeps users out of all its devices, and can be open once. */
static bool is_held(const struct devices *devices, const struct plan *plan)
{
	char group[DEVICE_NAME_SIZE], other[DEVICE_NAME_SIZE];
	const struct plan *before;

	device_link(plan->dev, "iommu_group", group, sizeof(group));
	for (before = devices->plans; before < plan; before++) {
		device_link(before->dev, "iommu_group", other, sizeof(other));
		if (before->leaves_vfio && !strcmp(group, other))
			return true;
	}
	return false;
}

/* Return: 0 or a negative errno; let_users() ends it in either case. */
static int hold_users(struct devices *devices)
{
	struct plan *plan;
	int fd;

	for (plan = devices->plans; plan < devices->plans + devices->nr; plan++) {
		if (!plan->leaves_vfio || is_held(devices, plan))
			continue;
		fd = flavour_hold(plan->dev, plan->report);
		if (fd < 0)
			return fd;
		devices->users[devices->nr_users++] = fd;
	}
	return 0;
}

static void let_users(struct devices *devices)
{
	while (devices->nr_users)
		close(devices->users[--devices->nr_users]);
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
		report_note(plan->report, "goes back, as not all of %s can be had",
			    devices->group ? "the group" : "the devices");
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
	int ret, i;

	ret = plan_all(devices);
	if (!ret && dry_run)
		return 0;
	if (!ret)
		ret = hold_users(devices);
	if (!ret)
		ret = do_all(devices);
	if (ret)
		nothing_done(devices);
	for (i = 0; i < devices->nr && !ret && devices->plans[i].vfio && !devices->group; i++)
		group_tell_siblings(devices->plans[i].kmod, &devices->at[i],
				    devices->plans[i].report);
	for (i = 0; i < devices->nr && !devices->attribute && !dry_run; i++)
		mark_end(&devices->at[i], &devices->plans[i].override);
	let_users(devices);
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

int run(const char *const *names, int nr, const char *flavour, const struct options *options,
	struct report reports[GROUP_MAX])
{
	static struct devices devices;
	int i, ret;

	devices.nr = 0;
	memset(devices.plans, 0, sizeof(devices.plans));
	begin_report(&reports[0], &(struct device) { }, flavour, options);
	ret = open_devices(names, nr, options, &devices, &reports[0]);
	for (i = 0; i < devices.nr && !ret; i++) {
		begin_report(&reports[i], &devices.at[i], flavour, options);
		devices.plans[i].dev = &devices.at[i];
		devices.plans[i].report = &reports[i];
	}
	if (flavour && !ret)
		set_flavour(&devices, !strcmp(flavour, "vfio"), options);
	for (i = 0; i < devices.nr && !flavour && !ret; i++)
		flavour_show(&devices.at[i], &reports[i]);
	for (i = 0; i < devices.nr; i++)
		device_close(&devices.at[i]);
	return ret ? 1 : devices.nr;
}
