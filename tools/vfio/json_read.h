/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_JSON_READ_H
#define VFIOCTL_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_NAME_SIZE	64
#define JSON_TEXT_SIZE	512

/**
 * enum json_type - of a value
 * @JSON_NULL: null
 * @JSON_FALSE: false
 * @JSON_TRUE: true
 * @JSON_NUMBER: a number
 * @JSON_TEXT: a string
 * @JSON_OTHER: an object or a list, what is in it is not told
 */
enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_TEXT,
	JSON_OTHER,
};

/**
 * struct json_member - of an object
 * @name: its name; what is too long is cut
 * @type: of its value
 * @text: of a string, cut if too long, and of a number as it was written
 * @number: of a number, its whole part
 */
struct json_member {
	char name[JSON_NAME_SIZE];
	enum json_type type;
	char text[JSON_TEXT_SIZE];
	long long number;
};

/**
 * json_read() - go through the members of an object
 * @text: a JSON text that is an object
 * @member: called with each member, in order; those before a mistake come, too
 * @data: for @member
 *
 * Return: 0, or -EINVAL when @text is no such thing, or is nested deeper than is sensible.
 */
int json_read(const char *text, void (*member)(void *data, const struct json_member *member),
	      void *data);

#endif
