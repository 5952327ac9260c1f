// SPDX-License-Identifier: GPL-2.0-only
/*
 * What two hosts and their devices are to each other before a migration: pure logic. What the
 * driver refuses by a stream's head is in Documentation/driver-api/mlx5-migration-stream.rst; what
 * NVIDIA asks for is in its guide "SR-IOV Live Migration" (same PSID and firmware on both sides).
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "profile.h"

struct list {
	const struct profile *from;
	const struct profile *to;
	struct compat *compats;
	int nr;
};

__printf(3, 4)
static void put(struct compat *compat, enum compat_status status, const char *format, ...)
{
	va_list ap;

	compat->status = status;
	va_start(ap, format);
	vsnprintf(compat->why, sizeof(compat->why), format, ap);
	va_end(ap);
}

/* Both sides as text; what one does not tell is unknown, until a check knows better. */
static struct compat *add(struct list *list, const char *name, const char *from, const char *to)
{
	struct compat *compat = &list->compats[list->nr++];

	memset(compat, 0, sizeof(*compat));
	compat->name = name;
	snprintf(compat->source, sizeof(compat->source), "%s", from[0] ? from : "?");
	snprintf(compat->destination, sizeof(compat->destination), "%s", to[0] ? to : "?");
	if (!from[0] || !to[0])
		put(compat, COMPAT_UNKNOWN, "%s does not tell", !from[0] && !to[0] ?
		    "neither side" : from[0] ? "the destination" : "the source");
	return compat;
}

static void number_text(long long number, const char *format, char text[COMPAT_TEXT_SIZE])
{
	text[0] = '\0';
	if (number == PROFILE_UNKNOWN)
		return;
	if (!format)
		snprintf(text, COMPAT_TEXT_SIZE, "%lld", number);
	else
		snprintf(text, COMPAT_TEXT_SIZE, "%04llx:%04llx", number >> 16 & 0xffff,
			 number & 0xffff);
}

static struct compat *add_numbers(struct list *list, const char *name, long long from,
				  long long to, const char *format)
{
	char source[COMPAT_TEXT_SIZE], destination[COMPAT_TEXT_SIZE];

	number_text(from, format, source);
	number_text(to, format, destination);
	return add(list, name, source, destination);
}

static bool differs(const struct compat *compat)
{
	return compat->status == COMPAT_SAME && strcmp(compat->source, compat->destination);
}

/* Versions as 22.43.1014. Return: less than, equal to or more than 0. */
static int compare_versions(const char *a, const char *b)
{
	long x, y;

	while (*a || *b) {
		x = strtol(a, (char **)&a, 10);
		y = strtol(b, (char **)&b, 10);
		if (x != y)
			return x < y ? -1 : 1;
		/* What does not begin with a dot is no part of it. */
		a = *a == '.' ? a + 1 : "";
		b = *b == '.' ? b + 1 : "";
	}
	return 0;
}

static const char *answer_text(enum profile_answer answer)
{
	static const char *const words[] = {
		[PROFILE_NO] = "no", [PROFILE_YES] = "yes", [PROFILE_MAYBE] = "",
	};

	return words[answer];
}

static void compare_sides(struct list *list)
{
	const struct profile *from = list->from, *to = list->to;
	struct compat *compat = add(list, "migrates", answer_text(from->can_migrate),
				    answer_text(to->can_migrate));

	if (from->can_migrate == PROFILE_NO)
		put(compat, COMPAT_FAILS, "at the source: %s; vfioctl why tells more",
		    from->against);
	else if (to->can_migrate == PROFILE_NO)
		put(compat, COMPAT_FAILS, "at the destination: %s; vfioctl why tells more",
		    to->against);
}

static void compare_devices(struct list *list)
{
	const struct profile *from = list->from, *to = list->to;
	struct compat *compat = add_numbers(list, "device", from->kind, to->kind, "id");

	if (differs(compat))
		put(compat, COMPAT_FAILS, "the guest would find another device");
	compat = add_numbers(list, "card", from->card, to->card, "id");
	if (differs(compat))
		put(compat, COMPAT_FAILS, "a state of one kind of card is none for another");
	compat = add_numbers(list, "BAR 0", from->bar_bytes, to->bar_bytes, NULL);
	if (differs(compat))
		put(compat, COMPAT_FAILS, "the guest has sized it once, and will not again");
	compat = add_numbers(list, "MSI-X", from->vectors, to->vectors, NULL);
	if (differs(compat))
		put(compat, COMPAT_FAILS, "QEMU wants as many: %s",
		    "echo COUNT > .../sriov_vf_msix_count, of the VF with no driver");
}

static void compare_cards(struct list *list)
{
	const struct profile *from = list->from, *to = list->to;
	struct compat *compat = add(list, "PSID", from->psid, to->psid);

	if (differs(compat))
		put(compat, COMPAT_RISK, "NVIDIA stands for cards of the same PSID alone");
	compat = add(list, "firmware", from->firmware, to->firmware);
	if (differs(compat))
		put(compat, COMPAT_RISK, "NVIDIA stands for equal ones alone%s",
		    compare_versions(to->firmware, from->firmware) < 0 ?
		    "; the destination's is older and may not know the state" :
		    "; whether it takes the state only the firmware tells");
}

static void compare_drivers(struct list *list)
{
	const struct profile *from = list->from, *to = list->to;
	struct compat *compat = add(list, "driver", from->driver, to->driver);

	if (differs(compat))
		put(compat, COMPAT_FAILS, "the one does not read what the other writes");
	compat = add(list, "module", from->module, to->module);
	if (compat->status == COMPAT_UNKNOWN)
		put(compat, COMPAT_SAME, "%s", "");
	else if (differs(compat))
		put(compat, COMPAT_NOTE, "what they write is the same, what they refuse may not");
	compat = add(list, "pre-copy", answer_text(from->precopy), answer_text(to->precopy));
	if (differs(compat) && from->precopy == PROFILE_YES)
		put(compat, COMPAT_RISK, "the destination's card may take only one image: refused");
	else if (compat->status == COMPAT_SAME && from->precopy == PROFILE_NO)
		put(compat, COMPAT_NOTE, "all of the state goes while the guest stands still");
	compat = add(list, "P2P", answer_text(from->p2p), answer_text(to->p2p));
	if (compat->status == COMPAT_SAME && (differs(compat) || from->p2p == PROFILE_NO))
		put(compat, COMPAT_NOTE, "a guest with more than one VF needs it on both sides");
}

static void compare_pages(struct list *list)
{
	const struct profile *from = list->from;
	struct compat *compat = add(list, "pages", from->pages, list->to->pages);

	if (!strncmp(from->pages, "not told", strlen("not told")))
		put(compat, COMPAT_NOTE, "all memory goes while the guest stands still");
	else if (from->pages[0])
		put(compat, COMPAT_SAME, "%s", "");
}

static void compare_programs(struct list *list)
{
	const struct profile *from = list->from, *to = list->to;
	struct compat *compat;

	/* Neither the stream nor QEMU depends on the kernel. */
	add(list, "kernel", from->kernel, to->kernel);
	compat = add(list, "QEMU", from->qemu, to->qemu);
	if (differs(compat) && (compare_versions(from->qemu, "8") < 0) !=
	    (compare_versions(to->qemu, "8") < 0))
		put(compat, COMPAT_RISK, "before 8 it has another protocol; nobody has tried it");
	else if (differs(compat) && compare_versions(to->qemu, from->qemu) < 0)
		put(compat, COMPAT_RISK, "to an older one QEMU's makers promise nothing");
	else if (differs(compat))
		put(compat, COMPAT_NOTE, "give both sides the machine type of the older one");
	compat = add(list, "libvirt", from->libvirt, to->libvirt);
	if (compat->status == COMPAT_UNKNOWN)
		put(compat, COMPAT_SAME, "%s", "");
	else if (differs(compat) && compare_versions(to->libvirt, from->libvirt) < 0)
		put(compat, COMPAT_NOTE, "an older one may not know all of the domain");
}

int compat_make(const struct profile *source, const struct profile *destination,
		struct compat compats[COMPAT_MAX])
{
	struct list list = { .from = source, .to = destination, .compats = compats };

	compare_sides(&list);
	compare_devices(&list);
	compare_cards(&list);
	compare_drivers(&list);
	compare_pages(&list);
	compare_programs(&list);
	return list.nr;
}

int compat_count(const struct compat *compats, int nr, enum compat_status status)
{
	int i, count = 0;

	for (i = 0; i < nr; i++)
		count += compats[i].status == status;
	return count;
}
