// SPDX-License-Identifier: GPL-2.0-only
/* A test program, run with a limit of time. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testrun.h"

#define LINE_SIZE	1024
/* What a shell says of a program that it cannot run */
#define STATUS_NOT_RUN	127

/* A line on its way in; what does not fit is a line of its own. */
struct line {
	char text[LINE_SIZE];
	size_t len;
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void begin(const char *path, const char *devices, int pipe)
{
	/* Of its own group, so that all that it starts can be ended with it. */
	setpgid(0, 0);
	setenv("VFIO_BDFS", devices, 1);
	dup2(pipe, STDOUT_FILENO);
	dup2(pipe, STDERR_FILENO);
	execl(path, path, NULL);
	_exit(STATUS_NOT_RUN);
}

static void end_line(struct line *line, FILE *log, struct testrun *run)
{
	line->text[line->len] = '\0';
	fprintf(log, "%s\n", line->text);
	tap_line(&run->tap, line->text);
	line->len = 0;
}

static void take(struct line *line, const char *text, size_t len, FILE *log, struct testrun *run)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '\n' || line->len == sizeof(line->text) - 1)
			end_line(line, log, run);
		if (text[i] != '\n')
			line->text[line->len++] = text[i] ? text[i] : '?';
	}
}

/* All that it says, until nobody is left who could. */
static void listen(int pipe, long long end, FILE *log, struct testrun *run)
{
	struct pollfd ready = { .fd = pipe, .events = POLLIN };
	struct line line = { };
	char text[LINE_SIZE];
	long long left;
	ssize_t len;
	int nr;

	for (;;) {
		left = end - now_ms();
		nr = poll(&ready, 1, left > 0 ? left : 0);
		if (nr < 0 && errno == EINTR)
			continue;
		run->too_long = nr <= 0;
		len = nr <= 0 ? 0 : read(pipe, text, sizeof(text));
		if (len <= 0)
			break;
		take(&line, text, len, log, run);
	}
	if (line.len)
		end_line(&line, log, run);
}

/* One that waits in the kernel may never end: it is not waited for without end, either. */
static void end(pid_t child, struct testrun *run)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int status, i, max = 500;
	pid_t ended = 0;

	if (run->too_long)
		kill(-child, SIGKILL);
	for (i = 0; i < max && !ended; i++) {
		ended = waitpid(child, &status, WNOHANG);
		if (!ended)
			nanosleep(&pause, NULL);
	}
	if (ended != child) {
		run->too_long = true;
		run->status = -SIGKILL;
	} else {
		run->status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	}
}

int testrun(const char *path, const char *devices, int seconds, FILE *log, struct testrun *run)
{
	long long start = now_ms();
	int ends[2];
	pid_t child;

	*run = (struct testrun) { };
	tap_begin(&run->tap);
	if (access(path, X_OK))
		return -errno;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	fflush(log);
	child = fork();
	if (!child)
		begin(path, devices, ends[1]);
	close(ends[1]);
	if (child > 0) {
		/* Here as well: it may be killed before it has come to that. */
		setpgid(child, child);
		listen(ends[0], start + seconds * 1000LL, log, run);
		end(child, run);
	}
	close(ends[0]);
	run->seconds = (now_ms() - start) / 1000;
	return child < 0 ? -EAGAIN : 0;
}
