// SPDX-License-Identifier: GPL-2.0-only
/* Writing JSON, two blanks per level. */

#include "json.h"

static void quote(FILE *out, const char *text)
{
	unsigned char c;

	fputc('"', out);
	for (; *text; text++) {
		c = *text;
		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void begin_line(const struct json *json)
{
	if (!json->one_line)
		fprintf(json->out, "\n%*s", 2 * json->depth, "");
	else if (json->more)
		fputc(' ', json->out);
}

static void begin_member(struct json *json, const char *name)
{
	if (json->more)
		fputc(',', json->out);
	if (json->depth)
		begin_line(json);
	if (name) {
		quote(json->out, name);
		fputs(": ", json->out);
	}
	json->more = true;
}

void json_open(struct json *json, const char *name, char bracket)
{
	begin_member(json, name);
	fputc(bracket, json->out);
	json->depth++;
	json->more = false;
}

void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->more && !json->one_line)
		begin_line(json);
	fputc(bracket, json->out);
	json->more = true;
	if (!json->depth)
		fputc('\n', json->out);
}

void json_text(struct json *json, const char *name, const char *text)
{
	begin_member(json, name);
	if (text && text[0])
		quote(json->out, text);
	else
		fputs("null", json->out);
}

void json_number(struct json *json, const char *name, long long value)
{
	begin_member(json, name);
	fprintf(json->out, "%lld", value);
}

void json_bool(struct json *json, const char *name, bool value)
{
	begin_member(json, name);
	fputs(value ? "true" : "false", json->out);
}
