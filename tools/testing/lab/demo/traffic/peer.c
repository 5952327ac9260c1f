// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom the demo's guest has traffic with: it pings the guest, and a TCP stream of known
 * bytes runs both ways, from before a migration until after it.
 *
 * usage: peer INTERFACE GUEST-ADDRESS
 *
 * It is told what to do by lines on its standard input, and answers by lines, of which
 * the last one is "end":
 *
 *   run	the traffic goes on
 *   rest	it stops; the connection stays
 *   status	one line of NAME=VALUE words
 *   log US	"ping SENT ANSWERED" for each request and "tcp TIME BYTES" for what came
 *		at once, since that time; microseconds of the host's clock
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "pattern.h"
#include "ping.h"

#define PING_MS			5
/*
 * A piece of the stream goes when the last one was answered by another, not more often than
 * after so many ticks, and after so many in any case
 */
#define CHUNK_TICKS		10
#define SILENT_TICKS		200
#define CHUNK_BYTES		512
#define BUFFER_BYTES		65536
#define NR_ARRIVALS		65536
#define LINE_BYTES		128

enum { COMMANDS, TIMER, ANSWERS, LISTENER, STREAM, NR_FILES };

static struct {
	int fd;
	const char *end;
	struct pattern sent;
	struct pattern received;
	uint64_t corrupt;
	/* of what was received, when we last sent; and how many ticks ago that was */
	uint64_t answered;
	unsigned int ticks;
	uint64_t nr_arrivals;
	struct {
		int64_t time_us;
		uint32_t bytes;
	} arrivals[NR_ARRIVALS];
} stream = { .fd = -1, .end = "none", .sent.seed = PATTERN_OF_PEER,
	     .received.seed = PATTERN_OF_GUEST };

static bool running;

static void fail(const char *what, int error)
{
	fprintf(stderr, "peer: %s: %s\n", what, strerror(error));
	exit(1);
}

static int listen_on(const char *interface)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(TRAFFIC_PORT) };
	int one = 1, fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 1))
		fail("listen", errno);
	return fd;
}

/* The first connection is the guest's, and the only one. */
static void take_connection(int listener)
{
	int one = 1, fd;

	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (strcmp(stream.end, "none")) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	stream.fd = fd;
	stream.end = "ok";
}

static void end_stream(const char *how)
{
	close(stream.fd);
	stream.fd = -1;
	stream.end = how;
}

/* The next bytes, if it is time for them. The socket may take fewer, or none. */
static void stream_send(void)
{
	uint8_t buffer[CHUNK_BYTES];
	ssize_t len;

	if (stream.fd < 0 || ++stream.ticks < CHUNK_TICKS ||
	    (stream.received.bytes == stream.answered && stream.ticks < SILENT_TICKS))
		return;
	stream.ticks = 0;
	stream.answered = stream.received.bytes;
	pattern_fill(&stream.sent, buffer, sizeof(buffer));
	len = send(stream.fd, buffer, sizeof(buffer), MSG_NOSIGNAL);
	if (len > 0)
		stream.sent.bytes += len;
	else if (errno != EAGAIN && errno != EINTR)
		end_stream("broken");
}

static void stream_receive(void)
{
	static uint8_t buffer[BUFFER_BYTES];
	struct timespec now;
	ssize_t len;

	len = recv(stream.fd, buffer, sizeof(buffer), 0);
	if (!len || (len < 0 && errno != EAGAIN && errno != EINTR))
		end_stream(len ? "broken" : "closed");
	if (len <= 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	stream.arrivals[stream.nr_arrivals % NR_ARRIVALS].time_us =
		(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	stream.arrivals[stream.nr_arrivals++ % NR_ARRIVALS].bytes = len;
	stream.corrupt += pattern_check(&stream.received, buffer, len);
}

static void stream_log(int64_t since_us)
{
	uint64_t first = stream.nr_arrivals > NR_ARRIVALS ? stream.nr_arrivals - NR_ARRIVALS : 0;

	for (uint64_t n = first; n < stream.nr_arrivals; n++) {
		if (stream.arrivals[n % NR_ARRIVALS].time_us >= since_us)
			printf("tcp %lld %u\n", (long long)stream.arrivals[n % NR_ARRIVALS].time_us,
			       stream.arrivals[n % NR_ARRIVALS].bytes);
	}
}

static void set_timer(int fd, bool on)
{
	struct timespec period = { .tv_nsec = on ? PING_MS * 1000000 : 0 };
	struct itimerspec timer = { .it_interval = period, .it_value = period };

	running = on;
	if (timerfd_settime(fd, 0, &timer, NULL))
		fail("timer", errno);
}

/* Ticks that were missed, as the host had no time for us, are not made up for. */
static void tick(int fd)
{
	uint64_t expired;

	if (read(fd, &expired, sizeof(expired)) < 0 || !running)
		return;
	ping_send();
	stream_send();
}

static void print_status(void)
{
	printf("tcp=%s sent=%llu received=%llu corrupt=%llu", stream.end,
	       (unsigned long long)stream.sent.bytes, (unsigned long long)stream.received.bytes,
	       (unsigned long long)stream.corrupt);
	ping_status(stdout);
	putchar('\n');
}

static void obey(const char *line, int timer)
{
	if (!strcmp(line, "run") || !strcmp(line, "rest")) {
		set_timer(timer, !strcmp(line, "run"));
	} else if (!strcmp(line, "status")) {
		print_status();
	} else if (!strncmp(line, "log ", 4)) {
		ping_log(stdout, strtoll(line + 4, NULL, 10));
		stream_log(strtoll(line + 4, NULL, 10));
	}
	puts("end");
	fflush(stdout);
}

/* Returns when whoever tells us what to do is gone. */
static void serve(struct pollfd *files)
{
	char line[LINE_BYTES];

	for (;;) {
		files[STREAM].fd = stream.fd;
		if (poll(files, NR_FILES, -1) < 0)
			continue;
		if (files[ANSWERS].revents)
			ping_receive(files[ANSWERS].fd);
		if (files[STREAM].revents && stream.fd >= 0)
			stream_receive();
		if (files[TIMER].revents)
			tick(files[TIMER].fd);
		if (files[LISTENER].revents)
			take_connection(files[LISTENER].fd);
		if (!files[COMMANDS].revents)
			continue;
		/* one line for each answer, so none waits in the buffer */
		if (!fgets(line, sizeof(line), stdin))
			return;
		line[strcspn(line, "\n")] = 0;
		obey(line, files[TIMER].fd);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in guest = { .sin_family = AF_INET };
	struct pollfd files[NR_FILES];

	if (argc != 3 || inet_pton(AF_INET, argv[2], &guest.sin_addr) != 1) {
		fprintf(stderr, "usage: peer INTERFACE GUEST-ADDRESS\n");
		return 2;
	}
	for (int i = 0; i < NR_FILES; i++)
		files[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	files[COMMANDS].fd = STDIN_FILENO;
	files[TIMER].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (files[TIMER].fd < 0)
		fail("timer", errno);
	files[ANSWERS].fd = ping_open(argv[1], &guest);
	if (files[ANSWERS].fd < 0)
		fail("ping", -files[ANSWERS].fd);
	files[LISTENER].fd = listen_on(argv[1]);
	serve(files);
	return 0;
}
