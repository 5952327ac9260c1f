// SPDX-License-Identifier: GPL-2.0-only
/* Writing JSON by json-c, a text at a time: what is open is a path through its tree. */

#include <json-c/json.h>

#include "json.h"

static void add(struct json *json, const char *name, struct json_object *value)
{
	struct json_object *parent = json->open[json->depth - 1];

	if (name)
		json_object_object_add(parent, name, value);
	else
		json_object_array_add(parent, value);
}

void json_open(struct json *json, const char *name, char bracket)
{
	struct json_object *value = bracket == '{' ? json_object_new_object() :
						     json_object_new_array();

	if (json->depth)
		add(json, name, value);
	json->open[json->depth++] = value;
}

static int print_empty_list(struct json_object *list, struct printbuf *text, int level, int flags)
{
	(void)list;
	(void)level;
	(void)flags;
	return printbuf_memappend(text, "[]", 2);
}

void json_close(struct json *json)
{
	int flags = JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *closed = json->open[--json->depth];

	/* Debian 12's json-c has a line end in it. */
	if (json_object_is_type(closed, json_type_array) && !json_object_array_length(closed))
		json_object_set_serializer(closed, print_empty_list, NULL, NULL);
	if (json->depth)
		return;
	if (!json->one_line)
		flags |= JSON_C_TO_STRING_PRETTY;
	fprintf(json->out, "%s%s", json_object_to_json_string_ext(json->open[0], flags),
		json->end ? json->end : "\n");
	json_object_put(json->open[0]);
}

void json_text(struct json *json, const char *name, const char *text)
{
	add(json, name, text && text[0] ? json_object_new_string(text) : NULL);
}

void json_number(struct json *json, const char *name, long long value)
{
	add(json, name, json_object_new_int64(value));
}

void json_truth(struct json *json, const char *name, bool value)
{
	add(json, name, json_object_new_boolean(value));
}
