// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRE_COPY and PRE_COPY_P2P: the sizes that are told, the temporary end of the data file,
 * the way to STOP_COPY and each way back.
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
#define POLL_STEP_MS	100

/* A device that changes all the time is asked no more often than this. */
#define MAX_ROUNDS	50

FIXTURE(precopy) {
	struct vfio_dev dev;
	struct vfio_image image;
	int fd;
};

FIXTURE_VARIANT(precopy) {
	__u32 state;
};

FIXTURE_VARIANT_ADD(precopy, running) {
	.state = VFIO_DEVICE_STATE_PRE_COPY,
};

FIXTURE_VARIANT_ADD(precopy, p2p) {
	.state = VFIO_DEVICE_STATE_PRE_COPY_P2P,
};

FIXTURE_SETUP(precopy)
{
	const char *skip = open_migratable(&self->dev, 0);

	self->fd = -1;
	if (skip)
		SKIP(return, "%s", skip);
	if (!vfio_state_exists(self->dev.mig_flags, variant->state)) {
		vfio_dev_close(&self->dev);
		SKIP(return, "%s has no state %s", vfio_bdf(0), vfio_state_name(variant->state));
	}
	self->fd = vfio_mig_enter(&self->dev, variant->state, NULL);
}

FIXTURE_TEARDOWN(precopy)
{
	if (self->fd >= 0)
		close(self->fd);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

static int poll_in(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int ret = poll(&pfd, 1, timeout_ms);

	return ret < 0 ? -errno : ret ? pfd.revents : 0;
}

/* From here to the end of the stream; the device is in STOP then */
static void finish(struct __test_metadata *_metadata, FIXTURE_DATA(precopy) * self)
{
	int none;

	ASSERT_EQ(0, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &none));
	EXPECT_EQ(-1, none);
	ASSERT_EQ(0, __vfio_precopy_read(self->fd, &self->image));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
}

/* What came out of the session is the device's state, as it is saved in STOP right after. */
static void expect_loads(struct __test_metadata *_metadata, FIXTURE_DATA(precopy) * self)
{
	struct vfio_image again = {};

	vfio_dev_reset(&self->dev);
	vfio_image_load(&self->dev, &self->image, VFIO_DEVICE_STATE_STOP);
	vfio_image_save(&self->dev, &again, VFIO_DEVICE_STATE_STOP);
	vfio_dev_reset(&self->dev);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &again));
	vfio_image_free(&again);
}

static void expect_dead(struct __test_metadata *_metadata, FIXTURE_DATA(precopy) * self)
{
	struct vfio_precopy_info info = {};
	char byte;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_TRUE(poll_in(self->fd, 0) & POLLIN);
	EXPECT_EQ(-EINVAL, __vfio_precopy_info(self->fd, &info));
}

TEST_F(precopy, initial_bytes_go_to_zero_with_what_is_read)
{
	struct vfio_precopy_info info;
	__u64 before;
	char byte;

	vfio_precopy_info(self->fd, &info);
	EXPECT_LT(0, info.initial_bytes);
	before = info.initial_bytes;

	/* Once all of it has come, nothing is an estimate any more */
	EXPECT_TRUE(poll_in(self->fd, POLL_MS) & POLLIN);
	ASSERT_EQ(1, read(self->fd, &byte, 1));
	vfio_image_append(&self->image, &byte, 1);
	vfio_precopy_info(self->fd, &info);
	EXPECT_LT(0, info.initial_bytes);
	vfio_precopy_read(self->fd, &self->image);
	vfio_precopy_info(self->fd, &info);
	EXPECT_EQ(0, info.initial_bytes);
	TH_LOG("%zu bytes came of %llu", self->image.size, before);

	finish(_metadata, self);
	expect_loads(_metadata, self);
}

TEST_F(precopy, temporary_end_comes_after_the_initial_bytes)
{
	struct vfio_precopy_info info;
	int ret;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	for (;;) {
		vfio_precopy_info(self->fd, &info);
		ret = __vfio_precopy_read(self->fd, &self->image);
		if (ret != -EAGAIN)
			break;
		EXPECT_LT(0, info.initial_bytes);
		/* Nobody is woken where none come, as the firmware refuses to track. */
		poll_in(self->fd, POLL_STEP_MS);
	}
	EXPECT_EQ(-ENOMSG, ret);
	vfio_precopy_info(self->fd, &info);
	EXPECT_EQ(0, info.initial_bytes);
	/* In STOP_COPY the end is one for good; the final image may be on its way still */
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
	finish(_metadata, self);
}

TEST_F(precopy, comes_to_rest)
{
	EXPECT_TRUE(vfio_precopy_drain(self->fd, &self->image, MAX_ROUNDS));
	EXPECT_EQ(-ENOMSG, __vfio_precopy_read(self->fd, &self->image));
	EXPECT_EQ(0, poll_in(self->fd, 0));
	finish(_metadata, self);
	expect_loads(_metadata, self);
}

TEST_F(precopy, nothing_read_before_is_nothing_lost)
{
	finish(_metadata, self);
	expect_loads(_metadata, self);
}

TEST_F(precopy, end_of_the_stream_stays)
{
	char byte;
	int none;

	ASSERT_EQ(0, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &none));
	ASSERT_EQ(0, __vfio_precopy_read(self->fd, &self->image));
	EXPECT_EQ(0, read(self->fd, &byte, 1));
	EXPECT_TRUE(poll_in(self->fd, 0) & POLLIN);
	EXPECT_EQ(0, read(self->fd, &byte, 1));
}

TEST_F(precopy, info_belongs_to_precopy_alone)
{
	struct vfio_precopy_info info = {};
	int none;

	ASSERT_EQ(0, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &none));
	EXPECT_EQ(-EINVAL, __vfio_precopy_info(self->fd, &info));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	EXPECT_EQ(-EINVAL, __vfio_precopy_info(self->fd, &info));
}

TEST_F(precopy, info_of_an_older_session_is_enodev)
{
	struct vfio_precopy_info info = {};
	int fd;

	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	fd = vfio_mig_set_state(&self->dev, variant->state);
	EXPECT_EQ(-ENODEV, __vfio_precopy_info(self->fd, &info));
	EXPECT_EQ(0, __vfio_precopy_info(fd, &info));
	close(fd);
}

TEST_F(precopy, info_checks_its_argument)
{
	struct vfio_precopy_info info = {};
	struct vfio_precopy_info *page;

	info.argsz = offsetof(struct vfio_precopy_info, dirty_bytes);
	EXPECT_EQ(-1, ioctl(self->fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	info.argsz = sizeof(info) + 8;
	EXPECT_EQ(0, ioctl(self->fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_EQ(sizeof(info) + 8, info.argsz);

	/* What can be read and not be written, and what cannot be read */
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	page->argsz = sizeof(*page);
	ASSERT_EQ(0, mprotect(page, 4096, PROT_READ));
	EXPECT_EQ(-1, ioctl(self->fd, VFIO_MIG_GET_PRECOPY_INFO, page));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, mprotect(page, 4096, PROT_NONE));
	EXPECT_EQ(-1, ioctl(self->fd, VFIO_MIG_GET_PRECOPY_INFO, page));
	EXPECT_EQ(EFAULT, errno);
	munmap(page, 4096);

	EXPECT_EQ(-1, ioctl(self->fd, VFIO_DEVICE_RESET));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(precopy, flags_have_a_meaning_when_asked_for)
{
	struct vfio_precopy_info info = { .flags = 0xdeadbeef };

	/* "Without this opt-in, the flags field [...] is reserved for bug-compatibility" */
	EXPECT_EQ(0, __vfio_precopy_info(self->fd, &info));
	EXPECT_EQ(0xdeadbeef, info.flags);

	EXPECT_EQ(0, __vfio_feature(self->dev.fd, VFIO_DEVICE_FEATURE_PROBE |
				    VFIO_DEVICE_FEATURE_SET |
				    VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFO_V2, NULL, 0));
	EXPECT_NE(0, __vfio_feature(self->dev.fd, VFIO_DEVICE_FEATURE_GET |
				    VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFO_V2, NULL, 0));
	info.flags = 0xdeadbeef;
	EXPECT_EQ(0, __vfio_precopy_info(self->fd, &info));
	EXPECT_EQ(0xdeadbeef, info.flags);

	EXPECT_EQ(0, __vfio_feature(self->dev.fd, VFIO_DEVICE_FEATURE_SET |
				    VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFO_V2, NULL, 0));
	info.flags = 0xdeadbeef;
	EXPECT_EQ(0, __vfio_precopy_info(self->fd, &info));
	EXPECT_EQ(0, info.flags);

	/* The next user is another one */
	vfio_dev_close(&self->dev);
	close(self->fd);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	self->fd = vfio_mig_enter(&self->dev, variant->state, NULL);
	info.flags = 0xdeadbeef;
	EXPECT_EQ(0, __vfio_precopy_info(self->fd, &info));
	EXPECT_EQ(0xdeadbeef, info.flags);
}

TEST_F(precopy, data_size_is_told)
{
	__u64 bytes = 0;

	EXPECT_EQ(0, __vfio_mig_data_size(&self->dev, &bytes));
	EXPECT_LT(0, bytes);
}

TEST_F(precopy, session_goes_on_from_p2p_and_back)
{
	static const __u32 states[] = {
		VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_PRE_COPY,
	};
	int i, none;

	if (!(self->dev.mig_flags & VFIO_MIGRATION_P2P))
		SKIP(return, "%s has no P2P", vfio_bdf(0));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, __vfio_mig_set_state(&self->dev, states[i % 2], &none));
		EXPECT_EQ(-1, none);
		EXPECT_EQ(states[i % 2], vfio_mig_state(&self->dev));
		/* Once with the first image in flight, then with it read */
		if (i > 2)
			vfio_precopy_read(self->fd, &self->image);
	}
	finish(_metadata, self);
	expect_loads(_metadata, self);
}

TEST_F(precopy, p2p_has_a_temporary_end)
{
	struct vfio_precopy_info info;

	if (!(self->dev.mig_flags & VFIO_MIGRATION_P2P))
		SKIP(return, "%s has no P2P", vfio_bdf(0));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vfio_precopy_read(self->fd, &self->image);
	vfio_precopy_info(self->fd, &info);
	EXPECT_EQ(0, info.initial_bytes);
	EXPECT_EQ(0, info.dirty_bytes);
}

TEST_F(precopy, calling_off_leaves_a_device_that_can_be_saved)
{
	int i;

	/* With the image in flight, half read and read */
	for (i = 0; i < 3; i++) {
		char byte;

		if (i == 1)
			ASSERT_EQ(1, read(self->fd, &byte, 1));
		if (i == 2)
			vfio_precopy_read(self->fd, &self->image);
		ASSERT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING));
		expect_dead(_metadata, self);
		close(self->fd);
		self->fd = vfio_mig_enter(&self->dev, variant->state, NULL);
		ASSERT_LE(0, self->fd);
	}
	vfio_image_free(&self->image);
	finish(_metadata, self);
	expect_loads(_metadata, self);
}

TEST_F(precopy, called_off_leaves_a_stopped_device_that_can_be_saved)
{
	vfio_precopy_read(self->fd, &self->image);
	vfio_image_free(&self->image);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	expect_dead(_metadata, self);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_STOP);
	expect_loads(_metadata, self);
}

TEST_F(precopy, reset_ends_the_session)
{
	int none, i;

	/* With the image in flight, read, and in STOP_COPY with the last one in flight */
	for (i = 0; i < 3; i++) {
		if (i)
			vfio_precopy_read(self->fd, &self->image);
		if (i == 2)
			ASSERT_EQ(0, __vfio_mig_set_state(&self->dev,
							  VFIO_DEVICE_STATE_STOP_COPY, &none));
		vfio_dev_reset(&self->dev);
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
		expect_dead(_metadata, self);
		close(self->fd);
		self->fd = vfio_mig_enter(&self->dev, variant->state, NULL);
		ASSERT_LE(0, self->fd);
	}
}

TEST_F(precopy, closing_the_device_ends_the_session)
{
	char byte;

	vfio_dev_close(&self->dev);
	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	close(self->fd);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	self->fd = vfio_mig_enter(&self->dev, variant->state, NULL);
	finish(_metadata, self);
}

TEST_F(precopy, closing_the_file_changes_nothing)
{
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(variant->state, vfio_mig_state(&self->dev));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	self->fd = vfio_mig_enter(&self->dev, variant->state, NULL);
	finish(_metadata, self);
	expect_loads(_metadata, self);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
