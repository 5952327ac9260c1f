// SPDX-License-Identifier: GPL-2.0-only
/* What is known of a function: of sysfs, of its modules, of devlink, of the kernel's log. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <libkmod.h>

#include "aliases.h"
#include "checks.h"
#include "device.h"
#include "facts.h"
#include "group.h"
#include "klog.h"
#include "module.h"
#include "ports.h"
#include "users.h"

/* A card that does not answer for so long is in trouble, of which others tell. */
#define PORTS_SECONDS	5
#define GENERAL_MODULE	"vfio_pci"

static void take_line(void *data, const char *line)
{
	checks_log_line(data, line);
}

static void ask_modules(const struct device *dev, struct facts *facts)
{
	char unused[ALIAS_MODULE_SIZE];
	struct kmod_ctx *kmod = kmod_new(NULL, NULL);

	if (!kmod)
		return;
	kmod_set_log_priority(kmod, -1);
	facts->general = module_check(kmod, GENERAL_MODULE, unused) != -ENOENT;
	if (facts->function.best.module[0])
		facts->loadable = module_check(kmod, facts->function.best.module,
					       facts->culprit);
	group_siblings(kmod, dev, facts->siblings, sizeof(facts->siblings));
	kmod_unref(kmod);
}

static void ask_devlink(struct facts *facts)
{
	struct ports *ports = malloc(sizeof(*ports));

	if (!ports)
		return;
	/* It is unknown then, and stays so. */
	if (facts->function.physfn[0] && !ports_read(ports, PORTS_SECONDS))
		ports_tell(ports, &facts->function, 1);
	free(ports);
}

int facts_gather(const struct device *dev, struct facts *facts)
{
	struct utsname uts;
	int ret;

	memset(facts, 0, sizeof(*facts));
	ret = function_read(dev->bdf, &facts->function);
	if (ret)
		return ret;
	uname(&uts);
	snprintf(facts->release, sizeof(facts->release), "%.*s",
		 (int)sizeof(facts->release) - 1, uts.release);
	/* Without an index there are no modules, and that is what is told. */
	aliases_choose(&facts->function, 1);
	ask_modules(dev, facts);
	ask_devlink(facts);
	if (!users_leaving(dev, facts->users, sizeof(facts->users)))
		users_find(dev, facts->users, sizeof(facts->users));
	facts->log_read = !klog_read(take_line, facts);
	return 0;
}
