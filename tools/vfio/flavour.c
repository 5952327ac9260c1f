// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving a PCI function between its native driver and a VFIO driver from user space, by
 * driver_override.
 *
 * The override is written before the old driver is taken away, so that no third driver can
 * come in between; a native driver whose probe runs at that moment (udev is told of a new
 * device before it is probed) is taken away in the second of two rounds.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alias.h"
#include "device.h"
#include "flavour.h"
#include "module.h"
#include "report.h"
#include "users.h"

#define ROUNDS		2
#define GENERAL_DRIVER	"vfio-pci"
#define SYSFS		"/sys/bus/pci/devices/"

/* How it was before, to be put back. */
struct before {
	char driver[DEVICE_NAME_SIZE];
	char override[DEVICE_NAME_SIZE];
};

static int look(const struct device *dev, struct report *report, struct before *before)
{
	int ret = device_override(dev, before->override, sizeof(before->override));

	device_link(dev, "driver", before->driver, sizeof(before->driver));
	return ret ? report_error(report, ret, "its driver_override cannot be read: %s",
				  strerror(-ret)) : 0;
}

void flavour_show(const struct device *dev, struct report *report)
{
	report->flavour = device_has_vfio(dev) ? "vfio" : "native";
	device_link(dev, "driver", report->driver, sizeof(report->driver));
}

static void restore(const struct device *dev, struct report *report, const struct before *before)
{
	char now[DEVICE_NAME_SIZE], path[PATH_MAX];
	FILE *file;

	device_set_override(dev, before->override);
	device_link(dev, "driver", now, sizeof(now));
	if (!strcmp(now, before->driver))
		return;
	device_unbind(dev);
	if (!before->driver[0])
		return;
	device_probe(dev);
	device_link(dev, "driver", now, sizeof(now));
	if (!now[0]) {
		/* Not by its table: it had been bound by hand. */
		snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/bind", before->driver);
		file = fopen(path, "we");
		if (file) {
			fputs(dev->bdf, file);
			fclose(file);
		}
		device_link(dev, "driver", now, sizeof(now));
	}
	if (strcmp(now, before->driver))
		report_note(report, "%s did not take it back; the kernel's log may say why",
			    before->driver);
}

/*
 * The event that tells of a new device comes before the kernel lets drivers match it. When it
 * does it goes by driver_override, so there is only to wait.
 */
static void await_driver(const struct device *dev, char *now, size_t size)
{
	const struct timespec pause = { .tv_nsec = NEW_DEVICE_POLL_NS };
	int i;

	for (i = 0; i < NEW_DEVICE_POLLS && !now[0]; i++) {
		nanosleep(&pause, NULL);
		device_link(dev, "driver", now, size);
	}
}

/*
 * Put @override in force and see that @want takes the device, or, when it is NULL, any
 * driver but the one before, or none.
 */
static int rebind(const struct device *dev, struct report *report, const struct before *before,
		  const char *override, const char *want)
{
	char now[DEVICE_NAME_SIZE];
	int round, ret;

	ret = device_set_override(dev, override);
	if (ret)
		return report_error(report, ret, "its driver_override cannot be written: %s",
				    strerror(-ret));
	for (round = 0; round < ROUNDS; round++) {
		ret = device_unbind(dev);
		if (!ret)
			ret = device_probe(dev);
		if (ret) {
			report_error(report, ret, "it cannot be taken from %s: %s",
				     before->driver, strerror(-ret));
			break;
		}
		device_link(dev, "driver", now, sizeof(now));
		if (report->new_device && want && !now[0])
			await_driver(dev, now, sizeof(now));
		if (want ? !strcmp(now, want) : !now[0] || strcmp(now, before->driver))
			return 0;
	}
	if (!ret && want)
		ret = report_error(report, -EIO, "%s refuses it", want);
	else if (!ret)
		ret = report_error(report, -EIO, "%s takes it again and again", now);
	restore(dev, report, before);
	return ret;
}

/* What must not be unbound, as it is in use or more than the device itself would go. */
static int check_unbind(const struct device *dev, struct report *report)
{
	char text[16], who[REPORT_TEXT_SIZE];

	device_read(dev, "class", text, sizeof(text));
	if (!strncmp(text, "0x0604", 6))
		return report_error(report, -EINVAL, "it is a bridge; VFIO takes endpoints only");
	if (users_native(dev, who, sizeof(who))) {
		report_fix(report, "ip link set NAME down, umount or swapoff, then again");
		return report_error(report, -EBUSY, "it is in use by %s", who);
	}
	device_read(dev, "sriov_numvfs", text, sizeof(text));
	if (!atoi(text))
		return 0;
	report_fix(report, "echo 0 > " SYSFS "%s/sriov_numvfs", dev->bdf);
	return report_error(report, -EBUSY,
			    "it has %d virtual functions, which would go with its driver",
			    atoi(text));
}

static int check_iommu(const struct device *dev, struct report *report)
{
	if (device_has(dev, "iommu_group"))
		return 0;
	report_fix(report, "turn the IOMMU on in the firmware, and with intel_iommu=on");
	return report_error(report, -ENODEV, "it has no IOMMU group, so VFIO cannot take it");
}

/* The driver that somebody wrote into driver_override. */
static int choose_override(struct kmod_ctx *kmod, const struct device *dev, struct report *report,
			   const char *override)
{
	int ret;

	module_of_driver(override, report->module, sizeof(report->module));
	snprintf(report->driver, sizeof(report->driver), "%s", override);
	ret = module_is_vfio(kmod, report->module);
	if (ret == 1)
		report_note(report, "driver_override asks for %s", override);
	if (ret == 1 && report->dry_run)
		return 0;
	if (ret == 1)
		ret = module_load(kmod, report->module);
	else if (!ret)
		ret = report_error(report, -EPERM,
				   "its driver_override says %s, which is no VFIO driver",
				   override);
	if (!ret)
		return 0;
	report_fix(report, "clear it: echo > " SYSFS "%s/driver_override", dev->bdf);
	return report_error(report, ret, "its driver_override says %s, which cannot be loaded: %s",
			    override, strerror(-ret));
}

/* Load one candidate and learn its driver. */
static int choose_module(struct kmod_ctx *kmod, struct report *report, const char *module,
			 const char *alias)
{
	int ret = report->dry_run ? 0 : module_load(kmod, module);

	if (ret)
		return ret;
	snprintf(report->module, sizeof(report->module), "%s", module);
	snprintf(report->alias, sizeof(report->alias), "%s", alias);
	ret = module_driver(module, report->driver, sizeof(report->driver));
	if (ret && report->dry_run) {
		snprintf(report->driver, sizeof(report->driver), "%s",
			 strcmp(module, "vfio_pci") ? module : GENERAL_DRIVER);
		ret = 0;
	}
	return ret;
}

static int choose_alias(struct kmod_ctx *kmod, const struct device *dev, struct report *report)
{
	struct alias_match matches[ALIAS_MAX_MATCHES];
	char modalias[ALIAS_SIZE], alias[ALIAS_SIZE];
	int i, nr, ret;

	device_read(dev, "modalias", modalias, sizeof(modalias));
	ret = alias_from_modalias(modalias, alias);
	if (ret)
		return report_error(report, ret, "its modalias '%s' cannot be understood",
				    modalias);
	nr = module_matches(kmod, alias, matches, ALIAS_MAX_MATCHES);
	if (nr < 0)
		report_note(report, "modules.alias cannot be read: %s", strerror(-nr));
	if (!nr)
		report_note(report, "no module has an alias that matches %s", alias);
	for (i = 0; i < nr; i++) {
		ret = choose_module(kmod, report, matches[i].module, matches[i].pattern);
		if (!ret)
			return 0;
		report_note(report, "%s matches but cannot be loaded: %s", matches[i].module,
			    strerror(-ret));
	}
	ret = choose_module(kmod, report, GENERAL_DRIVER, "");
	if (!ret)
		return 0;
	report_fix(report, "modprobe " GENERAL_DRIVER " tells more");
	return report_error(report, ret, GENERAL_DRIVER " cannot be loaded: %s", strerror(-ret));
}

int flavour_set_vfio(struct kmod_ctx *kmod, const struct device *dev, struct report *report)
{
	struct before before;
	int ret;

	if (device_has_vfio(dev)) {
		flavour_show(dev, report);
		return 0;
	}
	ret = look(dev, report, &before);
	if (!ret)
		ret = check_unbind(dev, report);
	if (!ret)
		ret = check_iommu(dev, report);
	if (!ret && before.override[0])
		ret = choose_override(kmod, dev, report, before.override);
	else if (!ret)
		ret = choose_alias(kmod, dev, report);
	if (ret)
		return ret;
	report->flavour = "vfio";
	report->changed = true;
	if (before.driver[0])
		report_note(report, "unbind from %s", before.driver);
	report_note(report, "driver_override %s, probe", report->driver);
	if (report->dry_run)
		return 0;
	ret = rebind(dev, report, &before, report->driver, report->driver);
	if (ret) {
		report_fix(report, "dmesg tells the driver's reason; the device is as it was");
		report->changed = false;
		flavour_show(dev, report);
	}
	return ret;
}

/* Nobody may have the device open when its VFIO driver goes: hold it shut. */
static int exclude_users(const struct device *dev, struct report *report)
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

/* What remains of an override when VFIO goes: one that is not for VFIO is somebody's own. */
static const char *native_override(struct kmod_ctx *kmod, const struct before *before)
{
	char module[ALIAS_MODULE_SIZE];

	if (!strcmp(before->override, before->driver))
		return "";
	module_of_driver(before->override, module, sizeof(module));
	return module_is_vfio(kmod, module) == 1 ? "" : before->override;
}

/* Its driver may never have been loaded, and nobody but udev would do it. */
static void load_native(struct kmod_ctx *kmod, const struct device *dev, struct report *report)
{
	char modalias[ALIAS_SIZE];
	int ret;

	device_read(dev, "modalias", modalias, sizeof(modalias));
	ret = module_load_alias(kmod, modalias);
	if (ret)
		report_note(report, "its native driver cannot be loaded: %s", strerror(-ret));
}

/* A VF is left without a driver on purpose where its PF says so. */
static void note_no_driver(const struct device *dev, struct report *report)
{
	char autoprobe[8];

	if (report->driver[0])
		return;
	device_read(dev, "physfn/sriov_drivers_autoprobe", autoprobe, sizeof(autoprobe));
	if (!strcmp(autoprobe, "0"))
		report_note(report, "sriov_drivers_autoprobe of its PF keeps native drivers away");
	else
		report_note(report, "no native driver of it is loaded");
}

bool flavour_explain_busy(const struct device *dev, struct report *report)
{
	int users;

	if (!device_has_vfio(dev))
		return check_unbind(dev, report);
	users = exclude_users(dev, report);
	if (users >= 0)
		close(users);
	return users == -EBUSY;
}

int flavour_set_native(struct kmod_ctx *kmod, const struct device *dev, struct report *report)
{
	struct before before;
	const char *override;
	int users = -1, ret;

	ret = look(dev, report, &before);
	if (ret)
		return ret;
	override = native_override(kmod, &before);
	flavour_show(dev, report);
	if (!device_has_vfio(dev) && (before.driver[0] || !strcmp(override, before.override)))
		return 0;
	if (device_has_vfio(dev)) {
		users = exclude_users(dev, report);
		if (users < 0)
			return users;
		report_note(report, "unbind from %s", before.driver);
	}
	report_note(report, "driver_override %s, probe", override[0] ? override : "empty");
	report->flavour = "native";
	report->changed = true;
	report->driver[0] = '\0';
	if (!report->dry_run) {
		load_native(kmod, dev, report);
		ret = rebind(dev, report, &before, override, NULL);
		flavour_show(dev, report);
		report->changed = !ret;
		note_no_driver(dev, report);
	}
	if (users >= 0)
		close(users);
	return ret;
}
