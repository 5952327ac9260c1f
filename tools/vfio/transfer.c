// SPDX-License-Identifier: GPL-2.0-only
/* The state of a device on its way to or from a file: the steps that a VMM would go. */

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "session.h"
#include "statefile.h"
#include "transfer.h"

#define PIECE_BYTES	(1024 * 1024)

static unsigned char piece[PIECE_BYTES];

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* Return: as session_go(). */
static int step(const struct session *session, enum session_state state, struct report *report)
{
	int ret = session_go(session, state);

	if (ret >= 0)
		return ret;
	report_fix(report, "dmesg tells what the device said");
	return report_error(report, ret, "it does not go to %s: %s", session_state_name(state),
			    strerror(-ret));
}

static int stop(const struct session *session, struct report *report)
{
	int ret = session->p2p ? step(session, SESSION_RUNNING_P2P, report) : 0;

	return ret ? ret : step(session, SESSION_STOP, report);
}

/* From STOP, or from where the data went. */
static int run(const struct session *session, struct report *report)
{
	int ret = step(session, SESSION_STOP, report);

	if (!ret && session->p2p)
		ret = step(session, SESSION_RUNNING_P2P, report);
	return ret ? ret : step(session, SESSION_RUNNING, report);
}

/* Nobody uses the device, so what it has may be lost. */
static void recover(const struct session *session, struct report *report)
{
	int state;

	if (session_reset(session))
		report_odd(report, "it could not be reset");
	state = session_state(session);
	if (state == SESSION_RUNNING)
		report_odd(report, "it was reset, and can be used");
	else
		report_odd(report, "it is in the state %s",
			   state < 0 ? "that nobody tells" : session_state_name(state));
}

static int read_stream(int data, struct statefile *file, uint64_t *bytes, struct report *report)
{
	ssize_t len;
	int ret;

	while ((len = read(data, piece, sizeof(piece)))) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return report_error(report, -errno, "its state cannot be read: %s",
					    strerror(errno));
		ret = statefile_append(file, piece, len);
		if (ret)
			return report_error(report, ret, "the file cannot be written: %s",
					    strerror(-ret));
		*bytes += len;
	}
	return *bytes ? 0 : report_error(report, -EIO, "it gave no state");
}

static int write_piece(int data, size_t size, uint64_t *bytes)
{
	size_t done = 0;
	ssize_t len;

	while (done < size) {
		len = write(data, piece + done, size - done);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return len ? -errno : -EIO;
		done += len;
		*bytes += len;
	}
	return 0;
}

/* Not more than there was when the file was looked at. */
static int write_stream(int data, struct statefile *file, uint64_t *bytes, struct report *report)
{
	ssize_t len;
	size_t want;
	int ret;

	while (*bytes < file->stream_bytes) {
		want = file->stream_bytes - *bytes < sizeof(piece) ? file->stream_bytes - *bytes :
								     sizeof(piece);
		len = read(file->fd, piece, want);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return report_error(report, len ? -errno : -EIO,
					    "the file has changed meanwhile");
		ret = write_piece(data, len, bytes);
		if (!ret)
			continue;
		report_fix(report, "dmesg tells why");
		return report_error(report, ret, "it refuses the state after %llu bytes: %s",
				    (unsigned long long)*bytes, strerror(-ret));
	}
	return 0;
}

/* Whichever way it goes, the device runs at the end. */
static int carry(const struct session *session, enum session_state state,
		 int (*stream)(int data, struct statefile *file, uint64_t *bytes,
			       struct report *report),
		 struct statefile *file, struct transfer *transfer, struct report *report)
{
	long long start = now_us(), data_start;
	int ret, data;

	*transfer = (struct transfer) { };
	ret = stop(session, report);
	data = ret ? ret : step(session, state, report);
	if (data >= 0) {
		data_start = now_us();
		ret = stream(data, file, &transfer->bytes, report);
		transfer->data_us = now_us() - data_start;
		close(data);
	} else {
		ret = data;
	}
	if (!ret)
		ret = run(session, report);
	if (ret)
		recover(session, report);
	transfer->total_us = now_us() - start;
	return ret;
}

int transfer_save(const struct session *session, struct statefile *file,
		  struct transfer *transfer, struct report *report)
{
	return carry(session, SESSION_STOP_COPY, read_stream, file, transfer, report);
}

int transfer_load(const struct session *session, struct statefile *file,
		  struct transfer *transfer, struct report *report)
{
	return carry(session, SESSION_RESUMING, write_stream, file, transfer, report);
}
