// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl save and load */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "json.h"
#include "options.h"
#include "report.h"
#include "session.h"
#include "statefile.h"
#include "target.h"
#include "transfer.h"

/**
 * struct way - of the state
 * @usage: of the command
 * @done: in the past tense
 * @with: what stands between the device and the file
 * @run: does it
 */
struct way {
	const char *usage;
	const char *done;
	const char *with;
	int (*run)(const struct device *dev, const char *path, struct transfer *transfer,
		   struct report *report);
};

static int read_id(const struct device *dev, const char *name)
{
	char text[DEVICE_NAME_SIZE];

	device_read(dev, name, text, sizeof(text));
	return strtoul(text, NULL, 16);
}

static struct statefile_device kind_of(const struct device *dev)
{
	struct statefile_device kind = {
		.vendor = read_id(dev, "vendor"), .device = read_id(dev, "device"),
		.subsystem_vendor = read_id(dev, "subsystem_vendor"),
		.subsystem_device = read_id(dev, "subsystem_device"),
	};

	device_link(dev, "driver", kind.driver, sizeof(kind.driver));
	return kind;
}

static int save_to(const struct device *dev, struct statefile *file, struct transfer *transfer,
		   struct report *report)
{
	struct session session;
	int ret = session_open(&session, dev, report);

	if (ret)
		return ret;
	ret = transfer_save(&session, file, transfer, report);
	session_close(&session);
	return ret;
}

/* The file comes first: opening the device resets it, which is not to be for nothing. */
static int save(const struct device *dev, const char *path, struct transfer *transfer,
		struct report *report)
{
	struct statefile_device kind = kind_of(dev);
	struct statefile file;
	int ret = statefile_create(&file, path, &kind);

	if (ret)
		return report_error(report, ret, "%s cannot be made: %s", path, strerror(-ret));
	ret = save_to(dev, &file, transfer, report);
	if (ret) {
		statefile_drop(&file, path);
		return ret;
	}
	ret = statefile_finish(&file);
	if (!ret)
		return 0;
	unlink(path);
	return report_error(report, ret, "%s cannot be written: %s", path, strerror(-ret));
}

/* The subsystem is of the board's maker, and no part of what a VF's state depends on. */
static int check_kind(const struct device *dev, const struct statefile_device *kind,
		      struct report *report)
{
	struct statefile_device own = kind_of(dev);

	if (own.vendor == kind->vendor && own.device == kind->device)
		return 0;
	return report_error(report, -EINVAL, "it is %04x:%04x, the file has a state of %04x:%04x",
			    own.vendor, own.device, kind->vendor, kind->device);
}

static int load(const struct device *dev, const char *path, struct transfer *transfer,
		struct report *report)
{
	struct session session;
	struct statefile file;
	enum statefile_fault fault = statefile_open(&file, path);
	int ret;

	if (fault) {
		report_fix(report, "the device was not touched; save the state again");
		return report_error(report, -EINVAL, "%s: %s", path,
				    fault == STATEFILE_ERRNO ? strerror(errno) :
							       statefile_fault_text(fault));
	}
	ret = check_kind(dev, &file.device, report);
	if (!ret)
		ret = session_open(&session, dev, report);
	if (!ret) {
		ret = transfer_load(&session, &file, transfer, report);
		session_close(&session);
	}
	close(file.fd);
	return ret;
}

static void print_json(const struct report *report, const char *path,
		       const struct transfer *transfer, int ret)
{
	struct json json = { .out = stdout };

	json_open(&json, NULL, '{');
	json_text(&json, "device", report->device);
	json_text(&json, "file", path);
	json_truth(&json, "done", !ret);
	json_number(&json, "bytes", transfer->bytes);
	json_number(&json, "data_us", transfer->data_us);
	json_number(&json, "total_us", transfer->total_us);
	json_text(&json, "error", report->error);
	json_text(&json, "fix", report->fix);
	report_json_notes(report, &json);
	json_close(&json);
}

static int transfer(const struct way *way, const char *name, const char *path, bool as_json)
{
	struct transfer transfer = { };
	struct report report = { };
	struct device dev;
	int ret;

	ret = target_open(name, &dev, &report);
	if (!ret) {
		ret = way->run(&dev, path, &transfer, &report);
		device_close(&dev);
	}
	if (as_json)
		print_json(&report, path, &transfer, ret);
	else if (ret)
		report_print(&report, 1, false, false, false);
	else
		printf("%s: %llu bytes %s %s %s in %lld ms, %lld ms of that by the device's data\n",
		       report.device, (unsigned long long)transfer.bytes, way->done, way->with,
		       path, transfer.total_us / 1000, transfer.data_us / 1000);
	return ret ? STATUS_FAILED : STATUS_DONE;
}

static int command(const struct way *way, int argc, char **argv)
{
	bool as_json = false;
	const struct flag flags[] = { { 'j', "json", &as_json }, { } };
	int status = options_read(argc, argv, flags, 2, 2, way->usage);

	return status >= 0 ? status : transfer(way, argv[optind], argv[optind + 1], as_json);
}

#define USAGE(name)								\
	"usage: vfioctl " name " [-j|--json] DEVICE FILE\n"			\
	"  -j, --json  as JSON\n"						\
	"The device is one that no guest has: VFIO resets it before and after.\n"

int command_save(int argc, char **argv)
{
	static const struct way way = { USAGE("save"), "saved", "to", save };

	return command(&way, argc, argv);
}

int command_load(int argc, char **argv)
{
	static const struct way way = { USAGE("load"), "loaded", "from", load };

	return command(&way, argc, argv);
}
