// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's own attribute driver_flavour, and what its errors mean for a person. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attribute.h"
#include "choose.h"
#include "device.h"
#include "flavour.h"
#include "mark.h"
#include "move.h"
#include "report.h"

#define ATTRIBUTE	"driver_flavour"
#define LOCK_SECONDS	2

/* See Documentation/ABI/testing/sysfs-bus-driver-flavour. */
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

bool attribute_there(const struct device *dev)
{
	return device_has(dev, ATTRIBUTE);
}

static const char *word(bool vfio)
{
	return vfio ? "vfio" : "native";
}

/* Which module it is the kernel does not say: try it again from here. */
static bool explain_module(struct plan *plan)
{
	return choose_vfio(plan->kmod, plan->dev, plan->override.by_hand, plan->report);
}

static int explain(struct plan *plan, int err)
{
	struct report *report = plan->report;
	size_t i;

	if (err == -EBUSY && flavour_explain_busy(plan->dev, report))
		return err;
	if (err == -ENOEXEC && explain_module(plan))
		return err;
	for (i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (-err != meanings[i].err)
			continue;
		if (meanings[i].fix)
			report_fix(report, meanings[i].fix, plan->dev->bdf);
		return report_error(report, err, "%s", meanings[i].cause);
	}
	report_fix(report, "dmesg tells more; Documentation/admin-guide/binding.rst explains it");
	return report_error(report, err, "the kernel refuses: %s", strerror(-err));
}

int attribute_plan(struct plan *plan)
{
	struct report *report = plan->report;

	flavour_show(plan->dev, report);
	if (report->waits_for[0]) {
		report_fix(report, "stop that process, or take the device out of its guest");
		return report_error(report, -EBUSY,
				    "its driver is being taken away, which waits for %s",
				    report->waits_for);
	}
	snprintf(plan->before.driver, sizeof(plan->before.driver), "%s", report->driver);
	/* Not to be had while somebody holds the lock; the write then waits for it, too. */
	mark_look(plan->dev, &plan->override, LOCK_SECONDS);
	plan->before.override = plan->override;
	plan->step = PLAN_MOVE;
	return 0;
}

static int write_word(struct plan *plan, bool vfio)
{
	const struct timespec pause = { .tv_nsec = NEW_DEVICE_POLL_NS };
	int i, ret;

	ret = device_write(plan->dev, ATTRIBUTE, word(vfio));
	for (i = 0; plan->report->new_device && ret == -EAGAIN && i < NEW_DEVICE_POLLS; i++) {
		nanosleep(&pause, NULL);
		ret = device_write(plan->dev, ATTRIBUTE, word(vfio));
	}
	return ret;
}

/*
 * The override of a run of ours that stays: the write has failed, or it has found the device where
 * that run had brought it, and then the kernel has not set one.
 */
static bool keeps_override(const struct plan *plan, int err)
{
	const struct before *before = &plan->before;
	char now[DEVICE_NAME_SIZE];

	if (err || !plan->vfio || !before->override.ours)
		return err;
	device_link(plan->dev, "driver", now, sizeof(now));
	return !strcmp(now, before->driver) && !strcmp(now, before->override.text);
}

/*
 * An override that a run of ours has left, before the attribute was there, would be somebody
 * else's for the kernel.
 */
int attribute_do(struct plan *plan)
{
	struct override *override = &plan->override;
	struct report *report = plan->report;
	bool was_vfio = device_has_vfio(plan->dev);
	int ret = 0;

	if (override->marked && override->ours)
		ret = mark_override(plan->dev, override, override->by_hand);
	if (!ret)
		ret = write_word(plan, plan->vfio);
	if (override->marked && keeps_override(plan, ret))
		mark_override(plan->dev, override, plan->before.override.text);
	else
		mark_end(plan->dev, override);
	flavour_show(plan->dev, report);
	report->changed = was_vfio != device_has_vfio(plan->dev) ||
			  strcmp(plan->before.driver, report->driver);
	return ret ? explain(plan, ret) : 0;
}

/* The kernel goes back to a flavour, which says less than the driver that was there before. */
static void put_back(struct plan *plan)
{
	struct override now;

	/* It has also written what we do not know of. */
	if (!mark_look(plan->dev, &now, LOCK_SECONDS))
		snprintf(plan->override.text, sizeof(plan->override.text), "%s", now.text);
	move_back(plan->dev, &plan->before, &plan->override, plan->report);
	mark_end(plan->dev, &plan->override);
}

void attribute_undo(struct plan *plan)
{
	struct report *report = plan->report;

	if (report->changed && write_word(plan, !plan->vfio))
		report_odd(report, "it did not go back; the kernel's log may say why");
	else if (report->changed)
		put_back(plan);
	flavour_show(plan->dev, report);
	report->changed = strcmp(plan->before.driver, report->driver);
}
