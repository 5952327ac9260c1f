// SPDX-License-Identifier: GPL-2.0-only
/* What each of the two words means for a device, and what stands against it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alias.h"
#include "choose.h"
#include "device.h"
#include "flavour.h"
#include "mark.h"
#include "module.h"
#include "report.h"
#include "users.h"

#define SYSFS		"/sys/bus/pci/devices/"

/*
 * A driver's probe may hold the device's lock for some seconds, which is to be waited for; who
 * waits for a user of the device or of a VF holds it for ever. Who only asks waits less.
 */
#define LOCK_SECONDS		30
#define LOCK_SECONDS_DRY	2
#define LOCK_SECONDS_SILENT	2

void flavour_show(const struct device *dev, struct report *report)
{
	report->flavour = device_has_vfio(dev) ? "vfio" : "native";
	device_link(dev, "driver", report->driver, sizeof(report->driver));
	if (users_leaving(dev, report->waits_for, sizeof(report->waits_for)))
		report->flavour = "vfio";
}

static int error_leaving(struct report *report)
{
	report_fix(report, "stop that process, or take the device out of its guest");
	return report_error(report, -EBUSY,
			    "its driver is being taken away, which waits for %s",
			    report->waits_for);
}

static int error_locked(struct report *report)
{
	report_fix(report, "end the guests that use it or a virtual function of it");
	return report_error(report, -EBUSY,
			    "its lock is held: sriov_numvfs or an unbind waits for a user");
}

static int look(struct plan *plan)
{
	int seconds = plan->report->dry_run ? LOCK_SECONDS_DRY : LOCK_SECONDS;
	int ret = mark_look(plan->dev, &plan->override, LOCK_SECONDS_SILENT);

	if (ret == -ETIMEDOUT && seconds > LOCK_SECONDS_SILENT) {
		fprintf(stderr, "%s: waiting for its lock; a driver is at work, or waits itself\n",
			plan->dev->bdf);
		ret = mark_look(plan->dev, &plan->override, seconds);
	}
	if (ret == -ETIMEDOUT)
		return error_locked(plan->report);
	if (ret)
		return report_error(plan->report, ret, "its driver_override cannot be read: %s",
				    strerror(-ret));
	plan->before.override = plan->override;
	plan->interrupted = plan->override.marked && !device_has_vfio(plan->dev);
	device_link(plan->dev, "driver", plan->before.driver, sizeof(plan->before.driver));
	return 0;
}

/* Its virtual functions would go with its driver, whichever that is. */
static int check_vfs(const struct device *dev, struct report *report)
{
	char text[16];
	int ret;

	ret = device_read_locked(dev, "sriov_numvfs", text, sizeof(text),
				 report->dry_run ? LOCK_SECONDS_DRY : LOCK_SECONDS);
	if (ret == -ETIMEDOUT)
		return error_locked(report);
	/* Not there: it has no SR-IOV. */
	if (ret && ret != -ENOENT)
		return report_error(report, ret, "its virtual functions cannot be told: %s",
				    strerror(-ret));
	if (!atoi(text))
		return 0;
	report_fix(report, "echo 0 > " SYSFS "%s/sriov_numvfs", dev->bdf);
	return report_error(report, -EBUSY,
			    "it has %d virtual functions, which would go with its driver",
			    atoi(text));
}

/* What must not be unbound, as it is in use or more than the device itself would go. */
static int check_native(const struct device *dev, struct report *report)
{
	char who[REPORT_TEXT_SIZE];

	if (users_native(dev, who, sizeof(who))) {
		report_fix(report, "ip link set NAME down, umount or swapoff, then again");
		return report_error(report, -EBUSY, "it is in use by %s", who);
	}
	return check_vfs(dev, report);
}

static int check_iommu(const struct device *dev, struct report *report)
{
	if (device_has(dev, "iommu_group"))
		return 0;
	report_fix(report, "turn the IOMMU on in the firmware, and with intel_iommu=on");
	return report_error(report, -ENODEV, "it has no IOMMU group, so VFIO cannot take it");
}

int flavour_hold(const struct device *dev, struct report *report)
{
	char who[REPORT_TEXT_SIZE];
	int ret = users_exclude(dev, who, sizeof(who));

	if (ret == -EBUSY) {
		report_fix(report, "stop that process, or take the device out of its guest");
		return report_error(report, ret, "it is in use by %s", who);
	}
	if (ret < 0)
		return report_error(report, ret, "whether it is in use cannot be told: %s",
				    strerror(-ret));
	return ret;
}

bool flavour_explain_busy(const struct device *dev, struct report *report)
{
	int users;

	if (!device_has_vfio(dev))
		return check_native(dev, report);
	users = flavour_hold(dev, report);
	if (users >= 0)
		close(users);
	return users == -EBUSY;
}

static void note_move(struct plan *plan)
{
	if (plan->before.driver[0])
		report_note(plan->report, "unbind from %s", plan->before.driver);
	report_note(plan->report, "driver_override %s, probe",
		    plan->target[0] ? plan->target : "empty");
}

static int plan_vfio(struct plan *plan)
{
	struct report *report = plan->report;
	bool has_vfio = device_has_vfio(plan->dev);
	int ret = 0;

	if (device_is_bridge(plan->dev))
		return report_error(report, -EINVAL, "it is a bridge; VFIO takes endpoints only");
	if (!has_vfio)
		ret = check_native(plan->dev, report);
	if (!ret)
		ret = check_iommu(plan->dev, report);
	if (!ret)
		ret = choose_vfio(plan->kmod, plan->dev, plan->override.by_hand, report);
	if (ret)
		return ret;
	report->flavour = "vfio";
	snprintf(plan->target, sizeof(plan->target), "%s", report->driver);
	if (strcmp(plan->before.driver, plan->target)) {
		plan->step = PLAN_MOVE;
		plan->leaves_vfio = has_vfio;
		note_move(plan);
		return has_vfio ? check_vfs(plan->dev, report) : 0;
	}
	/* Without a mark it is somebody else's affair how the device came to its driver. */
	if (plan->override.marked && strcmp(plan->override.text, plan->target)) {
		plan->step = PLAN_OVERRIDE;
		report_note(report, "driver_override %s, which a run had not come to",
			    plan->target);
	}
	return 0;
}

static int plan_native(struct plan *plan)
{
	const struct override *override = &plan->override;
	struct report *report = plan->report;
	bool has_vfio = device_has_vfio(plan->dev);
	bool wants_vfio = choose_names_vfio(plan->kmod, override->by_hand);

	report->flavour = "native";
	snprintf(plan->target, sizeof(plan->target), "%s", override->by_hand);
	if (!has_vfio && plan->before.driver[0]) {
		if (strcmp(override->text, plan->target)) {
			plan->step = PLAN_OVERRIDE;
			report_note(report, "driver_override %s, as before an earlier run",
				    plan->target[0] ? plan->target : "empty");
		}
		return 0;
	}
	/* Where a run of ours was in the middle of it the driver comes back past the override. */
	if (wants_vfio && (has_vfio || !override->marked)) {
		report_fix(report, "echo > " SYSFS "%s/driver_override, then again",
			   plan->dev->bdf);
		return report_error(report, -EEXIST,
				    "its driver_override says %s, which somebody else has written",
				    override->by_hand);
	}
	plan->step = PLAN_MOVE;
	plan->leaves_vfio = has_vfio;
	if (wants_vfio)
		plan->target[0] = '\0';
	note_move(plan);
	return has_vfio ? check_vfs(plan->dev, report) : 0;
}

int flavour_plan(struct plan *plan)
{
	struct report *report = plan->report;
	int ret;

	flavour_show(plan->dev, report);
	if (report->waits_for[0])
		return error_leaving(report);
	ret = look(plan);
	if (!ret)
		ret = plan->vfio ? plan_vfio(plan) : plan_native(plan);
	if (ret) {
		flavour_show(plan->dev, report);
		return ret;
	}
	report->changed = plan->step != PLAN_NOTHING;
	if (!plan->vfio && plan->step == PLAN_MOVE)
		report->driver[0] = '\0';
	return 0;
}

/* Its driver may never have been loaded, and nobody but udev would do it. */
static void load_native(struct plan *plan)
{
	char modalias[ALIAS_SIZE];
	int ret;

	device_read(plan->dev, "modalias", modalias, sizeof(modalias));
	ret = module_load_alias(plan->kmod, modalias);
	if (ret)
		report_odd(plan->report, "its native driver cannot be loaded: %s", strerror(-ret));
}

/* A VF is left without a driver on purpose where its PF says so. */
static void tell_no_driver(const struct plan *plan)
{
	struct report *report = plan->report;
	char autoprobe[8];

	if (report->driver[0])
		return;
	device_read(plan->dev, "physfn/sriov_drivers_autoprobe", autoprobe, sizeof(autoprobe));
	if (!strcmp(autoprobe, "0"))
		report_odd(report, "sriov_drivers_autoprobe of its PF keeps native drivers away");
	else if (plan->override.text[0])
		report_odd(report, "its driver_override says %s, which does not take it",
			   plan->override.text);
	else
		report_odd(report, "no native driver of it is loaded");
}

static int do_native(struct plan *plan)
{
	int ret;

	load_native(plan);
	ret = move_to_native(plan->dev, &plan->before, &plan->override, plan->target,
			     plan->report);
	/* What somebody else had written before a run that was killed. */
	return ret ? ret : mark_override(plan->dev, &plan->override, plan->override.by_hand);
}

int flavour_do(struct plan *plan)
{
	struct report *report = plan->report;
	int ret = 0;

	if (plan->step == PLAN_OVERRIDE)
		ret = mark_override(plan->dev, &plan->override, plan->target);
	else if (plan->step == PLAN_MOVE && plan->vfio)
		ret = move_to_vfio(plan->dev, &plan->before, &plan->override, plan->target, report);
	else if (plan->step == PLAN_MOVE)
		ret = do_native(plan);
	if (ret) {
		flavour_undo(plan);
		return report_error(report, ret, "it cannot be changed: %s", strerror(-ret));
	}
	mark_end(plan->dev, &plan->override);
	flavour_show(plan->dev, report);
	if (plan->step == PLAN_MOVE && !strcmp(report->driver, plan->before.driver))
		report->changed = false;
	if (!plan->vfio)
		tell_no_driver(plan);
	return 0;
}

void flavour_undo(struct plan *plan)
{
	if (plan->step != PLAN_NOTHING)
		move_back(plan->dev, &plan->before, &plan->override, plan->report);
	plan->report->changed = false;
	flavour_show(plan->dev, plan->report);
}

void flavour_heal(const struct plan *plan)
{
	struct report quiet = { };
	struct plan back = { .kmod = plan->kmod, .dev = plan->dev, .report = &quiet };

	if (!plan->vfio || !plan->interrupted)
		return;
	if (!flavour_plan(&back) && !flavour_do(&back))
		report_odd(plan->report,
			   "a killed run had left it; it is back with its native driver");
	else
		report_odd(plan->report, "a killed run had left it: %s", quiet.error);
}
