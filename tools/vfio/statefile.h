/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_STATEFILE_H
#define VFIOCTL_STATEFILE_H

#include <stddef.h>
#include <stdint.h>

#define STATEFILE_DRIVER_SIZE	24

/**
 * struct statefile_device - which kind of device a state is of
 * @vendor: its PCI ids
 * @device: its PCI ids
 * @subsystem_vendor: its PCI ids
 * @subsystem_device: its PCI ids
 * @driver: that has written the stream
 */
struct statefile_device {
	uint16_t vendor;
	uint16_t device;
	uint16_t subsystem_vendor;
	uint16_t subsystem_device;
	char driver[STATEFILE_DRIVER_SIZE];
};

/**
 * struct statefile - a file with the state of a device, being written or read
 * @fd: the file
 * @device: whose state it is
 * @stream_bytes: of the driver's stream: written so far, or that there are
 * @crc: of these
 */
struct statefile {
	int fd;
	struct statefile_device device;
	uint64_t stream_bytes;
	uint32_t crc;
};

/**
 * enum statefile_fault - what is wrong with a file that is read
 * @STATEFILE_GOOD: nothing
 * @STATEFILE_OTHER: it is none of these files
 * @STATEFILE_VERSION: it is of a later version of this program
 * @STATEFILE_UNFINISHED: who wrote it has not come to the end
 * @STATEFILE_HEAD: its head is damaged
 * @STATEFILE_SHORT: the stream is shorter, or longer, than the head says
 * @STATEFILE_STREAM: the stream is damaged
 * @STATEFILE_ERRNO: it cannot be read, errno tells why
 */
enum statefile_fault {
	STATEFILE_GOOD,
	STATEFILE_OTHER,
	STATEFILE_VERSION,
	STATEFILE_UNFINISHED,
	STATEFILE_HEAD,
	STATEFILE_SHORT,
	STATEFILE_STREAM,
	STATEFILE_ERRNO,
};

/**
 * statefile_create() - begin a file
 * @file: filled; statefile_finish() or statefile_drop() ends it
 * @path: of the file, of which there is none yet
 * @device: whose state it gets
 *
 * Return: 0 or a negative errno.
 */
int statefile_create(struct statefile *file, const char *path,
		     const struct statefile_device *device);

/**
 * statefile_append() - add some of the stream
 * @file: a file that was begun
 * @data: what
 * @size: of it, in bytes
 *
 * Return: 0 or a negative errno.
 */
int statefile_append(struct statefile *file, const void *data, size_t size);

/**
 * statefile_finish() - write the head, without which nobody takes the file, and close it
 * @file: a file that was begun; it is on the disk then
 *
 * Return: 0 or a negative errno; the file is closed in any case.
 */
int statefile_finish(struct statefile *file);

/**
 * statefile_drop() - close and remove a file that was not finished
 * @file: a file that was begun
 * @path: of it
 */
void statefile_drop(struct statefile *file, const char *path);

/**
 * statefile_open() - open a file, and look at all of it
 * @file: filled; the stream can be read from @fd, and who does closes that
 * @path: of the file
 *
 * Return: what is wrong; @fd is open only when nothing is.
 */
enum statefile_fault statefile_open(struct statefile *file, const char *path);

/**
 * statefile_fault_text() - a fault in words
 * @fault: which, not STATEFILE_ERRNO
 *
 * Return: the words.
 */
const char *statefile_fault_text(enum statefile_fault fault);

#endif
