// SPDX-License-Identifier: GPL-2.0-only
/*
 * Echo requests to the guest, which its kernel answers, and when each was answered by the
 * clock that QEMU's events carry.
 */
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ping.h"

/* From <linux/icmp.h>, which cannot be had together with the C library's */
#define ICMP_FILTER		1
#define ALL_BUT_ANSWERS		(~(1U << ICMP_ECHOREPLY))

/* More than five minutes of them; older ones are forgotten */
#define NR_PROBES		65536
#define PACKET_BYTES		256
/* Answers may take a fourth of the guest's time */
#define GUESTS_SHARE		4
/* When to ask again at the earliest, if there was no answer; and at the latest */
#define PATIENCE_US		18000
#define SLOW_US			250000
/* Of the answers, over which the usual time is taken */
#define SMOOTHING		8

struct probe {
	struct icmphdr header;
	/* The header has 16 bits for it */
	uint64_t number;
};

static struct {
	int fd;
	struct sockaddr_in guest;
	uint64_t sent;
	uint64_t answered;
	int64_t usual_us;
	struct {
		int64_t sent_us;
		int64_t answered_us;
	} probes[NR_PROBES];
} ping;

static int64_t microseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000 + time->tv_nsec / 1000;
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len / 2; i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/**
 * ping_open - be ready to ping
 * @interface: by which, as "ping -I"
 * @guest: whom
 *
 * Return: a file to poll for answers, or a negative errno.
 */
int ping_open(const char *interface, const struct sockaddr_in *guest)
{
	uint32_t filter = ALL_BUT_ANSWERS;
	int one = 1, fd;

	fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface)))
		return -errno;
	ping.fd = fd;
	ping.guest = *guest;
	return fd;
}

/* When the next request is due. */
static int64_t next_us(void)
{
	uint64_t last = (ping.sent - 1) % NR_PROBES;
	int64_t wait_us = ping.usual_us * GUESTS_SHARE;

	if (!ping.sent)
		return 0;
	if (!ping.probes[last].answered_us && wait_us < PATIENCE_US)
		wait_us = PATIENCE_US;
	return ping.probes[last].sent_us + (wait_us < SLOW_US ? wait_us : SLOW_US);
}

/**
 * ping_send - one request, if it is time for it
 *
 * A guest of an emulated guest takes as long to answer as others to be asked again, and would
 * do nothing else: it is asked less often, so that answers take a share of its time. What the
 * host cannot send, as nobody tells where the guest is, is lost.
 */
void ping_send(void)
{
	struct probe probe = { .header.type = ICMP_ECHO, .number = ping.sent };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (microseconds(&now) < next_us())
		return;
	probe.header.un.echo.id = (uint16_t)getpid();
	probe.header.un.echo.sequence = htons(ping.sent);
	probe.header.checksum = checksum(&probe, sizeof(probe));
	ping.probes[ping.sent % NR_PROBES].sent_us = microseconds(&now);
	ping.probes[ping.sent % NR_PROBES].answered_us = 0;
	sendto(ping.fd, &probe, sizeof(probe), 0, (struct sockaddr *)&ping.guest,
	       sizeof(ping.guest));
	ping.sent++;
}

/* When the kernel got the packet, whenever we are let to look at it. */
static int64_t arrival_us(struct msghdr *message)
{
	struct cmsghdr *control;
	struct timespec time;

	for (control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&time, CMSG_DATA(control), sizeof(time));
			return microseconds(&time);
		}
	}
	clock_gettime(CLOCK_REALTIME, &time);
	return microseconds(&time);
}

static void take_answer(const uint8_t *packet, size_t len, int64_t time_us)
{
	struct probe probe;
	struct iphdr ip;
	size_t at;

	if (len < sizeof(ip))
		return;
	memcpy(&ip, packet, sizeof(ip));
	at = ip.ihl * 4;
	if (len < at + sizeof(probe) || ip.saddr != ping.guest.sin_addr.s_addr)
		return;
	memcpy(&probe, packet + at, sizeof(probe));
	if (probe.header.un.echo.id != (uint16_t)getpid() || probe.number >= ping.sent ||
	    ping.sent - probe.number > NR_PROBES ||
	    ping.probes[probe.number % NR_PROBES].answered_us)
		return;
	ping.probes[probe.number % NR_PROBES].answered_us = time_us;
	ping.answered++;
	ping.usual_us += (time_us - ping.probes[probe.number % NR_PROBES].sent_us -
			  ping.usual_us) / SMOOTHING;
}

/* All answers that have come. */
void ping_receive(int fd)
{
	uint8_t packet[PACKET_BYTES], control[PACKET_BYTES];
	struct iovec vector = { .iov_base = packet, .iov_len = sizeof(packet) };
	struct msghdr message;
	ssize_t len;

	for (;;) {
		message = (struct msghdr){ .msg_iov = &vector, .msg_iovlen = 1,
					   .msg_control = control,
					   .msg_controllen = sizeof(control) };
		len = recvmsg(fd, &message, 0);
		if (len < 0)
			return;
		take_answer(packet, len, arrival_us(&message));
	}
}

void ping_status(FILE *out)
{
	fprintf(out, " asked=%llu answered=%llu", (unsigned long long)ping.sent,
		(unsigned long long)ping.answered);
}

/* "ping SENT ANSWERED" in microseconds for each request since then; 0 if unanswered. */
void ping_log(FILE *out, int64_t since_us)
{
	uint64_t first = ping.sent > NR_PROBES ? ping.sent - NR_PROBES : 0;

	for (uint64_t n = first; n < ping.sent; n++) {
		if (ping.probes[n % NR_PROBES].sent_us >= since_us)
			fprintf(out, "ping %lld %lld\n",
				(long long)ping.probes[n % NR_PROBES].sent_us,
				(long long)ping.probes[n % NR_PROBES].answered_us);
	}
}
