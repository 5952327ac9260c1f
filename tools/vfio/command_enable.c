// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfioctl enable: VFs that can migrate, in one go. Devlink takes "migratable" for a VF without a
 * driver alone, and whether a VF can migrate its driver tells at the end: so first what devlink
 * forbids is allowed, then all are bound, then it is looked at what the drivers say. When one
 * cannot migrate all are as they were.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "commands.h"
#include "device.h"
#include "flavour.h"
#include "klog.h"
#include "options.h"
#include "ports.h"
#include "report.h"
#include "run.h"
#include "target.h"

#define PORTS_SECONDS	30

/**
 * struct vf - one to be enabled
 * @dev: the device
 * @function: as it was in the beginning
 * @report: what becomes of it
 * @unbound: its driver was taken away by us
 * @allowed: devlink lets it migrate by us
 */
struct vf {
	struct device dev;
	struct function function;
	struct report report;
	bool unbound;
	bool allowed;
};

static int look(const char *name, struct vf *vf)
{
	int ret = target_open(name, &vf->dev, &vf->report);

	if (ret)
		return ret;
	ret = function_read(vf->dev.bdf, &vf->function);
	if (ret) {
		report_error(&vf->report, ret, "it has just gone");
	} else if (!vf->function.physfn[0]) {
		ret = -EINVAL;
		report_fix(&vf->report, "vfioctl attach %s gives it to VFIO all the same",
			   vf->dev.bdf);
		report_error(&vf->report, ret, "it is no VF");
	}
	if (ret)
		device_close(&vf->dev);
	return ret;
}

static int ask_devlink(struct vf *vfs, int nr)
{
	struct ports *ports = malloc(sizeof(*ports));
	int i, ret = ports ? ports_read(ports, PORTS_SECONDS) : -ENOMEM;

	for (i = 0; i < nr && !ret; i++)
		ports_tell(ports, &vfs[i].function, 1);
	free(ports);
	if (ret == -ETIMEDOUT) {
		report_fix(&vfs[0].report, "devlink health, and dmesg, tell of the cards");
		return report_error(&vfs[0].report, ret, "devlink gave no answer in %d s",
				    PORTS_SECONDS);
	}
	/* A kernel without devlink, or one that does not tell: the driver will. */
	return 0;
}

/* Its driver goes first, and only if nobody uses the device. */
static int unbind(struct vf *vf)
{
	int users = -1, ret;

	if (!vf->function.driver[0])
		return 0;
	if (vf->function.vfio) {
		users = flavour_hold(&vf->dev, &vf->report);
		if (users < 0)
			return users;
	} else if (flavour_explain_busy(&vf->dev, &vf->report)) {
		return -EBUSY;
	}
	ret = device_unbind(&vf->dev);
	if (users >= 0)
		close(users);
	if (ret)
		return report_error(&vf->report, ret, "%s does not let it go: %s",
				    vf->function.driver, strerror(-ret));
	vf->unbound = true;
	return 0;
}

static int allow(struct vf *vf)
{
	int ret;

	if (vf->function.allowed != ALLOWED_NO)
		return 0;
	ret = unbind(vf);
	if (ret)
		return ret;
	ret = ports_allow(&vf->function, true, PORTS_SECONDS);
	if (ret) {
		report_fix(&vf->report, "devlink port function set pci/%s/%u migratable enable",
			   vf->function.physfn, vf->function.port);
		return report_error(&vf->report, ret, "devlink does not let it migrate: %s",
				    strerror(-ret));
	}
	vf->allowed = true;
	report_note(&vf->report, "devlink lets it migrate");
	return 0;
}

static void put_back(struct vf *vf)
{
	if (vf->allowed && ports_allow(&vf->function, false, PORTS_SECONDS))
		report_odd(&vf->report, "devlink lets it migrate, which was not so before");
	if (vf->unbound && device_probe(&vf->dev))
		report_odd(&vf->report, "%s could not be given back to it",
			   vf->function.driver);
}

static int attach(struct vf *vfs, int nr, const char *flavour)
{
	static struct report reports[GROUP_MAX];
	const char *names[GROUP_MAX];
	struct options options = { };
	int i, n, found, ret = 0;

	for (i = 0; i < nr; i++)
		names[i] = vfs[i].dev.bdf;
	memset(reports, 0, sizeof(reports));
	found = run(names, nr, flavour, &options, reports);
	for (i = 0; i < found; i++) {
		for (n = 0; n < nr && strcmp(vfs[n].dev.bdf, reports[i].device); n++)
			;
		if (reports[i].error[0])
			ret = -EIO;
		if (n < nr)
			vfs[n].report = reports[i];
	}
	return ret;
}

static void take_line(void *data, const char *line)
{
	checks_log_line(data, line);
}

/* The driver has asked the card; its reason is in the kernel's log. */
static int verify(struct vf *vf)
{
	struct facts facts = { .function = vf->function };

	if (device_has(&vf->dev, "migration"))
		return 0;
	klog_read(take_line, &facts);
	report_fix(&vf->report, "vfioctl why %s, while it is attached", vf->dev.bdf);
	return report_error(&vf->report, -EOPNOTSUPP, "%s does not let it migrate: %s",
			    vf->report.driver, facts.said_migration[0] ? facts.said_migration :
			    "the kernel's log has the reason");
}

static int verify_all(struct vf *vfs, int nr)
{
	int i, ret = 0;

	for (i = 0; i < nr; i++)
		ret = verify(&vfs[i]) ?: ret;
	return ret;
}

/* Those that VFIO had before, by whatever driver, are not taken from it. */
static void detach_all(struct vf *vfs, int nr)
{
	static struct report reports[GROUP_MAX];
	struct options options = { };
	const char *names[GROUP_MAX];
	int i, moved = 0;

	for (i = 0; i < nr; i++) {
		if (!vfs[i].function.vfio)
			names[moved++] = vfs[i].dev.bdf;
	}
	memset(reports, 0, sizeof(reports));
	if (moved)
		run(names, moved, "native", &options, reports);
}

static int enable(struct vf *vfs, int nr)
{
	int i, ret;

	ret = ask_devlink(vfs, nr);
	for (i = 0; i < nr && !ret; i++)
		ret = allow(&vfs[i]);
	if (!ret) {
		ret = attach(vfs, nr, "vfio");
		if (!ret) {
			ret = verify_all(vfs, nr);
			if (ret)
				detach_all(vfs, nr);
		}
	}
	for (i = 0; i < nr && ret; i++)
		put_back(&vfs[i]);
	return ret;
}

static int enable_named(char **names, int nr, bool as_json, bool verbose)
{
	struct vf *vfs = calloc(nr, sizeof(*vfs));
	int i, opened, ret = 0, status;

	if (!vfs)
		return STATUS_FAILED;
	for (opened = 0; opened < nr && !ret; opened++)
		ret = look(names[opened], &vfs[opened]);
	if (!ret)
		ret = enable(vfs, nr);
	else
		vfs[0].report = vfs[--opened].report;
	status = ret ? STATUS_FAILED : STATUS_DONE;
	for (i = 0; i < nr; i++) {
		if (i < opened) {
			flavour_show(&vfs[i].dev, &vfs[i].report);
			device_close(&vfs[i].dev);
		}
	}
	for (i = 0; i < nr && (!i || opened == nr); i++)
		report_print(&vfs[i].report, 1, as_json, false, verbose);
	free(vfs);
	return status;
}

int command_enable(int argc, char **argv)
{
	static const char usage[] =
		"usage: vfioctl enable [-j|--json] [-v|--verbose] DEVICE...\n"
		"  -j, --json     as JSON, an object per VF\n"
		"  -v, --verbose  tell each step\n"
		"All VFs or none: when one cannot migrate, all are as they were.\n";
	struct options options = { };
	const struct flag flags[] = {
		{ 'j', "json", &options.json }, { 'v', "verbose", &options.verbose }, { },
	};
	int status = options_read(argc, argv, flags, 1, GROUP_MAX, usage);

	if (status >= 0)
		return status;
	return enable_named(argv + optind, argc - optind, options.json, options.verbose);
}
