// SPDX-License-Identifier: GPL-2.0-only
/* What a person means by a name on the command line. */

#include <errno.h>
#include <stdio.h>

#include "device.h"
#include "report.h"
#include "target.h"

int target_open(const char *name, struct device *dev, struct report *report)
{
	int ret;

	snprintf(report->device, sizeof(report->device), "%s", name);
	ret = device_open(dev, name);
	if (ret == -EINVAL) {
		report_fix(report, "write it as 0000:3b:00.2, where 0000: may be left out");
		return report_error(report, ret, "this is not the address of a PCI device");
	}
	snprintf(report->device, sizeof(report->device), "%s", dev->bdf);
	if (ret) {
		report_fix(report, "lspci -D shows the addresses of all devices");
		return report_error(report, ret, "there is no such device");
	}
	return 0;
}
