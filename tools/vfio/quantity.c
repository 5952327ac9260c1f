// SPDX-License-Identifier: GPL-2.0-only
/* Bytes and rates as people write and read them. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "quantity.h"

/* A power of 2, so that it is exact as a double, too */
#define MAX_BYTES	0x4000000000000000LL

static const char units[] = "BKMGT";

void quantity_bytes(long long bytes, char text[QUANTITY_SIZE])
{
	double value = bytes;
	int unit = 0;

	/* What would be written as 1024.0 has the next unit. */
	while (value >= 1023.95 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (unit)
		snprintf(text, QUANTITY_SIZE, "%.1f %ciB", value, units[unit]);
	else
		snprintf(text, QUANTITY_SIZE, "%lld B", bytes);
}

/* A number without sign, and what follows it. */
static bool take_number(const char *text, double *value, const char **rest)
{
	char *end;

	if (text[0] < '0' || text[0] > '9' || strpbrk(text, "xX"))
		return false;
	errno = 0;
	*value = strtod(text, &end);
	*rest = end + strspn(end, " ");
	return !errno;
}

/* The power of @base that a letter stands for. Return: whether it is one, and then skips it. */
static bool take_unit(const char **rest, double base, double *value)
{
	const char *unit;
	char letter = **rest;

	if (letter >= 'a' && letter <= 'z')
		letter += 'A' - 'a';
	unit = letter && letter != units[0] ? strchr(units, letter) : NULL;
	if (!unit)
		return false;
	for (; unit > units; unit--)
		*value *= base;
	(*rest)++;
	return true;
}

static bool finish(double value, const char *rest, long long *bytes)
{
	if (*rest || value >= (double)MAX_BYTES)
		return false;
	*bytes = value;
	return true;
}

static bool parse(const char *text, bool rate, long long *bytes)
{
	const char *rest;
	double value;

	if (!take_number(text, &value, &rest))
		return false;
	if (take_unit(&rest, 1024, &value) && !strncasecmp(rest, "iB", 2))
		rest += 2;
	else if (!strncasecmp(rest, "B", 1))
		rest++;
	if (rate && !strcmp(rest, "/s"))
		rest += 2;
	return finish(value, rest, bytes);
}

bool quantity_parse(const char *text, long long *bytes)
{
	return parse(text, false, bytes);
}

bool quantity_parse_rate(const char *text, long long *bytes)
{
	const char *rest;
	double value;

	if (!take_number(text, &value, &rest))
		return false;
	take_unit(&rest, 1000, &value);
	if (strncasecmp(rest, "bit", 3))
		return parse(text, true, bytes);
	rest += 3;
	if (!strcmp(rest, "/s"))
		rest += 2;
	return finish(value / 8, rest, bytes);
}
