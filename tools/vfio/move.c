// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving a PCI function between drivers from user space, by driver_override.
 *
 * The override is written before the old driver is taken away, so that no third driver can
 * come in between; a native driver whose probe runs at that moment (udev is told of a new
 * device before it is probed) is taken away in the second of two rounds.
 *
 * Each step leaves the device so that a later run can go on from there: see mark.c.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "move.h"
#include "report.h"

#define ROUNDS		2
#define DRIVERS		"/sys/bus/pci/drivers"

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

static int write_override(const struct device *dev, struct override *override, const char *driver,
			  struct report *report)
{
	int ret = 0;

	if (!override->begun)
		ret = mark_begin(dev, override);
	if (!ret)
		ret = mark_override(dev, override, driver);
	return ret ? report_error(report, ret, "its driver_override cannot be written: %s",
				  strerror(-ret)) : 0;
}

/* Take its driver away and let the bus find one. */
static int rebind(const struct device *dev, const struct before *before, struct report *report,
		  char now[DEVICE_NAME_SIZE])
{
	int ret = device_unbind(dev);

	if (!ret)
		ret = device_probe(dev);
	device_link(dev, "driver", now, DEVICE_NAME_SIZE);
	if (ret)
		report_error(report, ret, "it cannot be taken from %s: %s",
			     before->driver[0] ? before->driver : "no driver", strerror(-ret));
	return ret;
}

int move_to_vfio(const struct device *dev, const struct before *before, struct override *override,
		 const char *driver, struct report *report)
{
	char now[DEVICE_NAME_SIZE];
	int round, ret;

	ret = write_override(dev, override, driver, report);
	for (round = 0; !ret && round < ROUNDS; round++) {
		ret = rebind(dev, before, report, now);
		if (!ret && report->new_device && !now[0])
			await_driver(dev, now, sizeof(now));
		if (!ret && !strcmp(now, driver))
			return 0;
	}
	report_fix(report, "dmesg tells the driver's reason; the device is as it was");
	return ret ? ret : report_error(report, -EIO, "%s refuses it", driver);
}

/*
 * A VFIO driver has taken it by an id that was added to its table (new_id, vfio-pci.ids=). So each
 * other driver is offered the device; it takes what its table has, and nothing else.
 */
static int offer_native(const struct device *dev, const char *vfio)
{
	struct dirent *entry;
	DIR *dir = opendir(DRIVERS);
	int ret;

	if (!dir)
		return -errno;
	ret = device_unbind(dev);
	while (!ret && !device_has(dev, "driver") && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, vfio))
			continue;
		device_bind(dev, entry->d_name);
		if (device_has_vfio(dev))
			ret = device_unbind(dev);
	}
	closedir(dir);
	return ret;
}

int move_to_native(const struct device *dev, const struct before *before,
		   struct override *override, const char *target, struct report *report)
{
	char now[DEVICE_NAME_SIZE];
	int ret;

	ret = write_override(dev, override, target, report);
	if (!ret)
		ret = rebind(dev, before, report, now);
	if (!ret && device_has_vfio(dev))
		ret = offer_native(dev, now);
	if (ret || !device_has_vfio(dev))
		return ret;
	device_link(dev, "driver", now, sizeof(now));
	report_fix(report, "take it from the ids added to that driver: " DRIVERS "/%s/remove_id",
		   now);
	return report_error(report, -EIO, "%s takes it again and again", now);
}

void move_back(const struct device *dev, const struct before *before, struct override *override,
	       struct report *report)
{
	char now[DEVICE_NAME_SIZE];

	device_link(dev, "driver", now, sizeof(now));
	if (strcmp(now, before->driver)) {
		/* Its name in driver_override keeps all others away. */
		if (before->driver[0])
			mark_override(dev, override, before->driver);
		device_unbind(dev);
		if (before->driver[0])
			device_probe(dev);
		device_link(dev, "driver", now, sizeof(now));
	}
	mark_override(dev, override, before->override.text);
	if (strcmp(now, before->driver))
		report_odd(report, "%s did not take it back; the kernel's log may say why",
			   before->driver);
}
