// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's end of a TCP stream that runs both ways through its VF; the other end is
 * ../../traffic/peer.c, which tells of its purpose.
 *
 * The guest answers each piece by another, and speaks by its own clock as long as it is
 * spoken to. That clock stands still in a blackout, so one of the first things that a guest
 * does after it is to go on.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../traffic/pattern.h"
#include "traffic.h"

#define PAUSE_MS	50
#define CHUNK_BYTES	512
#define BUFFER_BYTES	16384
/* A peer that was silent for so long does not want to hear from us */
#define SILENCE_MS	1500
#define RETRY_US	200000
#define NICE		(-10)

static struct {
	int fd;
	int error;
	int64_t heard_ms;
	int64_t spoke_ms;
	struct pattern sent;
	struct pattern received;
	uint64_t corrupt;
} stream = { .fd = -1, .sent.seed = PATTERN_OF_GUEST, .received.seed = PATTERN_OF_PEER };

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Connect to the peer at that IPv4 address. An interface that was just brought up loses
 * what is sent first, so it is tried until it works; whoever asked has a limit.
 */
int traffic_connect(const char *address)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(TRAFFIC_PORT) };
	int fd, one = 1;

	if (stream.fd >= 0)
		return -EISCONN;
	if (inet_pton(AF_INET, address, &peer.sin_addr) != 1)
		return -EINVAL;
	for (;;) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return -errno;
		if (!connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
			break;
		close(fd);
		usleep(RETRY_US);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* What the guest does for itself has to wait */
	setpriority(PRIO_PROCESS, 0, NICE);
	stream.fd = fd;
	stream.heard_ms = now_ms();
	return 0;
}

/* For poll(); -1 while there is none, which poll() leaves out. */
int traffic_fd(void)
{
	return stream.error ? -1 : stream.fd;
}

static int64_t until_next_ms(int64_t now)
{
	int64_t left = stream.spoke_ms + PAUSE_MS - now;

	return left > 0 ? left : 0;
}

/* How long to wait for something to happen, when without traffic it would be idle_ms. */
int traffic_wait_ms(int idle_ms)
{
	int64_t now = now_ms(), left;

	if (traffic_fd() < 0 || now - stream.heard_ms > SILENCE_MS)
		return idle_ms;
	left = until_next_ms(now);
	return left < idle_ms ? left : idle_ms;
}

/* Take what has come and compare it. */
void traffic_receive(void)
{
	static uint8_t buffer[BUFFER_BYTES];
	ssize_t len;

	len = recv(stream.fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	if (len > 0) {
		stream.corrupt += pattern_check(&stream.received, buffer, len);
		stream.heard_ms = now_ms();
		stream.spoke_ms = 0;
	} else if (!len || (errno != EAGAIN && errno != EINTR)) {
		stream.error = len ? errno : ECONNRESET;
	}
}

/* Send the next bytes if it is time for them; the socket may take fewer. */
void traffic_step(void)
{
	uint8_t buffer[CHUNK_BYTES];
	int64_t now = now_ms();
	ssize_t len;

	if (traffic_fd() < 0 || now - stream.heard_ms > SILENCE_MS || until_next_ms(now))
		return;
	pattern_fill(&stream.sent, buffer, sizeof(buffer));
	len = send(stream.fd, buffer, sizeof(buffer), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (len > 0)
		stream.sent.bytes += len;
	else if (errno != EAGAIN && errno != EINTR)
		stream.error = errno;
	stream.spoke_ms = now;
}

/* What became of the stream; the report has no newline. Return: 0 if all is well. */
int traffic_check(char *report, size_t size)
{
	snprintf(report, size, "tcp=%s sent=%llu received=%llu corrupt=%llu",
		 stream.fd < 0 ? "none" : stream.error ? "broken" : "ok",
		 (unsigned long long)stream.sent.bytes, (unsigned long long)stream.received.bytes,
		 (unsigned long long)stream.corrupt);
	if (stream.fd < 0)
		return -ENOTCONN;
	if (stream.error)
		return -stream.error;
	return stream.corrupt ? -EIO : 0;
}
