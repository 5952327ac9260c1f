// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's log, as it is now. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "klog.h"

/* CONSOLE_EXT_LOG_MAX: a shorter buffer is refused by the kernel. */
#define RECORD_SIZE	8192

/* A record is "6,339,5140900,-;text", with a line end, and perhaps lines of properties. */
int klog_read(void (*line)(void *data, const char *text), void *data)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[RECORD_SIZE + 1], *text;
	ssize_t len;

	if (fd < 0)
		return -errno;
	for (;;) {
		len = read(fd, record, RECORD_SIZE);
		/* Records have been overwritten meanwhile; the next is there. */
		if (len < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (len <= 0)
			break;
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		line(data, text + 1);
	}
	close(fd);
	return 0;
}
