// SPDX-License-Identifier: GPL-2.0-only
/*
 * First and only process of the demo's guest.
 *
 * It loads mlx5_core, keeps memory in motion, and answers requests that come as lines
 * on a second serial port, "ID VERB [ARGUMENT]". Each line of an answer starts with
 * the ID; the last one is "ID done STATUS", where STATUS is 0 or an errno.
 *
 * One static program rather than a shell and its tools: in an emulated guest of an
 * emulated host each exec() costs a second.
 *
 * Kernel command line: demo.memcheck=MEBIBYTES, demo.address=IPV4.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "klog.h"
#include "memory.h"
#include "traffic.h"
#include "vf.h"

#define LINK		"/dev/ttyS1"
#define MODULES		"/modules"
#define IDLE_MS		100
#define LINE_BYTES	1024
#define DEFAULT_MIB	"16"
#define DEFAULT_ADDRESS	"192.168.77.2"

static FILE *link_out;
static char request_id[32];
static char address[64];

/* One line of the answer to the request at hand. */
static void answer(const char *format, ...)
{
	va_list args;

	fprintf(link_out, "%s ", request_id);
	va_start(args, format);
	vfprintf(link_out, format, args);
	va_end(args);
	fputc('\n', link_out);
}

static int verb_attach(const char *argument)
{
	(void)argument;
	return vf_attach(address);
}

static int verb_hold(const char *argument)
{
	return vf_objects_write("hold", argument);
}

static int verb_release(const char *argument)
{
	(void)argument;
	return vf_objects_write("release", "1");
}

static int verb_churn(const char *argument)
{
	return vf_objects_write("churn", argument);
}

/* Everything that must not differ from what it was, in one line. */
static int verb_check(const char *argument)
{
	char objects[256] = "", memory[128], netdev[128];
	int ret, err;

	(void)argument;
	ret = vf_objects_check(objects, sizeof(objects));
	err = memory_check(memory, sizeof(memory));
	if (!ret)
		ret = err;
	err = vf_netdev_check(netdev, sizeof(netdev));
	if (!ret)
		ret = err;
	answer("%s %s %s log=%d", objects, memory, netdev, klog_count());
	return ret;
}

/* The guest without its VF: what must be well even when the VF was reset. */
static int verb_memory(const char *argument)
{
	char memory[128];
	int ret;

	(void)argument;
	ret = memory_check(memory, sizeof(memory));
	answer("%s", memory);
	return ret;
}

/* Pages to rewrite each IDLE_MS. */
static int verb_pace(const char *argument)
{
	memory_set_pace(strtoul(argument, NULL, 10));
	return 0;
}

/* Traffic with a peer at that address runs both ways from here on. */
static int verb_traffic(const char *argument)
{
	return traffic_connect(argument);
}

static int verb_stream(const char *argument)
{
	char stream[128];
	int ret;

	(void)argument;
	ret = traffic_check(stream, sizeof(stream));
	answer("%s", stream);
	return ret;
}

static int verb_bounce(const char *argument)
{
	int ret;

	(void)argument;
	ret = vf_set_link(0);
	return ret ? ret : vf_set_link(1);
}

static int verb_rebind(const char *argument)
{
	int ret;

	(void)argument;
	ret = vf_rebind();
	return ret ? ret : vf_attach(address);
}

static int verb_log(const char *argument)
{
	char lines[LINE_BYTES * 16], *rest = lines, *line;

	(void)argument;
	snprintf(lines, sizeof(lines), "%s", klog_lines());
	while ((line = strsep(&rest, "\n"))) {
		if (*line)
			answer("%s", line);
	}
	return 0;
}

static int verb_forget(const char *argument)
{
	(void)argument;
	klog_forget();
	return 0;
}

/* As a user's "reboot": the drivers shut their devices down. It does not return. */
static int verb_reboot(const char *argument)
{
	(void)argument;
	answer("done 0");
	fflush(link_out);
	tcdrain(fileno(link_out));
	reboot(RB_AUTOBOOT);
	return -errno;
}

/* The shell's own words alone: there are no programs. */
static int verb_sh(const char *argument)
{
	char line[LINE_BYTES];
	FILE *output;

	output = popen(argument, "r");
	if (!output)
		return -errno;
	while (fgets(line, sizeof(line), output)) {
		line[strcspn(line, "\n")] = 0;
		answer("%s", line);
	}
	return WEXITSTATUS(pclose(output));
}

static const struct verb {
	const char *name;
	int (*run)(const char *argument);
} verbs[] = {
	{ "attach", verb_attach },
	{ "hold", verb_hold },
	{ "release", verb_release },
	{ "churn", verb_churn },
	{ "check", verb_check },
	{ "memory", verb_memory },
	{ "pace", verb_pace },
	{ "traffic", verb_traffic },
	{ "stream", verb_stream },
	{ "bounce", verb_bounce },
	{ "rebind", verb_rebind },
	{ "log", verb_log },
	{ "forget", verb_forget },
	{ "reboot", verb_reboot },
	{ "sh", verb_sh },
};

/* The line belongs to the caller and is cut up here. */
static void serve_line(char *line)
{
	char *id = strsep(&line, " "), *name = strsep(&line, " ");
	int ret = -EOPNOTSUPP;

	if (!name || !*id)
		return;
	snprintf(request_id, sizeof(request_id), "%s", id);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!strcmp(name, verbs[i].name))
			ret = verbs[i].run(line ? line : "");
	}
	answer("done %d", abs(ret));
	fflush(link_out);
}

/* Takes what has arrived; a line may come in pieces. */
static void serve_input(int fd)
{
	static char pending[LINE_BYTES];
	static size_t used;
	char *end;
	ssize_t len;

	len = read(fd, pending + used, sizeof(pending) - 1 - used);
	if (len <= 0)
		return;
	used += len;
	pending[used] = 0;
	while ((end = strchr(pending, '\n'))) {
		*end = 0;
		serve_line(pending);
		used -= end + 1 - pending;
		memmove(pending, end + 1, used + 1);
	}
	/* a line longer than any request is noise */
	if (used == sizeof(pending) - 1)
		used = 0;
}

/* Keeps memory in motion now and then, however often something else happens. */
static void idle(void)
{
	static time_t last_ms;
	struct timespec now;
	time_t now_ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (now_ms - last_ms < IDLE_MS)
		return;
	last_ms = now_ms;
	memory_step();
}

static void serve(int fd)
{
	struct pollfd inputs[] = { { .fd = fd, .events = POLLIN }, { .events = POLLIN } };

	snprintf(request_id, sizeof(request_id), "0");
	answer("ready");
	fflush(link_out);
	for (;;) {
		inputs[1].fd = traffic_fd();
		if (poll(inputs, ARRAY_SIZE(inputs), traffic_wait_ms(IDLE_MS)) > 0) {
			if (inputs[1].revents)
				traffic_receive();
			if (inputs[0].revents)
				serve_input(fd);
		}
		traffic_step();
		idle();
	}
}

static int open_link(void)
{
	struct termios settings;
	int fd;

	fd = open(LINK, O_RDWR | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (tcgetattr(fd, &settings))
		return -errno;
	cfmakeraw(&settings);
	if (tcsetattr(fd, TCSANOW, &settings))
		return -errno;
	link_out = fdopen(fd, "w");
	return link_out ? fd : -errno;
}

static void mount_or_complain(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL))
		fprintf(stderr, "demo: mount %s: %s\n", where, strerror(errno));
}

/*
 * Load the modules in the order that guest/build wrote down, and remove their files:
 * each page of them is one more to migrate.
 */
static int load_modules(void)
{
	char name[128], path[160];
	FILE *order;
	int fd, ret = 0;

	order = fopen(MODULES "/order", "r");
	if (!order)
		return -errno;
	while (!ret && fgets(name, sizeof(name), order)) {
		name[strcspn(name, "\n")] = 0;
		snprintf(path, sizeof(path), MODULES "/%s", name);
		fd = open(path, O_RDONLY);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0)) {
			ret = -errno;
			fprintf(stderr, "demo: %s: %s\n", path, strerror(errno));
		}
		if (fd >= 0)
			close(fd);
		unlink(path);
	}
	fclose(order);
	return ret;
}

/* Value of a NAME= option on the kernel's command line, or the default. */
static void option(const char *name, const char *otherwise, char *value, size_t size)
{
	char line[4096] = "", *rest = line, *word;
	FILE *cmdline;

	snprintf(value, size, "%s", otherwise);
	cmdline = fopen("/proc/cmdline", "r");
	if (!cmdline)
		return;
	if (!fgets(line, sizeof(line), cmdline))
		line[0] = 0;
	fclose(cmdline);
	line[strcspn(line, "\n")] = 0;
	while ((word = strsep(&rest, " "))) {
		if (!strncmp(word, name, strlen(name)))
			snprintf(value, size, "%s", word + strlen(name));
	}
}

static int start(void)
{
	char mib[16];
	int fd, ret;

	mount_or_complain("proc", "/proc");
	mount_or_complain("sysfs", "/sys");
	mount_or_complain("devtmpfs", "/dev");
	mount_or_complain("debugfs", "/sys/kernel/debug");
	option("demo.memcheck=", DEFAULT_MIB, mib, sizeof(mib));
	option("demo.address=", DEFAULT_ADDRESS, address, sizeof(address));
	ret = memory_init((size_t)strtoul(mib, NULL, 10) << 20);
	if (!ret)
		ret = load_modules();
	if (!ret)
		ret = klog_open();
	if (ret)
		return ret;
	fd = open_link();
	return fd;
}

int main(void)
{
	int fd = start();

	if (fd >= 0) {
		fprintf(stderr, "demo: ready\n");
		serve(fd);
	}
	fprintf(stderr, "demo: cannot start: %s\n", strerror(-fd));
	reboot(RB_POWER_OFF);
	return 1;
}
