// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl report */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "gather.h"
#include "options.h"
#include "profile.h"
#include "report.h"
#include "session.h"
#include "target.h"

/* A kernel that does not tell it leaves what is known of the last migration. */
static int ask_size(const struct device *dev, struct profile *profile, struct report *report)
{
	struct session session;
	long long bytes;
	int ret = session_open(&session, dev, report);

	if (ret)
		return ret;
	bytes = session_state_bytes(&session);
	session_close(&session);
	if (bytes >= 0)
		profile->state_bytes = bytes;
	if (bytes >= 0 || bytes == -ENOTTY)
		return 0;
	ret = bytes;
	return report_error(report, ret, "the size of its state is not told: %s", strerror(-ret));
}

static int report_named(const char *name, bool with_size)
{
	struct report report = { };
	struct profile profile;
	struct device dev;
	int ret = target_open(name, &dev, &report);

	if (!ret) {
		ret = gather(&dev, &profile, &report);
		if (!ret && with_size)
			ret = ask_size(&dev, &profile, &report);
		device_close(&dev);
	}
	if (ret) {
		report_print(&report, 1, false, false, false);
		return STATUS_FAILED;
	}
	profile_write(&profile, stdout);
	return STATUS_DONE;
}

int command_report(int argc, char **argv)
{
	static const char usage[] =
		"usage: vfioctl report [-s|--size] DEVICE >FILE\n"
		"  -s, --size  ask for the size of its state; no guest may have it, and VFIO\n"
		"              resets it\n"
		"  -j, --json  as JSON, which it is anyway\n";
	bool with_size = false, as_json = false;
	const struct flag flags[] = {
		{ 's', "size", &with_size }, { 'j', "json", &as_json }, { },
	};
	int status = options_read(argc, argv, flags, 1, 1, usage);

	return status >= 0 ? status : report_named(argv[optind], with_size);
}
