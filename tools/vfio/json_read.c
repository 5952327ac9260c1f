// SPDX-License-Identifier: GPL-2.0-only
/* Reading JSON (RFC 8259): the members of one object. The text may be anybody's. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json_read.h"

#define MAX_DEPTH	16

static const char blanks[] = " \t\r\n";

/* What is left of the text; NULL after a mistake, which every function passes on. */
struct reader {
	const char *at;
	int depth;
};

static void skip_blanks(struct reader *reader)
{
	if (reader->at)
		reader->at += strspn(reader->at, blanks);
}

static bool take(struct reader *reader, char c)
{
	skip_blanks(reader);
	if (!reader->at || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

static void demand(struct reader *reader, char c)
{
	if (!take(reader, c))
		reader->at = NULL;
}

static void add(char *text, size_t size, size_t *len, char c)
{
	if (*len + 1 < size)
		text[(*len)++] = c;
}

static void add_utf8(char *text, size_t size, size_t *len, unsigned int code)
{
	if (code < 0x80) {
		add(text, size, len, code);
	} else if (code < 0x800) {
		add(text, size, len, 0xc0 | code >> 6);
		add(text, size, len, 0x80 | (code & 0x3f));
	} else {
		add(text, size, len, 0xe0 | code >> 12);
		add(text, size, len, 0x80 | (code >> 6 & 0x3f));
		add(text, size, len, 0x80 | (code & 0x3f));
	}
}

/* What follows a backslash. */
static void take_escape(struct reader *reader, char *text, size_t size, size_t *len)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char digits[5] = "", *end;
	const char *letter = *reader->at ? strchr(letters, *reader->at) : NULL;

	if (letter) {
		add(text, size, len, meant[letter - letters]);
		reader->at++;
		return;
	}
	if (*reader->at == 'u' && strspn(reader->at + 1, "0123456789abcdefABCDEF") >= 4) {
		memcpy(digits, reader->at + 1, 4);
		add_utf8(text, size, len, strtoul(digits, &end, 16));
		reader->at += 5;
		return;
	}
	reader->at = NULL;
}

static void take_string(struct reader *reader, char *text, size_t size)
{
	size_t len = 0;

	demand(reader, '"');
	while (reader->at && *reader->at != '"') {
		if ((unsigned char)*reader->at < 0x20) {
			reader->at = NULL;
		} else if (*reader->at == '\\') {
			reader->at++;
			take_escape(reader, text, size, &len);
		} else {
			add(text, size, &len, *reader->at++);
		}
	}
	text[len] = '\0';
	demand(reader, '"');
}

static bool take_word(struct reader *reader, const char *word)
{
	size_t len = strlen(word);

	if (!reader->at || strncmp(reader->at, word, len))
		return false;
	reader->at += len;
	return true;
}

static void take_number(struct reader *reader, struct json_member *member)
{
	size_t len = strspn(reader->at, "-+.0123456789eE");

	if (!len || len >= sizeof(member->text) || !strpbrk(reader->at, "0123456789")) {
		reader->at = NULL;
		return;
	}
	memcpy(member->text, reader->at, len);
	member->text[len] = '\0';
	member->number = strtoll(member->text, NULL, 10);
	reader->at += len;
}

static void take_value(struct reader *reader, struct json_member *member);

/* An object or a list that nobody asks for. */
static void skip_nested(struct reader *reader, char closing)
{
	struct json_member unused;
	bool more = !take(reader, closing);

	if (++reader->depth > MAX_DEPTH)
		reader->at = NULL;
	while (more && reader->at) {
		if (closing == '}') {
			take_string(reader, unused.name, sizeof(unused.name));
			demand(reader, ':');
		}
		take_value(reader, &unused);
		more = take(reader, ',');
		if (!more)
			demand(reader, closing);
	}
	reader->depth--;
}

static void take_value(struct reader *reader, struct json_member *member)
{
	skip_blanks(reader);
	member->text[0] = '\0';
	member->number = 0;
	member->type = JSON_OTHER;
	if (!reader->at)
		return;
	if (*reader->at == '"') {
		member->type = JSON_TEXT;
		take_string(reader, member->text, sizeof(member->text));
	} else if (take(reader, '{')) {
		skip_nested(reader, '}');
	} else if (take(reader, '[')) {
		skip_nested(reader, ']');
	} else if (take_word(reader, "true")) {
		member->type = JSON_TRUE;
	} else if (take_word(reader, "false")) {
		member->type = JSON_FALSE;
	} else if (take_word(reader, "null")) {
		member->type = JSON_NULL;
	} else {
		member->type = JSON_NUMBER;
		take_number(reader, member);
	}
}

int json_read(const char *text, void (*take_member)(void *data, const struct json_member *member),
	      void *data)
{
	struct reader reader = { .at = text };
	struct json_member member;
	bool more;

	demand(&reader, '{');
	more = !take(&reader, '}');
	while (more && reader.at) {
		take_string(&reader, member.name, sizeof(member.name));
		demand(&reader, ':');
		take_value(&reader, &member);
		if (reader.at)
			take_member(data, &member);
		more = take(&reader, ',');
		if (!more)
			demand(&reader, '}');
	}
	skip_blanks(&reader);
	return reader.at && !*reader.at ? 0 : -EINVAL;
}
