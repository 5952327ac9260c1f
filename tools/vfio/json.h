/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_JSON_H
#define VFIOCTL_JSON_H

#include <stdbool.h>
#include <stdio.h>

#define JSON_MAX_DEPTH	4

struct json_object;

/**
 * struct json - a JSON text on its way out
 * @out: where it goes, when it is whole
 * @end: what comes behind it, NULL for a line end
 * @one_line: no line ends inside, for who reads line by line
 * @depth: how many objects and lists are open
 * @open: these, the outermost first
 */
struct json {
	FILE *out;
	const char *end;
	bool one_line;
	int depth;
	struct json_object *open[JSON_MAX_DEPTH];
};

/**
 * json_open() - begin an object or a list
 * @json: the text
 * @name: of the member, NULL in a list and for the whole
 * @bracket: '{' or '['
 */
void json_open(struct json *json, const char *name, char bracket);

/**
 * json_close() - end what json_open() began last; the end of the whole writes it
 * @json: the text
 */
void json_close(struct json *json);

/**
 * json_text() - a member that is a string
 * @json: the text
 * @name: of the member, NULL in a list
 * @text: the string; NULL or an empty one becomes null
 */
void json_text(struct json *json, const char *name, const char *text);

/**
 * json_number() - a member that is a number
 * @json: the text
 * @name: of the member, NULL in a list
 * @value: the number
 */
void json_number(struct json *json, const char *name, long long value);

/**
 * json_truth() - a member that is true or false
 * @json: the text
 * @name: of the member, NULL in a list
 * @value: which
 */
void json_truth(struct json *json, const char *name, bool value);

#endif
