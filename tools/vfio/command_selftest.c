// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl selftest */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "gather.h"
#include "json.h"
#include "klog.h"
#include "profile.h"
#include "report.h"
#include "session.h"
#include "target.h"
#include "testrun.h"

#define DEFAULT_PROGRAMS	"/usr/libexec/vfio-mlx5/selftests"
#define PACKAGE			"vfio-mlx5-selftests"
#define DEFAULT_OUTPUT		"vfio-selftest.txt"
#define DEFAULT_SECONDS		900
#define MAX_SECONDS		86400
#define MAX_DEVICES		8
#define DEVICES_SIZE		(MAX_DEVICES * DEVICE_NAME_SIZE)

/*
 * Those that ask nothing of a card but what every user may: no faults of an emulated one, no images
 * that are damaged, and nothing that other VFs of the PF would notice.
 */
static const char *const programs[] = {
	"feature_test", "region_info_test", "arc_test", "data_fd_test", "image_test",
	"precopy_test", "stats_test", "v1_test", "lifetime_test", "memory_test",
	"passed_files_test", "growth_test", "concurrent_test", "parallel_test",
	"mlx5_objects_test", "mlx5_rdma_test",
};

#define NR_PROGRAMS	((int)(sizeof(programs) / sizeof(*programs)))

/**
 * struct selftest - what is asked for, and what came out
 * @folder: of the programs
 * @only: the one that is to be run, NULL for all
 * @output: file that gets all of it
 * @seconds: that one program has
 * @as_json: tell it as JSON
 * @bdfs: the devices
 * @nr: how many
 * @devices: their addresses, with blanks between
 * @log: the file
 * @run: programs that were to be run
 * @failed: those of them that failed
 */
struct selftest {
	const char *folder;
	const char *only;
	const char *output;
	long seconds;
	bool as_json;
	char bdfs[MAX_DEVICES][DEVICE_NAME_SIZE];
	int nr;
	char devices[DEVICES_SIZE];
	FILE *log;
	int run;
	int failed;
};

/* They have to be free, and to migrate: otherwise each program would say so. */
static int look_at(const char *name, struct selftest *test)
{
	struct report report = { };
	struct profile profile;
	struct session session;
	struct device dev;
	int ret = target_open(name, &dev, &report);

	if (!ret) {
		ret = session_open(&session, &dev, &report);
		if (!ret)
			session_close(&session);
		if (!ret)
			ret = gather(&dev, &profile, &report);
		device_close(&dev);
	}
	if (ret) {
		report_print(&report, 1, false, false, false);
		return ret;
	}
	snprintf(test->bdfs[test->nr++], DEVICE_NAME_SIZE, "%s", dev.bdf);
	snprintf(test->devices + strlen(test->devices), DEVICES_SIZE - strlen(test->devices),
		 "%s%s", test->devices[0] ? " " : "", dev.bdf);
	profile_write(&profile, test->log);
	return 0;
}

static const char *verdict(const struct testrun *run, int ret)
{
	if (ret)
		return "not run";
	if (run->too_long)
		return "killed";
	if (!run->tap.planned)
		return "skipped";
	return tap_good(&run->tap) ? "passed" : "FAILED";
}

static void tell(const char *name, const struct testrun *run, int ret, FILE *out)
{
	const struct tap *tap = &run->tap;

	fprintf(out, "%-18s %-8s %3d passed, %d failed, %d skipped, %d s", name,
		verdict(run, ret), tap->passed, tap->failed, tap->skipped, run->seconds);
	if (ret)
		fprintf(out, ": %s", strerror(-ret));
	else if (tap->first_failed[0] || tap->why_skipped[0])
		fprintf(out, ": %s", tap->first_failed[0] ? tap->first_failed : tap->why_skipped);
	fputc('\n', out);
	fflush(out);
}

static void tell_json(struct json *json, const char *name, const struct testrun *run, int ret)
{
	json_open(json, NULL, '{');
	json_text(json, "name", name);
	json_text(json, "result", verdict(run, ret));
	json_number(json, "passed", run->tap.passed);
	json_number(json, "failed", run->tap.failed);
	json_number(json, "skipped", run->tap.skipped);
	json_number(json, "seconds", run->seconds);
	json_text(json, "first_failed", run->tap.first_failed);
	json_close(json);
}

static void log_line(void *data, const char *line)
{
	struct selftest *test = data;
	int i;

	for (i = 0; i < test->nr; i++) {
		if (strstr(line, test->bdfs[i])) {
			fprintf(test->log, "%s\n", line);
			return;
		}
	}
}

static void run_all(struct selftest *test)
{
	struct json json = { .out = stdout };
	struct testrun run;
	char path[PATH_MAX];
	int i, ret;

	if (test->as_json)
		json_open(&json, NULL, '[');
	for (i = 0; i < NR_PROGRAMS; i++) {
		if (test->only && strcmp(test->only, programs[i]))
			continue;
		test->run++;
		fprintf(test->log, "== %s\n", programs[i]);
		snprintf(path, sizeof(path), "%s/%s", test->folder, programs[i]);
		ret = testrun(path, test->devices, test->seconds, test->log, &run);
		tell(programs[i], &run, ret, test->log);
		if (test->as_json)
			tell_json(&json, programs[i], &run, ret);
		else
			tell(programs[i], &run, ret, stdout);
		if (ret || run.too_long || !tap_good(&run.tap))
			test->failed++;
	}
	if (test->as_json)
		json_close(&json);
}

static int run_selftest(struct selftest *test, char **names, int nr)
{
	struct utsname uts;
	int i, ret = 0;

	test->log = fopen(test->output, "we");
	if (!test->log) {
		fprintf(stderr, "vfioctl: %s: %s\n", test->output, strerror(errno));
		return STATUS_FAILED;
	}
	uname(&uts);
	fprintf(test->log, "== vfioctl selftest, %s %s\n", uts.release, uts.version);
	for (i = 0; i < nr && !ret; i++)
		ret = look_at(names[i], test);
	if (!ret)
		run_all(test);
	fprintf(test->log, "== kernel log\n");
	if (klog_read(log_line, test))
		fprintf(test->log, "it cannot be read\n");
	if (fclose(test->log)) {
		fprintf(stderr, "vfioctl: %s: %s\n", test->output, strerror(errno));
		ret = -EIO;
	}
	if (!ret && !test->as_json)
		printf("%d of %d programs failed; all that they said is in %s\n", test->failed,
		       test->run, test->output);
	return ret || test->failed ? STATUS_FAILED : STATUS_DONE;
}

static int list_programs(void)
{
	int i;

	for (i = 0; i < NR_PROGRAMS; i++)
		puts(programs[i]);
	return STATUS_DONE;
}

/* What no device has to be touched for */
static int check(const struct selftest *test)
{
	int i;

	for (i = 0; test->only && i < NR_PROGRAMS && strcmp(test->only, programs[i]); i++)
		;
	if (i == NR_PROGRAMS) {
		fprintf(stderr, "vfioctl: %s is none of the programs, see --list\n", test->only);
		return STATUS_USAGE;
	}
	if (!access(test->folder, X_OK))
		return STATUS_DONE;
	fprintf(stderr, "vfioctl: the programs in %s: %s\n", test->folder, strerror(errno));
	if (!strcmp(test->folder, DEFAULT_PROGRAMS))
		fputs("vfioctl: to mend it: install " PACKAGE "\n", stderr);
	return STATUS_FAILED;
}

int command_selftest(int argc, char **argv)
{
	static const struct option options[] = {
		{ "programs", required_argument, NULL, 'p' },
		{ "output", required_argument, NULL, 'o' },
		{ "seconds", required_argument, NULL, 's' },
		{ "test", required_argument, NULL, 't' }, { "json", no_argument, NULL, 'j' },
		{ "list", no_argument, NULL, 'l' }, { "help", no_argument, NULL, 'h' }, { },
	};
	static const char usage[] =
		"usage: vfioctl selftest [OPTION...] DEVICE...\n"
		"  -p, --programs  their folder, " DEFAULT_PROGRAMS " if not given\n"
		"  -o, --output    file that gets all of it, " DEFAULT_OUTPUT " if not given\n"
		"  -s, --seconds   that one program has, 900 if not given\n"
		"  -t, --test      this program alone\n"
		"  -j, --json      the results as JSON\n"
		"  -l, --list      only say which programs there are\n"
		"The devices are VFs that no guest has; two of them show more than one.\n";
	static struct selftest test = {
		.folder = DEFAULT_PROGRAMS, .output = DEFAULT_OUTPUT, .seconds = DEFAULT_SECONDS,
	};
	int c, status;

	while ((c = getopt_long(argc, argv, "p:o:s:t:jlh", options, NULL)) != -1) {
		if (c == 'p')
			test.folder = optarg;
		else if (c == 'o')
			test.output = optarg;
		else if (c == 's')
			test.seconds = atol(optarg);
		else if (c == 't')
			test.only = optarg;
		else if (c == 'j')
			test.as_json = true;
		else
			break;
	}
	if (c == 'h') {
		fputs(usage, stdout);
		return STATUS_DONE;
	}
	if (c == 'l')
		return list_programs();
	if (c != -1 || optind == argc || argc - optind > MAX_DEVICES || test.seconds < 1 ||
	    test.seconds > MAX_SECONDS) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	status = check(&test);
	return status == STATUS_DONE ? run_selftest(&test, argv + optind, argc - optind) : status;
}
