// SPDX-License-Identifier: GPL-2.0-only
/* A profile of a device and its host, of all that can be known without opening the device. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "checks.h"
#include "config.h"
#include "device.h"
#include "facts.h"
#include "gather.h"
#include "numbers.h"
#include "profile.h"
#include "program.h"
#include "report.h"

#define COPY(to, from)	snprintf(to, sizeof(to), "%.*s", (int)sizeof(to) - 1, from)

static void ask_program(const char *command, char text[PROFILE_TEXT_SIZE])
{
	struct config_version version;

	text[0] = '\0';
	if (!program_version(command, &version))
		snprintf(text, PROFILE_TEXT_SIZE, "%d.%d", version.major, version.minor);
}

/* Modules of the kernel's own have none. */
static void read_module_version(const struct device *dev, struct profile *profile)
{
	device_read(dev, "driver/module/version", profile->module, sizeof(profile->module));
}

static void describe_card(const struct function *function, struct profile *profile)
{
	struct function pf;
	struct card card;

	profile->kind = (long long)function->vendor << 16 | function->device;
	profile->bar_bytes = card_bar_bytes(function->bdf);
	profile->vectors = card_vectors(function->bdf);
	profile->card = PROFILE_UNKNOWN;
	if (!function->physfn[0])
		return;
	if (!function_read(function->physfn, &pf))
		profile->card = (long long)pf.vendor << 16 | pf.device;
	card_read(function->physfn, &card);
	COPY(profile->firmware, card.firmware);
	COPY(profile->psid, card.psid);
}

static void describe_migration(const struct facts *facts, struct profile *profile)
{
	struct check checks[CHECKS_MAX];
	int nr = checks_make(facts, checks), i;

	COPY(profile->capabilities, facts->said_migration);
	COPY(profile->pages, facts->said_dirty);
	profile->can_migrate = checks_failed(checks, nr) ? PROFILE_NO : PROFILE_YES;
	for (i = nr - 1; i >= 0; i--) {
		if (checks[i].status == CHECK_FAILED)
			COPY(profile->against, checks[i].text);
	}
	profile->p2p = PROFILE_MAYBE;
	profile->precopy = PROFILE_MAYBE;
	if (!facts->function.migration || !facts->said_migration[0])
		return;
	profile->p2p = strstr(facts->said_migration, "p2p") ? PROFILE_YES : PROFILE_NO;
	profile->precopy = strstr(facts->said_migration, "pre-copy") ? PROFILE_YES : PROFILE_NO;
}

/* The last save has read all of it once, while the device ran or when it stood. */
static void describe_last(const char *bdf, struct profile *profile)
{
	struct numbers numbers;

	profile->state_bytes = PROFILE_UNKNOWN;
	profile->stop_us = PROFILE_UNKNOWN;
	profile->start_us = PROFILE_UNKNOWN;
	if (numbers_read(bdf, &numbers) || numbers.result != NUMBERS_COMPLETE)
		return;
	if (!strcmp(numbers.role, "load")) {
		profile->start_us = numbers.loaded_last_us + numbers.unfreeze_us;
		profile->state_bytes = numbers.loaded.bytes;
	} else {
		profile->stop_us = numbers.freeze_us + numbers.final.us;
		profile->state_bytes = numbers.initial.bytes ? numbers.initial.bytes :
							       numbers.final.bytes;
	}
}

int gather(const struct device *dev, struct profile *profile, struct report *report)
{
	struct facts *facts = calloc(1, sizeof(*facts));
	int ret = facts ? facts_gather(dev, facts) : -ENOMEM;

	*profile = (struct profile) { };
	if (ret) {
		free(facts);
		return report_error(report, ret, "it cannot be looked at: %s", strerror(-ret));
	}
	COPY(profile->device, facts->function.bdf);
	COPY(profile->driver, facts->function.driver);
	COPY(profile->kernel, facts->release);
	read_module_version(dev, profile);
	describe_card(&facts->function, profile);
	describe_migration(facts, profile);
	free(facts);
	ask_program(PROGRAM_QEMU, profile->qemu);
	ask_program(PROGRAM_LIBVIRT, profile->libvirt);
	describe_last(dev->bdf, profile);
	return 0;
}
