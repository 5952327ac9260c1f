// SPDX-License-Identifier: GPL-2.0-only
/* What matters of a device and its host for a migration, as a file that goes to the other host. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "json.h"
#include "profile.h"

/* Members of another meaning make another version; a reader ignores those that it does not know. */
#define VERSION		1
#define VERSION_NAME	"vfioctl_report"
/* More than a file of ours has by far */
#define MAX_BYTES	65536
#define MAX_DEPTH	16

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
			json_truth(&json, answers[i].name, answer == PROFILE_YES);
	}
	json_close(&json);
}

static void take_members(struct json_object *file, struct profile *profile)
{
	char *base = (char *)profile;
	enum profile_answer answer;
	struct json_object *value;
	long long number;
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		value = json_object_object_get(file, texts[i].name);
		if (json_object_is_type(value, json_type_string))
			snprintf(base + texts[i].offset, PROFILE_TEXT_SIZE, "%s",
				 json_object_get_string(value));
	}
	for (i = 0; i < COUNT(numbers); i++) {
		value = json_object_object_get(file, numbers[i].name);
		number = json_object_get_int64(value);
		if (json_object_is_type(value, json_type_int))
			memcpy(base + numbers[i].offset, &number, sizeof(number));
	}
	for (i = 0; i < COUNT(answers); i++) {
		value = json_object_object_get(file, answers[i].name);
		answer = json_object_get_boolean(value) ? PROFILE_YES : PROFILE_NO;
		if (json_object_is_type(value, json_type_boolean))
			memcpy(base + answers[i].offset, &answer, sizeof(answer));
	}
}

/* Return: the object that a text is, all of it, or NULL. The text may be anybody's. */
static struct json_object *parse(const char *text)
{
	struct json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
	struct json_object *file;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* With the end of the text, so that none that is cut off is taken */
	file = json_tokener_parse_ex(tokener, text, strlen(text) + 1);
	json_tokener_free(tokener);
	if (json_object_is_type(file, json_type_object))
		return file;
	json_object_put(file);
	return NULL;
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
	char *text = malloc(MAX_BYTES);
	int ret = text ? read_file(path, text) : -ENOMEM;
	struct json_object *file = NULL, *value;
	int version = 0;

	*profile = (struct profile) {
		.kind = PROFILE_UNKNOWN, .card = PROFILE_UNKNOWN, .bar_bytes = PROFILE_UNKNOWN,
		.vectors = PROFILE_UNKNOWN, .state_bytes = PROFILE_UNKNOWN,
		.stop_us = PROFILE_UNKNOWN, .start_us = PROFILE_UNKNOWN,
		.can_migrate = PROFILE_MAYBE, .p2p = PROFILE_MAYBE, .precopy = PROFILE_MAYBE,
	};
	if (!ret)
		file = parse(text);
	free(text);
	if (ret)
		return ret;
	value = json_object_object_get(file, VERSION_NAME);
	if (json_object_is_type(value, json_type_int))
		version = json_object_get_int(value);
	if (version == VERSION)
		take_members(file, profile);
	json_object_put(file);
	if (version == VERSION)
		return 0;
	return version > VERSION ? -EOPNOTSUPP : -EINVAL;
}
