// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data file: how it is opened, that it is a stream, poll and O_NONBLOCK,
 * its end, and what is left of it when its session is over.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"

/* Firmware may take its time with a save; a poll beyond this is a hang. */
#define POLL_MS	60000

FIXTURE(saving) {
	struct vfio_dev dev;
	/* Saved without leaving STOP since, so that later saves are equal */
	struct vfio_image image;
	int fd;
};

FIXTURE_SETUP(saving)
{
	const char *skip = open_migratable(&self->dev, 0);

	self->fd = -1;
	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_STOP);
	self->fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_STOP_COPY,
				  NULL);
}

FIXTURE_TEARDOWN(saving)
{
	if (self->fd >= 0)
		close(self->fd);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

static int poll_fd(int fd, short events, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int ret = poll(&pfd, 1, timeout_ms);

	return ret < 0 ? -errno : ret ? pfd.revents : 0;
}

/* Memory that cannot be touched */
static void *bad_buffer(void)
{
	void *buf = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	VFIO_ASSERT(buf != MAP_FAILED, "mmap");
	return buf;
}

/* Reads all of a non-blocking data file, waiting only in poll(). */
static int read_polling(int fd, struct vfio_image *image, size_t piece)
{
	size_t before;
	int ret;

	for (;;) {
		if (!(poll_fd(fd, POLLIN, POLL_MS) & POLLIN))
			return -ETIMEDOUT;
		before = image->size;
		ret = __vfio_image_read(fd, image, piece);
		if (!ret)
			return 0;
		if (ret != -EAGAIN)
			return ret;
		/* poll() promised something: EAGAIN right away is a lie. */
		if (image->size == before)
			return -EPROTO;
	}
}

TEST_F(saving, is_readable_only_and_closed_on_exec)
{
	int flags = fcntl(self->fd, F_GETFL);
	char byte = 0;

	ASSERT_LE(0, self->fd);
	EXPECT_EQ(O_RDONLY, flags & O_ACCMODE);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(EBADF, errno);
}

TEST_F(saving, cannot_seek)
{
	struct vfio_image image = {};
	char byte;

	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pread(self->fd, &byte, 1, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd,
				   0));
	EXPECT_EQ(ENODEV, errno);

	vfio_image_read(self->fd, &image);
	EXPECT_TRUE(vfio_image_equal(&self->image, &image));
	vfio_image_free(&image);
}

TEST_F(saving, pieces_of_any_size_give_the_same_stream)
{
	static const size_t pieces[] = { 1 << 20, 65537, 4096, 1009, 16, 7 };
	struct vfio_image image = {};
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
		fd = vfio_mig_set_state(&self->dev,
					VFIO_DEVICE_STATE_STOP_COPY);
		/* A byte at a time through megabytes proves nothing more. */
		if (pieces[i] >= 4096 || self->image.size < (1 << 20)) {
			EXPECT_EQ(0, __vfio_image_read(fd, &image, pieces[i]));
			EXPECT_TRUE(vfio_image_equal(&self->image, &image)) {
				TH_LOG("pieces of %zu: %zu of %zu bytes",
				       pieces[i], image.size,
				       self->image.size);
			}
		}
		close(fd);
		vfio_image_free(&image);
	}
}

TEST_F(saving, empty_read_takes_nothing)
{
	struct vfio_image image = {};
	char byte;

	EXPECT_EQ(0, read(self->fd, &byte, 0));
	vfio_image_read(self->fd, &image);
	EXPECT_TRUE(vfio_image_equal(&self->image, &image));
	vfio_image_free(&image);
}

TEST_F(saving, end_stays_the_end)
{
	struct vfio_image image = {};
	char byte;
	int i;

	vfio_image_read(self->fd, &image);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, read(self->fd, &byte, 1));
		EXPECT_TRUE(poll_fd(self->fd, POLLIN, 0) & POLLIN);
	}
	vfio_image_free(&image);
}

TEST_F(saving, nonblocking_reads_follow_poll)
{
	struct vfio_image image = {};

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(0, read_polling(self->fd, &image, 4096));
	EXPECT_TRUE(vfio_image_equal(&self->image, &image));
	vfio_image_free(&image);
}

TEST_F(saving, bad_buffer_is_efault)
{
	EXPECT_TRUE(poll_fd(self->fd, POLLIN, POLL_MS) & POLLIN);
	EXPECT_EQ(-1, read(self->fd, bad_buffer(), 4096));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, vfio_mig_state(&self->dev));
	EXPECT_EQ(-1, vfio_mig_set_state(&self->dev,
					 VFIO_DEVICE_STATE_RUNNING));
}

TEST_F(saving, unknown_ioctl_is_enotty)
{
	EXPECT_EQ(-1, ioctl(self->fd, VFIO_GET_API_VERSION));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->fd, VFIO_DEVICE_RESET));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(saving, precopy_info_is_refused_in_stop_copy)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	bool pre_copy = self->dev.mig_flags & VFIO_MIGRATION_PRE_COPY;

	EXPECT_EQ(-1, ioctl(self->fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_EQ(pre_copy ? EINVAL : ENOTTY, errno);
}

/* A dead session must fail at once: whoever waits on it would wait for ever. */
static void expect_dead(struct __test_metadata *_metadata, int fd)
{
	char byte;

	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_NE(0, poll_fd(fd, POLLIN, 0));
}

TEST_F(saving, reset_ends_the_session)
{
	vfio_dev_reset(&self->dev);
	expect_dead(_metadata, self->fd);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
}

TEST_F(saving, stop_ends_the_session)
{
	char byte;

	ASSERT_EQ(1, read(self->fd, &byte, 1));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	expect_dead(_metadata, self->fd);
}

TEST_F(saving, closing_the_device_ends_the_session)
{
	vfio_dev_close(&self->dev);
	expect_dead(_metadata, self->fd);
}

TEST_F(saving, second_session_leaves_the_first_dead)
{
	struct vfio_image image = {};
	char byte;
	int again;

	ASSERT_EQ(1, read(self->fd, &byte, 1));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	again = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	ASSERT_LE(0, again);
	expect_dead(_metadata, self->fd);
	vfio_image_read(again, &image);
	EXPECT_TRUE(vfio_image_equal(&self->image, &image));
	expect_dead(_metadata, self->fd);

	/* The end of the old file is not the end of the new session. */
	close(self->fd);
	self->fd = again;
	EXPECT_EQ(0, read(again, &byte, 1));
	vfio_image_free(&image);
}

TEST_F(saving, closing_the_file_early_does_no_harm)
{
	struct vfio_image image = {};
	char byte;
	int ret;

	ASSERT_EQ(1, read(self->fd, &byte, 1));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, vfio_mig_state(&self->dev));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	ret = __vfio_image_save(&self->dev, &image, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(0, ret);
	EXPECT_TRUE(vfio_image_equal(&self->image, &image));
	vfio_image_free(&image);
}

FIXTURE(resuming) {
	struct vfio_dev dev;
	struct vfio_image image;
	int fd;
};

FIXTURE_SETUP(resuming)
{
	const char *skip = open_migratable(&self->dev, 0);

	self->fd = -1;
	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	self->fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING,
				  NULL);
}

FIXTURE_TEARDOWN(resuming)
{
	if (self->fd >= 0)
		close(self->fd);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

TEST_F(resuming, is_writable_only_and_closed_on_exec)
{
	int flags = fcntl(self->fd, F_GETFL);
	char byte;

	ASSERT_LE(0, self->fd);
	EXPECT_EQ(O_WRONLY, flags & O_ACCMODE);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(EBADF, errno);
}

TEST_F(resuming, cannot_seek)
{
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pwrite(self->fd, self->image.data, 1, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(0, __vfio_image_write(self->fd, self->image.data,
					self->image.size, self->image.size));
	EXPECT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP));
}

TEST_F(resuming, is_ready_for_writing)
{
	EXPECT_TRUE(poll_fd(self->fd, POLLOUT, POLL_MS) & POLLOUT);
}

TEST_F(resuming, pieces_of_any_size_load)
{
	static const size_t pieces[] = { 1 << 20, 65537, 4096, 1009, 16, 7, 1 };
	struct vfio_image again = {};
	unsigned int i;
	int fd;

	close(self->fd);
	self->fd = -1;
	vfio_dev_reset(&self->dev);
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		if (pieces[i] < 4096 && self->image.size >= (1 << 18))
			continue;
		fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING,
				    NULL);
		EXPECT_EQ(0, __vfio_image_write(fd, self->image.data,
						self->image.size, pieces[i]));
		close(fd);
		vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
		vfio_image_save(&self->dev, &again, VFIO_DEVICE_STATE_RUNNING);
		EXPECT_TRUE(vfio_image_equal(&self->image, &again)) {
			TH_LOG("pieces of %zu", pieces[i]);
		}
		vfio_image_free(&again);
		vfio_dev_reset(&self->dev);
	}
}

TEST_F(resuming, bad_buffer_is_efault_and_reset_recovers)
{
	EXPECT_EQ(-1, write(self->fd, bad_buffer(), 4096));
	EXPECT_EQ(EFAULT, errno);
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	vfio_image_load(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
}

TEST_F(resuming, reset_ends_the_session)
{
	char byte = 0;

	vfio_dev_reset(&self->dev);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
}

TEST_F(resuming, stop_ends_the_session)
{
	ASSERT_EQ(0, __vfio_image_write(self->fd, self->image.data,
					self->image.size, self->image.size));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	EXPECT_EQ(-1, write(self->fd, self->image.data, 1));
	EXPECT_EQ(ENODEV, errno);
}

TEST_F(resuming, closing_the_device_ends_the_session)
{
	char byte = 0;

	vfio_dev_close(&self->dev);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
