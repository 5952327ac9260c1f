/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_TRANSFER_H
#define VFIOCTL_TRANSFER_H

#include <stdint.h>

struct report;
struct session;
struct statefile;

/**
 * struct transfer - what a save or a load took
 * @bytes: of the stream
 * @data_us: reading or writing it, in microseconds
 * @total_us: from the first state to the last, in microseconds
 */
struct transfer {
	uint64_t bytes;
	long long data_us;
	long long total_us;
};

/**
 * transfer_save() - stop a device, take its state, and let it run again
 * @session: the device, RUNNING
 * @file: gets the stream; it is begun, and not finished here
 * @transfer: filled
 * @report: gets what went wrong, and what became of the device
 *
 * The way is by RUNNING_P2P, where the device knows it: RUNNING, RUNNING_P2P, STOP, STOP_COPY, and
 * back. After a failure the device is reset, and RUNNING if it can be.
 *
 * Return: 0 or a negative errno.
 */
int transfer_save(const struct session *session, struct statefile *file,
		  struct transfer *transfer, struct report *report);

/**
 * transfer_load() - stop a device, give it a state, and let it run
 * @session: the device, RUNNING
 * @file: a good one, of which nothing was read yet
 * @transfer: filled
 * @report: as for transfer_save()
 *
 * RUNNING, STOP, RESUMING, STOP, RUNNING, by RUNNING_P2P as for a save.
 *
 * Return: 0 or a negative errno.
 */
int transfer_load(const struct session *session, struct statefile *file,
		  struct transfer *transfer, struct report *report);

#endif
