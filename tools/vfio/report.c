// SPDX-License-Identifier: GPL-2.0-only
/* What a run of vfio-flavour says, and to whom. */

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "json.h"
#include "report.h"

/* The kernel cuts a record of /dev/kmsg at about 1000 bytes. */
#define KMSG_SIZE	900
#define KMSG_ERROR	"<3>"
#define KMSG_INFO	"<6>"

static void add_note(struct report *report, bool odd, const char *format, va_list ap)
{
	if (report->nr_notes == REPORT_MAX_NOTES)
		return;
	vsnprintf(report->notes[report->nr_notes], REPORT_TEXT_SIZE, format, ap);
	report->odd[report->nr_notes++] = odd;
}

void report_note(struct report *report, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add_note(report, false, format, ap);
	va_end(ap);
}

void report_odd(struct report *report, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add_note(report, true, format, ap);
	va_end(ap);
}

int report_error(struct report *report, int err, const char *format, ...)
{
	va_list ap;

	if (!report->error[0]) {
		va_start(ap, format);
		vsnprintf(report->error, sizeof(report->error), format, ap);
		va_end(ap);
	}
	return err;
}

void report_fix(struct report *report, const char *format, ...)
{
	va_list ap;

	if (report->fix[0])
		return;
	va_start(ap, format);
	vsnprintf(report->fix, sizeof(report->fix), format, ap);
	va_end(ap);
}

void report_json_notes(const struct report *report, struct json *json)
{
	int i;

	json_open(json, "notes", '[');
	for (i = 0; i < report->nr_notes; i++)
		json_text(json, NULL, report->notes[i]);
	json_close(json);
}

static void print_json(const struct report *report, const char *end)
{
	struct json json = { .out = stdout, .end = end };

	json_open(&json, NULL, '{');
	json_text(&json, "device", report->device);
	json_text(&json, "flavour", report->flavour);
	json_text(&json, "driver", report->driver);
	json_text(&json, "module", report->module);
	json_text(&json, "alias", report->alias);
	json_truth(&json, "changed", report->changed);
	json_truth(&json, "dry_run", report->dry_run);
	json_text(&json, "waits_for", report->waits_for);
	json_text(&json, "error", report->error);
	json_text(&json, "fix", report->fix);
	report_json_notes(report, &json);
	json_close(&json);
}

static void print_text(const struct report *report, bool verbose)
{
	int i;

	for (i = 0; i < report->nr_notes; i++) {
		if (verbose || report->odd[i])
			fprintf(report->error[0] || report->odd[i] ? stderr : stdout,
				"%s: %s\n", report->device, report->notes[i]);
	}
	if (report->error[0])
		fprintf(stderr, "%s: %s\n", report->device, report->error);
	if (report->error[0] && report->fix[0])
		fprintf(stderr, "%s: to mend it: %s\n", report->device, report->fix);
	if (report->error[0])
		return;
	if (report->waits_for[0]) {
		printf("%s: %s, its driver is being taken away, which waits for %s\n",
		       report->device, report->flavour, report->waits_for);
		return;
	}
	printf("%s: %s, %s %s%s\n", report->device, report->flavour,
	       report->dry_run && report->changed ? "would be driven by" : "driven by",
	       report->driver[0] ? report->driver : "nothing",
	       report->asked && !report->changed ? " (as before)" : "");
}

void report_print(const struct report *reports, int nr, bool json, bool list, bool verbose)
{
	int i;

	for (i = 0; i < nr && !json; i++)
		print_text(&reports[i], verbose);
	if (!json)
		return;
	if (list)
		printf("[\n");
	for (i = 0; i < nr; i++)
		print_json(&reports[i], i + 1 < nr ? ",\n" : "\n");
	if (list)
		printf("]\n");
}

static void kmsg(int fd, const char *level, const char *bdf, const char *text)
{
	char line[KMSG_SIZE];
	int len;

	len = snprintf(line, sizeof(line), "%svfio-flavour: %s: %s\n", level, bdf, text);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	/* There is nobody left to tell when this fails. */
	if (write(fd, line, len) < 0)
		return;
}

void report_log(const struct report *report)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	int i;

	if (fd < 0)
		return;
	for (i = 0; i < report->nr_notes; i++)
		kmsg(fd, KMSG_INFO, report->device, report->notes[i]);
	if (report->error[0])
		kmsg(fd, KMSG_ERROR, report->device, report->error);
	if (report->fix[0])
		kmsg(fd, KMSG_ERROR, report->device, report->fix);
	close(fd);
}
