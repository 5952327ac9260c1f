// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of what a migration needs, in the order in which it is mended: pure logic. The messages
 * are those of QEMU 7.2 and 10.0 (hw/vfio), in whose place the list looks.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"

#define GENERAL_MODULE		"vfio_pci"
#define NATIVE_MODULE		"mlx5_core"
#define NOT_SUPPORTED		"VFIO migration is not supported in kernel"
#define NO_TRACKING		"VFIO device doesn't support device and IOMMU dirty tracking"

struct list {
	const struct facts *facts;
	struct check *checks;
	int nr;
};

__printf(3, 4)
static void put(char *text, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, size, format, ap);
	va_end(ap);
}

#define TEXT(check, ...)	put((check)->text, sizeof((check)->text), __VA_ARGS__)
#define MESSAGE(check, ...)	put((check)->message, sizeof((check)->message), __VA_ARGS__)
#define FIX(check, ...)		put((check)->fix, sizeof((check)->fix), __VA_ARGS__)

static struct check *add(struct list *list, const char *name)
{
	struct check *check = &list->checks[list->nr++];

	memset(check, 0, sizeof(*check));
	check->name = name;
	return check;
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	}
	return *a == *b;
}

static bool has_variant(const struct function *function)
{
	return function->best.module[0] && !same_name(function->best.module, GENERAL_MODULE);
}

static void check_kernel(struct list *list)
{
	struct check *check = add(list, "kernel");

	if (list->facts->general) {
		TEXT(check, "%s has VFIO", list->facts->release);
		return;
	}
	check->status = CHECK_FAILED;
	TEXT(check, "%s has no VFIO for PCI", list->facts->release);
	MESSAGE(check, "Could not open '/dev/vfio/vfio': No such file or directory");
	FIX(check, "apt install linux-image-amd64, and boot that");
}

static void check_kind(struct list *list)
{
	const struct function *function = &list->facts->function;
	struct check *check = add(list, "function");

	if (function->physfn[0]) {
		TEXT(check, "VF %d of %s", function->vf, function->physfn);
	} else if (!has_variant(function) && function->nr_vfs) {
		check->status = CHECK_FAILED;
		TEXT(check, "it is a PF; its VFs are what migrates");
		MESSAGE(check, NOT_SUPPORTED);
		FIX(check, "vfioctl list");
	} else {
		TEXT(check, "%04x:%04x, no VF", function->vendor, function->device);
	}
}

static void check_variant(struct list *list)
{
	const struct function *function = &list->facts->function;
	struct check *check = add(list, "variant");

	if (has_variant(function)) {
		TEXT(check, "%s fits it best", function->best.module);
		return;
	}
	check->status = CHECK_FAILED;
	TEXT(check, "no module for this kernel says that it can migrate %04x:%04x",
	     function->vendor, function->device);
	MESSAGE(check, NOT_SUPPORTED);
	FIX(check, "apt install vfio-mlx5-dkms linux-headers-%s; dkms status tells more",
	    list->facts->release);
}

static void check_module(struct list *list)
{
	const struct facts *facts = list->facts;
	struct check *check = add(list, "module");

	if (!has_variant(&facts->function)) {
		check->status = CHECK_LATER;
		TEXT(check, "there is none");
		return;
	}
	if (facts->loadable >= 0) {
		TEXT(check, facts->loadable ? "nothing is known that keeps it from being loaded" :
					      "it is loaded");
		return;
	}
	check->status = CHECK_FAILED;
	if (facts->loadable == -EKEYREJECTED) {
		TEXT(check, "%s has no signature, and this kernel asks for one", facts->culprit);
		FIX(check, "enroll the key of dkms: mokutil --import /var/lib/dkms/mok.pub");
	} else {
		TEXT(check, "%s cannot be loaded: %s", facts->culprit, strerror(-facts->loadable));
		FIX(check, "modprobe %s and dmesg tell more", facts->culprit);
	}
	MESSAGE(check, NOT_SUPPORTED);
}

static void check_iommu(struct list *list)
{
	const struct function *function = &list->facts->function;
	struct check *check = add(list, "IOMMU");

	if (function->group[0]) {
		TEXT(check, "group %s", function->group);
		return;
	}
	check->status = CHECK_FAILED;
	TEXT(check, "it has no IOMMU group");
	MESSAGE(check, "vfio %s: no iommu_group found: No such file or directory", function->bdf);
	FIX(check, "turn the IOMMU on in the firmware, and boot with intel_iommu=on");
}

static void check_pf(struct list *list)
{
	const struct function *function = &list->facts->function;
	struct check *check;

	if (!function->physfn[0])
		return;
	check = add(list, "PF");
	if (!strcmp(function->pf_driver, NATIVE_MODULE)) {
		TEXT(check, "%s is driven by %s, which sends the commands", function->physfn,
		     function->pf_driver);
		return;
	}
	check->status = CHECK_FAILED;
	if (strstr(function->pf_driver, "vfio")) {
		TEXT(check, "%s is driven by %s: the VF cannot migrate, and is opened with %s",
		     function->physfn, function->pf_driver, "its PF's token alone");
		MESSAGE(check, "error getting device from group %s: Permission denied",
			function->group);
	} else {
		TEXT(check, "%s is driven by %s", function->physfn,
		     function->pf_driver[0] ? function->pf_driver : "nothing");
		MESSAGE(check, NOT_SUPPORTED);
	}
	FIX(check, "vfioctl detach %s", function->physfn);
}

static void check_allowed(struct list *list)
{
	const struct function *function = &list->facts->function;
	struct check *check;

	if (!function->physfn[0])
		return;
	check = add(list, "devlink");
	switch (function->allowed) {
	case ALLOWED_YES:
		TEXT(check, "the VF may migrate");
		return;
	case ALLOWED_NO:
		check->status = CHECK_FAILED;
		TEXT(check, "the VF may not migrate");
		MESSAGE(check, NOT_SUPPORTED);
		FIX(check, "vfioctl enable %s", function->bdf);
		return;
	default:
		break;
	}
	/* Where the driver lets it, it is allowed by the card's settings. */
	if (function->migration) {
		TEXT(check, "not asked, as the driver finds that the VF may migrate");
		return;
	}
	check->status = CHECK_UNKNOWN;
	if (function->allowed == ALLOWED_NO_PORT)
		TEXT(check, "the PF is not in switchdev mode, so only the driver can tell");
	else if (function->allowed == ALLOWED_NO_WORD)
		TEXT(check, "this kernel does not tell whether it may migrate");
	else
		TEXT(check, "devlink gave no answer");
}

static void check_driver(struct list *list)
{
	const struct function *function = &list->facts->function;
	struct check *check = add(list, "driver");

	if (!has_variant(function)) {
		check->status = CHECK_LATER;
		TEXT(check, "there is none to compare with");
	} else if (same_name(function->driver, function->best.module)) {
		TEXT(check, "it has %s", function->driver);
	} else {
		check->status = CHECK_FAILED;
		TEXT(check, "it has %s", function->driver[0] ? function->driver : "none");
		if (function->vfio)
			MESSAGE(check, NOT_SUPPORTED);
		else
			MESSAGE(check, "vfio %s: Could not open '/dev/vfio/%s': %s", function->bdf,
				function->group, strerror(ENOENT));
		FIX(check, "vfioctl attach %s", function->bdf);
	}
}

/* The driver's own word comes last, as all of the above may be behind it. */
static void check_migration(struct list *list)
{
	const struct facts *facts = list->facts;
	struct check *check = add(list, "migration");

	if (!has_variant(&facts->function) ||
	    !same_name(facts->function.driver, facts->function.best.module)) {
		check->status = CHECK_LATER;
		TEXT(check, "the driver tells when it has the device");
	} else if (facts->function.migration) {
		TEXT(check, "the driver lets it: %s",
		     facts->said_migration[0] ? facts->said_migration :
		     "with what only the kernel's log tells");
	} else {
		check->status = CHECK_FAILED;
		TEXT(check, "the driver does not let it: %s",
		     facts->said_migration[0] ? facts->said_migration :
		     "the kernel's log has the reason");
		MESSAGE(check, NOT_SUPPORTED);
		FIX(check, "firmware: mstconfig -d %s set VF_MIGRATION_MODE=2, and a cold reboot",
		    facts->function.physfn[0] ? facts->function.physfn : facts->function.bdf);
	}
}

static void check_precopy(struct list *list)
{
	const struct facts *facts = list->facts;
	struct check *check = add(list, "pre-copy");

	if (!facts->function.migration) {
		check->status = CHECK_LATER;
		TEXT(check, "comes with migration");
	} else if (!facts->said_migration[0]) {
		check->status = CHECK_UNKNOWN;
		TEXT(check, facts->log_read ? "the kernel's log does not reach back so far" :
					      "the kernel's log is for root");
	} else if (strstr(facts->said_migration, "pre-copy")) {
		TEXT(check, "most of the VF is sent while the guest runs");
	} else {
		check->status = CHECK_NOTE;
		TEXT(check, "all of the VF is sent while the guest stands still");
		FIX(check, "a newer firmware");
	}
}

static void check_dirty(struct list *list)
{
	const struct facts *facts = list->facts;
	struct check *check = add(list, "pages");

	if (!facts->function.migration) {
		check->status = CHECK_LATER;
		TEXT(check, "comes with migration");
	} else if (!facts->said_dirty[0]) {
		check->status = CHECK_UNKNOWN;
		TEXT(check, facts->log_read ? "the kernel's log does not reach back so far" :
					      "the kernel's log is for root");
	} else {
		if (!strncmp(facts->said_dirty, "not told", strlen("not told"))) {
			check->status = CHECK_NOTE;
			MESSAGE(check, NO_TRACKING);
			FIX(check, "-device vfio-pci,...,enable-migration=on, high downtime-limit");
		}
		TEXT(check, "what the VF writes is %s", facts->said_dirty);
	}
}

static void check_group(struct list *list)
{
	const struct facts *facts = list->facts;
	struct check *check = add(list, "group");

	if (!facts->function.group[0]) {
		check->status = CHECK_LATER;
		TEXT(check, "there is none");
	} else if (facts->siblings[0]) {
		check->status = CHECK_FAILED;
		TEXT(check, "%s keeps users out", facts->siblings);
		MESSAGE(check, "group %s is not viable", facts->function.group);
		FIX(check, "vfioctl attach --group %s", facts->function.bdf);
	} else {
		TEXT(check, "no other device of it keeps users out");
	}
}

static void check_users(struct list *list)
{
	const struct facts *facts = list->facts;
	struct check *check = add(list, "users");

	if (!facts->users[0]) {
		TEXT(check, "nobody seen from here has it open");
		return;
	}
	check->status = CHECK_NOTE;
	TEXT(check, "%s has it open", facts->users);
	MESSAGE(check, "vfio %s: Could not open '/dev/vfio/%s': %s", facts->function.bdf,
		facts->function.group, strerror(EBUSY));
}

int checks_make(const struct facts *facts, struct check checks[CHECKS_MAX])
{
	struct list list = { .facts = facts, .checks = checks };

	check_kernel(&list);
	check_kind(&list);
	check_variant(&list);
	check_module(&list);
	check_iommu(&list);
	check_pf(&list);
	check_allowed(&list);
	check_driver(&list);
	check_migration(&list);
	check_precopy(&list);
	check_dirty(&list);
	check_group(&list);
	check_users(&list);
	return list.nr;
}

int checks_failed(const struct check *checks, int nr)
{
	int i, failed = 0;

	for (i = 0; i < nr; i++)
		failed += checks[i].status == CHECK_FAILED;
	return failed;
}

static bool take_after(const char *text, const char *prefix, char *rest, size_t size)
{
	if (strncmp(text, prefix, strlen(prefix)))
		return false;
	snprintf(rest, size, "%s", text + strlen(prefix));
	return true;
}

/* "mlx5_vfio_pci 0000:3b:00.2: migration: stop-copy", with a driver in front, or "vfio-pci". */
void checks_log_line(struct facts *facts, const char *line)
{
	const char *at = strstr(line, facts->function.bdf);
	const char *text;

	if (!at || strncmp(at + strlen(facts->function.bdf), ": ", 2))
		return;
	text = at + strlen(facts->function.bdf) + 2;
	if (take_after(text, "dirty pages: ", facts->said_dirty, sizeof(facts->said_dirty)))
		return;
	if (take_after(text, "no migration: ", facts->said_migration,
		       sizeof(facts->said_migration)))
		return;
	/* "migration: no" follows the reason, which says more. */
	if (strcmp(text, "migration: no"))
		take_after(text, "migration: ", facts->said_migration,
			   sizeof(facts->said_migration));
}
