/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_JSON_H
#define VFIOCTL_JSON_H

#include <stdbool.h>
#include <stdio.h>

/**
 * struct json - a JSON text on its way out
 * @out: where it goes
 * @depth: how many objects and lists are open
 * @more: the open one has a member already
 * @one_line: no line ends but the last, for who reads line by line
 */
struct json {
	FILE *out;
	int depth;
	bool more;
	bool one_line;
};

/**
 * json_open() - begin an object or a list
 * @json: the text
 * @name: of the member, NULL in a list and for the whole
 * @bracket: '{' or '['
 */
void json_open(struct json *json, const char *name, char bracket);

/**
 * json_close() - end what json_open() began last
 * @json: the text
 * @bracket: '}' or ']'; after the whole comes a line end
 */
void json_close(struct json *json, char bracket);

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
 * json_bool() - a member that is true or false
 * @json: the text
 * @name: of the member, NULL in a list
 * @value: which
 */
void json_bool(struct json *json, const char *name, bool value);

#endif
