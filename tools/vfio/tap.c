// SPDX-License-Identifier: GPL-2.0-only
/* The Test Anything Protocol, as the kernel's selftests speak it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define SKIP	"# SKIP"

void tap_begin(struct tap *tap)
{
	*tap = (struct tap) { .planned = -1 };
}

/* What follows a word, and the blanks after that; NULL when the line does not begin with it. */
static const char *after(const char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len))
		return NULL;
	return line + len + strspn(line + len, " ");
}

static void take_plan(struct tap *tap, const char *text)
{
	const char *skip = strstr(text, SKIP);

	tap->planned = atoi(text);
	if (!tap->planned && skip)
		snprintf(tap->why_skipped, sizeof(tap->why_skipped), "%s", after(skip, SKIP));
}

void tap_line(struct tap *tap, const char *line)
{
	const char *text = after(line, "1..");
	bool failed = false;

	if (text) {
		take_plan(tap, text);
		return;
	}
	text = after(line, "not ok ");
	if (text)
		failed = true;
	else
		text = after(line, "ok ");
	if (!text || !strspn(text, "0123456789"))
		return;
	text += strspn(text, "0123456789 -");
	if (failed) {
		if (!tap->failed++)
			snprintf(tap->first_failed, sizeof(tap->first_failed), "%s", text);
	} else if (strstr(text, SKIP)) {
		tap->skipped++;
	} else {
		tap->passed++;
	}
}

bool tap_good(const struct tap *tap)
{
	if (!tap->planned)
		return tap->why_skipped[0];
	return !tap->failed && tap->passed + tap->skipped == tap->planned;
}
