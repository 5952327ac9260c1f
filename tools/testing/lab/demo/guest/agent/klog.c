// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches the kernel's log for lines that no healthy guest prints.
 *
 * They are looked for at level "error" and above, whatever they say, and by their text
 * at any level.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "klog.h"

#define RECORD_BYTES	8192
#define KEPT_BYTES	16384
#define LEVEL_MASK	7
#define LEVEL_ERROR	3

static const char * const bad_texts[] = {
	"WARNING:", "BUG:", "Oops", "Call Trace", "soft lockup", "rcu_preempt detected stalls",
	"blocked for more than", "health", "timeout", "fatal",
};

static int kmsg = -1;
static int nr_bad;
static char kept[KEPT_BYTES];

/* Start to watch; what was logged before is not counted. */
int klog_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		return -errno;
	return 0;
}

static bool is_bad(const char *record, const char *text)
{
	if ((strtol(record, NULL, 10) & LEVEL_MASK) <= LEVEL_ERROR)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(bad_texts); i++) {
		if (strstr(text, bad_texts[i]))
			return true;
	}
	return false;
}

static void keep(const char *text)
{
	size_t used = strlen(kept);

	snprintf(kept + used, sizeof(kept) - used, "%s\n", text);
}

/* Bad lines since klog_open() or klog_forget(). */
int klog_count(void)
{
	char record[RECORD_BYTES];
	ssize_t len;
	char *text;

	for (;;) {
		len = read(kmsg, record, sizeof(record) - 1);
		/* EPIPE: the log's ring was faster than us, go on with what it still has */
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return nr_bad;
		record[len] = 0;
		text = strchr(record, ';');
		if (!text)
			continue;
		/* a record's first line is its text, the others describe it */
		text[strcspn(text, "\n")] = 0;
		if (is_bad(record, text)) {
			nr_bad++;
			keep(text + 1);
		}
	}
}

/* The bad lines themselves, as far as there was room for them. */
const char *klog_lines(void)
{
	klog_count();
	return kept;
}

/* After a failure that was meant to happen. */
void klog_forget(void)
{
	klog_count();
	nr_bad = 0;
	kept[0] = 0;
}
