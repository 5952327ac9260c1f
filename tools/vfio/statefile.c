// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file with the state of a device: a head of 64 bytes, then the stream as the driver gave it. The
 * head is written last, so that a file that was not finished is none, and all of the file is looked
 * at before anything of it goes to a device. Numbers are little-endian:
 *
 *	0	"VFIOSTAT"
 *	8	version, 32 bits
 *	12	CRC-32 of the stream
 *	16	bytes of the stream, 64 bits
 *	24	vendor, device, subsystem's vendor and device, 16 bits each
 *	32	name of the driver, filled up with zeros
 *	56	zero, ignored
 *	60	CRC-32 of the 60 bytes before
 */

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "statefile.h"

#define MAGIC		"VFIOSTAT"
#define MAGIC_BYTES	8
#define VERSION		1
/* x^32 + x^26 + ... + 1, mirrored: the CRC of Ethernet, and of zip */
#define CRC_POLYNOMIAL	0xedb88320
#define PIECE_BYTES	65536

struct head {
	char magic[MAGIC_BYTES];
	uint32_t version;
	uint32_t stream_crc;
	uint64_t stream_bytes;
	uint16_t ids[4];
	char driver[STATEFILE_DRIVER_SIZE];
	uint32_t zero;
	uint32_t crc;
};

/* The head has no holes. */
static_assert(sizeof(struct head) == 64);

static uint32_t add_to_crc(uint32_t crc, const void *data, size_t size)
{
	static uint32_t table[256];
	const unsigned char *byte = data;
	int i, bit;

	for (i = 0; i < 256 && !table[255]; i++) {
		table[i] = i;
		for (bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? CRC_POLYNOMIAL : 0);
	}
	crc = ~crc;
	while (size--)
		crc = crc >> 8 ^ table[(crc ^ *byte++) & 0xff];
	return ~crc;
}

static int write_all(int fd, const void *data, size_t size)
{
	const char *rest = data;
	ssize_t done;

	while (size) {
		done = write(fd, rest, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		rest += done;
		size -= done;
	}
	return 0;
}

int statefile_create(struct statefile *file, const char *path,
		     const struct statefile_device *device)
{
	static const struct head unfinished;
	int ret;

	*file = (struct statefile) { .device = *device };
	file->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return -errno;
	ret = write_all(file->fd, &unfinished, sizeof(unfinished));
	if (ret)
		statefile_drop(file, path);
	return ret;
}

int statefile_append(struct statefile *file, const void *data, size_t size)
{
	int ret = write_all(file->fd, data, size);

	if (ret)
		return ret;
	file->crc = add_to_crc(file->crc, data, size);
	file->stream_bytes += size;
	return 0;
}

int statefile_finish(struct statefile *file)
{
	const struct statefile_device *device = &file->device;
	struct head head = {
		.version = htole32(VERSION),
		.stream_crc = htole32(file->crc),
		.stream_bytes = htole64(file->stream_bytes),
		.ids = { htole16(device->vendor), htole16(device->device),
			 htole16(device->subsystem_vendor), htole16(device->subsystem_device) },
	};
	int ret = 0;

	memcpy(head.magic, MAGIC, MAGIC_BYTES);
	memcpy(head.driver, device->driver, strnlen(device->driver, sizeof(head.driver) - 1));
	head.crc = htole32(add_to_crc(0, &head, offsetof(struct head, crc)));
	/* The stream first: a head on the disk means that all of the file is there. */
	if (fsync(file->fd) || pwrite(file->fd, &head, sizeof(head), 0) != sizeof(head) ||
	    fsync(file->fd))
		ret = errno ? -errno : -EIO;
	if (close(file->fd) && !ret)
		ret = -errno;
	file->fd = -1;
	return ret;
}

void statefile_drop(struct statefile *file, const char *path)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	unlink(path);
}

static enum statefile_fault read_head(struct statefile *file)
{
	static const struct head unfinished;
	struct head head;
	ssize_t len = read(file->fd, &head, sizeof(head));

	if (len < 0)
		return STATEFILE_ERRNO;
	if (len == sizeof(head) && !memcmp(&head, &unfinished, sizeof(head)))
		return STATEFILE_UNFINISHED;
	if (len < MAGIC_BYTES || memcmp(head.magic, MAGIC, MAGIC_BYTES))
		return STATEFILE_OTHER;
	if (len < (ssize_t)sizeof(head) ||
	    le32toh(head.crc) != add_to_crc(0, &head, offsetof(struct head, crc)))
		return STATEFILE_HEAD;
	if (le32toh(head.version) != VERSION)
		return STATEFILE_VERSION;
	file->crc = le32toh(head.stream_crc);
	file->stream_bytes = le64toh(head.stream_bytes);
	file->device.vendor = le16toh(head.ids[0]);
	file->device.device = le16toh(head.ids[1]);
	file->device.subsystem_vendor = le16toh(head.ids[2]);
	file->device.subsystem_device = le16toh(head.ids[3]);
	memcpy(file->device.driver, head.driver, sizeof(head.driver) - 1);
	return STATEFILE_GOOD;
}

static enum statefile_fault look_at_stream(struct statefile *file)
{
	static unsigned char piece[PIECE_BYTES];
	uint64_t bytes = 0;
	uint32_t crc = 0;
	ssize_t len;

	while ((len = read(file->fd, piece, sizeof(piece)))) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return STATEFILE_ERRNO;
		crc = add_to_crc(crc, piece, len);
		bytes += len;
	}
	if (bytes != file->stream_bytes)
		return STATEFILE_SHORT;
	if (crc != file->crc)
		return STATEFILE_STREAM;
	return lseek(file->fd, sizeof(struct head), SEEK_SET) < 0 ? STATEFILE_ERRNO :
								     STATEFILE_GOOD;
}

enum statefile_fault statefile_open(struct statefile *file, const char *path)
{
	enum statefile_fault fault;
	int saved;

	*file = (struct statefile) { };
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return STATEFILE_ERRNO;
	fault = read_head(file);
	if (!fault)
		fault = look_at_stream(file);
	if (fault) {
		saved = errno;
		close(file->fd);
		file->fd = -1;
		errno = saved;
	}
	return fault;
}

const char *statefile_fault_text(enum statefile_fault fault)
{
	static const char *const texts[] = {
		[STATEFILE_GOOD] = "nothing is wrong with it",
		[STATEFILE_OTHER] = "it is no file of vfioctl save",
		[STATEFILE_VERSION] = "it is of a later version of vfioctl",
		[STATEFILE_UNFINISHED] = "it was not written to its end",
		[STATEFILE_HEAD] = "its head is damaged",
		[STATEFILE_SHORT] = "it is not as long as its head says",
		[STATEFILE_STREAM] = "it is damaged, its checksum is another one",
		[STATEFILE_ERRNO] = "it cannot be read",
	};

	return texts[fault];
}
