// SPDX-License-Identifier: GPL-2.0-only
/* What matters of a device and its host for a migration, as a file that goes to the other host. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "json_read.h"
#include "profile.h"

/* Members of another meaning make another version; a reader ignores those that it does not know. */
#define VERSION		1
#define VERSION_NAME	"vfioctl_report"
/* More than a file of ours has by far */
#define MAX_BYTES	65536

static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{ "device", offsetof(struct profile, device) },
	{ "driver", offsetof(struct profile, driver) },
	{ "kernel", offsetof(struct profile, kernel) },
	{ "module_version", offsetof(struct profile, module) },
	{ "qemu", offsetof(struct profile, qemu) },
	{ "libvirt", offsetof(struct profile, libvirt) },
	{ "firmware", offsetof(struct profile, firmware) },
	{ "psid", offsetof(struct profile, psid) },
	{ "capabilities", offsetof(struct profile, capabilities) },
	{ "dirty_pages", offsetof(struct profile, pages) },
	{ "first_against", offsetof(struct profile, against) },
}, numbers[] = {
	{ "kind", offsetof(struct profile, kind) },
	{ "card", offsetof(struct profile, card) },
	{ "bar_bytes", offsetof(struct profile, bar_bytes) },
	{ "vectors", offsetof(struct profile, vectors) },
	{ "state_bytes", offsetof(struct profile, state_bytes) },
	{ "stop_us", offsetof(struct profile, stop_us) },
	{ "start_us", offsetof(struct profile, start_us) },
}, answers[] = {
	{ "can_migrate", offsetof(struct profile, can_migrate) },
	{ "p2p", offsetof(struct profile, p2p) },
	{ "pre_copy", offsetof(struct profile, precopy) },
};

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

void profile_write(const struct profile *profile, FILE *out)
{
	struct json json = { .out = out };
	const char *base = (const char *)profile;
	enum profile_answer answer;
	long long number;
	size_t i;

	json_open(&json, NULL, '{');
	json_number(&json, VERSION_NAME, VERSION);
	for (i = 0; i < COUNT(texts); i++)
		json_text(&json, texts[i].name, base + texts[i].offset);
	for (i = 0; i < COUNT(numbers); i++) {
		memcpy(&number, base + numbers[i].offset, sizeof(number));
		if (number == PROFILE_UNKNOWN)
			json_text(&json, numbers[i].name, NULL);
		else
			json_number(&json, numbers[i].name, number);
	}
	for (i = 0; i < COUNT(answers); i++) {
		memcpy(&answer, base + answers[i].offset, sizeof(answer));
		if (answer == PROFILE_MAYBE)
			json_text(&json, answers[i].name, NULL);
		else
			json_bool(&json, answers[i].name, answer == PROFILE_YES);
	}
	json_close(&json, '}');
}

/* A file on its way in. */
struct input {
	struct profile *profile;
	long long version;
};

static void take_member(void *data, const struct json_member *member)
{
	struct input *input = data;
	char *base = (char *)input->profile;
	enum profile_answer answer = member->type == JSON_TRUE ? PROFILE_YES : PROFILE_NO;
	size_t i;

	if (!strcmp(member->name, VERSION_NAME) && member->type == JSON_NUMBER)
		input->version = member->number;
	for (i = 0; i < COUNT(texts); i++) {
		if (!strcmp(member->name, texts[i].name) && member->type == JSON_TEXT)
			snprintf(base + texts[i].offset, PROFILE_TEXT_SIZE, "%.*s",
				 PROFILE_TEXT_SIZE - 1, member->text);
	}
	for (i = 0; i < COUNT(numbers); i++) {
		if (!strcmp(member->name, numbers[i].name) && member->type == JSON_NUMBER)
			memcpy(base + numbers[i].offset, &member->number, sizeof(member->number));
	}
	for (i = 0; i < COUNT(answers); i++) {
		if (!strcmp(member->name, answers[i].name) &&
		    (member->type == JSON_TRUE || member->type == JSON_FALSE))
			memcpy(base + answers[i].offset, &answer, sizeof(answer));
	}
}

static int read_file(const char *path, char text[MAX_BYTES])
{
	FILE *file = fopen(path, "re");
	int ret = 0;
	size_t len;

	if (!file)
		return -errno;
	len = fread(text, 1, MAX_BYTES, file);
	if (ferror(file))
		ret = -EIO;
	else if (len == MAX_BYTES)
		ret = -EINVAL;
	else
		text[len] = '\0';
	fclose(file);
	return ret;
}

int profile_read(struct profile *profile, const char *path)
{
	struct input input = { .profile = profile };
	char *text = malloc(MAX_BYTES);
	int ret = text ? read_file(path, text) : -ENOMEM;

	*profile = (struct profile) {
		.kind = PROFILE_UNKNOWN, .card = PROFILE_UNKNOWN, .bar_bytes = PROFILE_UNKNOWN,
		.vectors = PROFILE_UNKNOWN, .state_bytes = PROFILE_UNKNOWN,
		.stop_us = PROFILE_UNKNOWN, .start_us = PROFILE_UNKNOWN,
		.can_migrate = PROFILE_MAYBE, .p2p = PROFILE_MAYBE, .precopy = PROFILE_MAYBE,
	};
	if (!ret)
		ret = json_read(text, take_member, &input);
	free(text);
	if (!ret && input.version != VERSION)
		ret = input.version > VERSION ? -EOPNOTSUPP : -EINVAL;
	return ret;
}
