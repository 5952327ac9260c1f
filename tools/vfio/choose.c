// SPDX-License-Identifier: GPL-2.0-only
/* Which VFIO driver a device gets, and why it cannot have it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alias.h"
#include "choose.h"
#include "device.h"
#include "module.h"
#include "report.h"

#define GENERAL_DRIVER	"vfio-pci"
#define GENERAL_MODULE	"vfio_pci"
#define SYSFS		"/sys/bus/pci/devices/"

bool choose_names_vfio(struct kmod_ctx *kmod, const char *driver)
{
	char module[ALIAS_MODULE_SIZE];

	if (!driver[0])
		return false;
	module_of_driver(driver, module, sizeof(module));
	return module_is_vfio(kmod, module) == 1;
}

static bool same_module(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	}
	return *a == *b;
}

/* "MODULE cannot be loaded: WHY", where it may be one that the module needs. */
static void describe(char *text, size_t size, const char *module, const char *culprit, int err)
{
	if (same_module(module, culprit))
		snprintf(text, size, "%s cannot be loaded: %s", module, strerror(-err));
	else
		snprintf(text, size, "%s cannot be loaded, as it needs %s: %s", module, culprit,
			 strerror(-err));
}

static void fix_load(struct report *report, const char *culprit, int err, bool has_next)
{
	const char *next = has_next ? "; --fallback takes the next best" : "";

	if (err == -EPERM && geteuid())
		report_fix(report, "run it as root");
	else if (err == -EKEYREJECTED || err == -ENOKEY || err == -EPERM || err == -EBADMSG)
		report_fix(report, "sign %s with a key that the kernel trusts%s", culprit, next);
	else if (err == -ENOENT)
		report_fix(report, "install %s for this kernel, and run depmod%s", culprit, next);
	else
		report_fix(report, "modprobe %s and dmesg tell more%s", culprit, next);
}

/* Load a module, or see whether it could be loaded; only the kernel can tell the rest. */
static int load(struct kmod_ctx *kmod, struct report *report, const char *module,
		char culprit[ALIAS_MODULE_SIZE])
{
	int ret;

	if (!report->dry_run)
		return module_load(kmod, module, culprit);
	ret = module_check(kmod, module, culprit);
	if (ret > 0)
		report_note(report, "%s is not loaded yet; only then it shows whether it can be",
			    culprit);
	return ret < 0 ? ret : 0;
}

/* The driver that somebody wrote into driver_override. */
static int choose_override(struct kmod_ctx *kmod, const struct device *dev, struct report *report,
			   const char *override)
{
	char culprit[ALIAS_MODULE_SIZE], why[REPORT_TEXT_SIZE / 2];
	int ret;

	module_of_driver(override, report->module, sizeof(report->module));
	ret = module_is_vfio(kmod, report->module);
	if (ret != 1) {
		report_fix(report, "clear it: echo > " SYSFS "%s/driver_override", dev->bdf);
		return report_error(report, ret ? ret : -EPERM,
				    "its driver_override says %s, %s", override,
				    ret ? "of which there is no module" :
				    "which is no VFIO driver");
	}
	report_note(report, "driver_override asks for %s", override);
	ret = load(kmod, report, report->module, culprit);
	if (ret) {
		describe(why, sizeof(why), report->module, culprit, ret);
		report_fix(report, "clear it: echo > " SYSFS "%s/driver_override", dev->bdf);
		return report_error(report, ret, "its driver_override says %s; %s", override, why);
	}
	snprintf(report->driver, sizeof(report->driver), "%s", override);
	return 0;
}

/* Load one candidate and learn its driver. */
static int choose_module(struct kmod_ctx *kmod, struct report *report,
			 const struct alias_match *match, char culprit[ALIAS_MODULE_SIZE])
{
	const char *driver;
	int ret = load(kmod, report, match->module, culprit);

	if (ret)
		return ret;
	snprintf(report->module, sizeof(report->module), "%.*s", ALIAS_MODULE_SIZE - 1,
		 match->module);
	snprintf(report->alias, sizeof(report->alias), "%.*s", ALIAS_SIZE - 1, match->pattern);
	ret = module_driver(match->module, report->driver, sizeof(report->driver));
	if (ret && report->dry_run) {
		driver = same_module(match->module, GENERAL_MODULE) ? GENERAL_DRIVER :
								      report->module;
		snprintf(report->driver, sizeof(report->driver), "%s", driver);
		ret = 0;
	}
	return ret;
}

/* One after the other of @matches; less than the best only where that was asked for. */
static int choose_match(struct kmod_ctx *kmod, struct report *report,
			const struct alias_match *matches, int nr)
{
	char culprit[ALIAS_MODULE_SIZE], why[REPORT_TEXT_SIZE / 2];
	bool has_next;
	int i, ret = -ENOENT;

	for (i = 0; i < nr; i++) {
		ret = choose_module(kmod, report, &matches[i], culprit);
		if (!ret)
			return 0;
		/* The kernel itself takes no other. */
		has_next = i + 1 < nr && !report->by_kernel;
		describe(why, sizeof(why), matches[i].module, culprit, ret);
		if (!report->fallback || !has_next) {
			fix_load(report, culprit, ret, has_next && !report->fallback);
			return report_error(report, ret, "%s", why);
		}
		report_odd(report, "%s; the next best is taken", why);
	}
	return ret;
}

/* vfio-pci is the last of all, whether it has an alias (as from 5.16 on) or not. */
static int add_general(struct alias_match *matches, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (same_module(matches[i].module, GENERAL_MODULE))
			return nr;
	}
	snprintf(matches[nr].module, sizeof(matches[nr].module), GENERAL_DRIVER);
	matches[nr].pattern[0] = '\0';
	return nr + 1;
}

static int choose_alias(struct kmod_ctx *kmod, const struct device *dev, struct report *report)
{
	struct alias_match matches[ALIAS_MAX_MATCHES + 1];
	char modalias[ALIAS_SIZE], alias[ALIAS_SIZE];
	int nr, ret;

	device_read(dev, "modalias", modalias, sizeof(modalias));
	ret = alias_from_modalias(modalias, alias);
	if (ret)
		return report_error(report, ret, "its modalias '%s' cannot be understood",
				    modalias);
	nr = module_matches(kmod, alias, !report->by_kernel, matches, ALIAS_MAX_MATCHES);
	if (nr < 0)
		report_odd(report, "modules.alias cannot be read: %s", strerror(-nr));
	if (!nr)
		report_note(report, "no module has an alias that matches %s", alias);
	nr = add_general(matches, nr < 0 ? 0 : nr);
	return choose_match(kmod, report, matches, nr);
}

int choose_vfio(struct kmod_ctx *kmod, const struct device *dev, const char *by_hand,
		struct report *report)
{
	return by_hand[0] ? choose_override(kmod, dev, report, by_hand) :
			    choose_alias(kmod, dev, report);
}
