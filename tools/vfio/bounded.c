// SPDX-License-Identifier: GPL-2.0-only
/* Questions that may wait for the kernel, asked by a process that need not be waited for. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bounded.h"

/* It must hold nothing that somebody waits for, as the pipe behind standard output. */
static void answer_to(int pipe, int (*ask)(const void *question, void *answer),
		      const void *question, void *answer, size_t size)
{
	int err;

	dup2(pipe, STDIN_FILENO);
	close_range(STDIN_FILENO + 1, ~0U, 0);
	signal(SIGPIPE, SIG_IGN);
	err = ask(question, answer);
	if (write(STDIN_FILENO, &err, sizeof(err)) == sizeof(err) && !err &&
	    write(STDIN_FILENO, answer, size) != (ssize_t)size)
		_exit(EXIT_FAILURE);
	_exit(EXIT_SUCCESS);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* All of @size, until @end. Return: 0, -ETIMEDOUT, or -EIO when the other side is gone. */
static int read_until(int pipe, void *data, size_t size, long long end)
{
	struct pollfd ready = { .fd = pipe, .events = POLLIN };
	size_t done = 0;
	long long left;
	ssize_t len;
	int nr;

	while (done < size) {
		left = end - now_ms();
		nr = poll(&ready, 1, left > 0 ? left : 0);
		if (nr < 0 && errno == EINTR)
			continue;
		if (nr <= 0)
			return -ETIMEDOUT;
		len = read(pipe, (char *)data + done, size - done);
		if (len <= 0)
			return -EIO;
		done += len;
	}
	return 0;
}

int bounded_ask(int (*ask)(const void *question, void *answer), const void *question,
		void *answer, size_t size, int seconds)
{
	long long end = now_ms() + seconds * 1000LL;
	int ends[2], err, ret;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child)
		answer_to(ends[1], ask, question, answer, size);
	ret = child < 0 ? -errno : 0;
	close(ends[1]);
	if (!ret)
		ret = read_until(ends[0], &err, sizeof(err), end);
	if (!ret)
		ret = err ?: read_until(ends[0], answer, size, end);
	close(ends[0]);
	if (child > 0 && ret != -ETIMEDOUT)
		waitpid(child, NULL, 0);
	return ret;
}
