// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration protocol v1: the region that QEMU up to 7.2 migrates by. The oracle is the uAPI's
 * text on struct vfio_device_migration_info as it was in linux/vfio.h until Linux 5.17, and
 * where that leaves room what QEMU 7.2 does.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"
#include "v1.h"

#define FAIL_STOP		"/sys/module/sample_vfio_pci/parameters/fail_stop"
#define NR_REGISTERS_BYTES	sizeof(struct vfio_device_migration_info)

FIXTURE(v1) {
	struct vfio_dev dev;
	struct v1_region v1;
	struct vfio_image image;
	size_t page_bytes;
};

FIXTURE_SETUP(v1)
{
	const char *skip = open_migratable(&self->dev, 0) ?: open_v1(&self->v1, &self->dev);

	if (skip)
		SKIP(return, "%s", skip);
	self->page_bytes = sysconf(_SC_PAGESIZE);
}

FIXTURE_TEARDOWN(v1)
{
	vfio_image_free(&self->image);
	v1_close(&self->v1);
	vfio_dev_close(&self->dev);
}

static void expect_it_migrates(struct __test_metadata *_metadata, FIXTURE_DATA(v1) * self)
{
	struct vfio_image before = {}, after = {};

	vfio_dev_reset(&self->dev);
	EXPECT_EQ(V1_RUNNING, v1_state(&self->v1));
	EXPECT_EQ(0, __v1_save(&self->v1, &before, V1_STOP));
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(0, __v1_load(&self->v1, &before, V1_STOP));
	EXPECT_EQ(0, __v1_save(&self->v1, &after, V1_RUNNING));
	EXPECT_LT(0, before.size);
	EXPECT_TRUE(vfio_image_equal(&before, &after));
	vfio_image_free(&before);
	vfio_image_free(&after);
}

TEST_F(v1, region_is_as_the_uapi_has_it)
{
	__u32 reserved = ~0U;
	__u64 value = ~0ULL;

	EXPECT_LE(NR_REGISTERS_BYTES, self->v1.window_offset);
	EXPECT_EQ(0, self->v1.window_offset % self->page_bytes);
	EXPECT_EQ(0, self->v1.window_bytes % self->page_bytes);
	EXPECT_EQ(self->v1.bytes, self->v1.window_offset + self->v1.window_bytes);
	EXPECT_EQ(V1_RUNNING, v1_state(&self->v1));
	EXPECT_EQ(0, __v1_read(&self->v1, V1_REGISTER(reserved), &reserved, 4));
	EXPECT_EQ(0, reserved);
	EXPECT_EQ(0, __v1_pending(&self->v1, &value));
	EXPECT_EQ(0, value);
	EXPECT_EQ(0, __v1_read(&self->v1, V1_REGISTER(data_size), &value, 8));
	EXPECT_EQ(0, value);
	EXPECT_EQ(0, __v1_read(&self->v1, V1_REGISTER(data_offset), &value, 8));
	EXPECT_EQ(self->v1.window_offset, value);
}

static bool is_register(__u64 offset, size_t bytes)
{
	if (offset == V1_REGISTER(device_state) || offset == V1_REGISTER(reserved))
		return bytes == 4;
	return bytes == 8 && (offset == V1_REGISTER(pending_bytes) ||
			      offset == V1_REGISTER(data_offset) ||
			      offset == V1_REGISTER(data_size));
}

/* At each place and of each size but those of the registers: too short, across, in between */
TEST_F(v1, registers_are_accessed_whole)
{
	char buffer[2 * NR_REGISTERS_BYTES] = {};
	size_t bytes;
	__u64 offset;

	for (offset = 0; offset < NR_REGISTERS_BYTES + 8; offset++) {
		for (bytes = 1; bytes <= NR_REGISTERS_BYTES; bytes++) {
			if (is_register(offset, bytes))
				continue;
			EXPECT_EQ(-EINVAL, __v1_read(&self->v1, offset, buffer, bytes)) {
				TH_LOG("read of %zu bytes at %llu", bytes, offset);
			}
			EXPECT_EQ(-EINVAL, __v1_write(&self->v1, offset, buffer, bytes)) {
				TH_LOG("write of %zu bytes at %llu", bytes, offset);
			}
		}
	}
	EXPECT_EQ(V1_RUNNING, v1_state(&self->v1));
	expect_it_migrates(_metadata, self);
}

TEST_F(v1, registers_that_are_read_only_stay_so)
{
	static const __u64 registers[] = {
		V1_REGISTER(pending_bytes), V1_REGISTER(data_offset),
	};
	__u64 value = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(registers); i++)
		EXPECT_EQ(-EINVAL, __v1_write(&self->v1, registers[i], &value, 8));
	EXPECT_EQ(-EINVAL, __v1_write(&self->v1, V1_REGISTER(reserved), &value, 4));
	/* There is nothing to load */
	EXPECT_EQ(-EINVAL, __v1_write(&self->v1, V1_REGISTER(data_size), &value, 8));
	EXPECT_EQ(-1, pread(self->dev.fd, &value, 8, self->v1.base + self->v1.bytes));
	EXPECT_EQ(EINVAL, errno);
}

static const __u32 states[] = {
	V1_STOP, V1_RUNNING, V1_STOP_COPY, V1_PRE_COPY, V1_RESUMING,
};

static bool is_state(__u32 state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (states[i] == state)
			return true;
	}
	return false;
}

/* A device that was stopped to be copied cannot run and be copied before it has run again. */
static bool is_walk(const struct vfio_dev *dev, __u32 from, __u32 to)
{
	if (!is_state(to))
		return false;
	return !(from == V1_STOP_COPY && to == V1_PRE_COPY &&
		 dev->mig_flags & VFIO_MIGRATION_PRE_COPY);
}

TEST_F_TIMEOUT(v1, every_combination_of_states, 120)
{
	unsigned int i;
	__u32 to;
	int ret;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		for (to = 0; to < 16; to++) {
			vfio_dev_reset(&self->dev);
			v1_set_state(&self->v1, states[i]);
			ASSERT_EQ(states[i], v1_state(&self->v1));
			ret = __v1_set_state(&self->v1, to);
			EXPECT_EQ(is_walk(&self->dev, states[i], to) ? 0 : -EINVAL, ret) {
				TH_LOG("from %u to %u: %s", states[i], to, strerror(-ret));
			}
			EXPECT_EQ(ret ? states[i] : to, v1_state(&self->v1));
		}
	}
	EXPECT_EQ(-EINVAL, __v1_set_state(&self->v1, 1U << 31 | V1_RUNNING));
	expect_it_migrates(_metadata, self);
}

TEST_F(v1, migrates_stopped)
{
	expect_it_migrates(_metadata, self);
}

/* In QEMU's order: running, with rounds until little is left, stopped, to the end */
static void save_running(struct __test_metadata *_metadata, FIXTURE_DATA(v1) * self)
{
	__u64 pending = 1, got;
	int round;

	v1_set_state(&self->v1, V1_PRE_COPY);
	for (round = 0; pending && round < 100000; round++) {
		ASSERT_EQ(0, __v1_pending(&self->v1, &pending));
		if (pending)
			ASSERT_EQ(0, __v1_fetch(&self->v1, &self->image, &got));
	}
	EXPECT_EQ(0, pending);
	EXPECT_EQ(V1_PRE_COPY, v1_state(&self->v1));
	EXPECT_EQ(0, __v1_save(&self->v1, &self->image, V1_STOP));
}

TEST_F(v1, migrates_running)
{
	struct vfio_image after = {};

	save_running(_metadata, self);
	EXPECT_EQ(V1_STOP, v1_state(&self->v1));
	vfio_dev_reset(&self->dev);
	ASSERT_EQ(0, __v1_load(&self->v1, &self->image, V1_RUNNING));
	EXPECT_EQ(V1_RUNNING, v1_state(&self->v1));
	EXPECT_EQ(0, __v1_save(&self->v1, &after, V1_RUNNING));
	EXPECT_LT(0, after.size);
	vfio_image_free(&after);
}

/* Nothing is lost that was in the window when the state changed, or asked for twice */
TEST_F(v1, what_is_in_the_window_stays_until_it_is_done_with)
{
	__u64 pending, bytes, again;
	unsigned char *copy;

	v1_set_state(&self->v1, V1_STOP_COPY);
	ASSERT_EQ(0, __v1_pending(&self->v1, &pending));
	EXPECT_LT(0, pending);
	ASSERT_EQ(0, __v1_read(&self->v1, V1_REGISTER(data_size), &bytes, 8));
	EXPECT_LT(0, bytes);
	copy = malloc(bytes);
	ASSERT_NE(NULL, copy);
	memcpy(copy, self->v1.window, bytes);
	v1_set_state(&self->v1, V1_STOP_COPY);
	ASSERT_EQ(0, __v1_read(&self->v1, V1_REGISTER(data_offset), &again, 8));
	ASSERT_EQ(0, __v1_read(&self->v1, V1_REGISTER(data_size), &again, 8));
	EXPECT_EQ(bytes, again);
	EXPECT_EQ(0, memcmp(copy, self->v1.window, bytes));
	free(copy);
}

/* A client without a mapping moves the same bytes */
TEST_F(v1, window_can_be_read_and_written)
{
	unsigned char pattern[256], copy[256];
	__u64 at = self->v1.window_offset + self->page_bytes - sizeof(pattern) / 2;
	unsigned int i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = i * 7 + 1;
	ASSERT_EQ(0, __v1_write(&self->v1, at, pattern, sizeof(pattern)));
	EXPECT_EQ(0, memcmp(pattern, self->v1.window + (at - self->v1.window_offset),
			    sizeof(pattern)));
	ASSERT_EQ(0, __v1_read(&self->v1, at, copy, sizeof(copy)));
	EXPECT_EQ(0, memcmp(pattern, copy, sizeof(copy)));
	/* Across the end: as much as there is */
	EXPECT_EQ(16, pread(self->dev.fd, copy, sizeof(copy),
			    self->v1.base + self->v1.bytes - 16));
}

static int try_map(FIXTURE_DATA(v1) * self, __u64 offset, __u64 bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, self->dev.fd,
			 self->v1.base + offset);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, bytes);
	return 0;
}

TEST_F(v1, window_alone_can_be_mapped)
{
	__u64 page = self->page_bytes;

	EXPECT_EQ(-EINVAL, try_map(self, 0, page));
	EXPECT_EQ(-EINVAL, try_map(self, 0, self->v1.bytes));
	EXPECT_EQ(0, try_map(self, self->v1.window_offset, page));
	EXPECT_EQ(0, try_map(self, self->v1.bytes - page, page));
	EXPECT_EQ(-EINVAL, try_map(self, self->v1.bytes - page, 2 * page));
	EXPECT_EQ(-EINVAL, try_map(self, self->v1.bytes, page));
}

/* A mapping may stay when all else is gone */
TEST_F(v1, mapping_outlives_the_device)
{
	unsigned char *window = self->v1.window;

	self->v1.window = NULL;
	vfio_dev_close(&self->dev);
	window[0] = 0x5a;
	EXPECT_EQ(0x5a, window[0]);
	EXPECT_EQ(0, munmap(window, self->v1.window_bytes));
}

/* As QEMU does when a migration is cancelled or fails, in each of its phases */
TEST_F(v1, called_off_in_each_phase)
{
	__u64 pending, got;
	int phase;

	for (phase = 0; phase < 6; phase++) {
		v1_set_state(&self->v1, V1_PRE_COPY);
		if (phase >= 1)
			ASSERT_EQ(0, __v1_pending(&self->v1, &pending));
		if (phase >= 2)
			ASSERT_EQ(0, __v1_fetch(&self->v1, &self->image, &got));
		if (phase >= 3)
			v1_set_state(&self->v1, V1_STOP_COPY);
		if (phase >= 4)
			ASSERT_EQ(0, __v1_pending(&self->v1, &pending));
		if (phase >= 5)
			ASSERT_EQ(0, __v1_drain(&self->v1, &self->image));
		v1_set_state(&self->v1, V1_RUNNING);
		EXPECT_EQ(V1_RUNNING, v1_state(&self->v1));
		ASSERT_EQ(0, __v1_pending(&self->v1, &pending));
		EXPECT_EQ(0, pending);
		vfio_image_free(&self->image);
	}
	expect_it_migrates(_metadata, self);
}

TEST_F(v1, reset_ends_all)
{
	unsigned int i;
	__u64 bytes;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		v1_set_state(&self->v1, states[i]);
		vfio_dev_reset(&self->dev);
		EXPECT_EQ(V1_RUNNING, v1_state(&self->v1));
		if (states[i] & V1_STOP_COPY && self->dev.mig_flags & VFIO_MIGRATION_PRE_COPY)
			EXPECT_EQ(-ENODEV, __v1_pending(&self->v1, &bytes));
		v1_set_state(&self->v1, V1_RUNNING);
	}
	expect_it_migrates(_metadata, self);
}

TEST_F(v1, bad_streams_are_refused)
{
	unsigned char noise[4096];
	__u64 bytes;
	int ret;

	memset(noise, 0xa5, sizeof(noise));
	v1_set_state(&self->v1, V1_RESUMING);
	bytes = self->v1.window_bytes + 1;
	EXPECT_EQ(-EINVAL, __v1_write(&self->v1, V1_REGISTER(data_size), &bytes, 8));
	bytes = 0;
	EXPECT_EQ(0, __v1_write(&self->v1, V1_REGISTER(data_size), &bytes, 8));

	ret = __v1_feed(&self->v1, noise, sizeof(noise)) ?:
	      __v1_set_state(&self->v1, V1_RUNNING);
	EXPECT_GT(0, ret);
	EXPECT_EQ(V1_RESUMING, v1_state(&self->v1));
	expect_it_migrates(_metadata, self);

	/* One that ends too early */
	vfio_dev_reset(&self->dev);
	ASSERT_EQ(0, __v1_save(&self->v1, &self->image, V1_STOP));
	vfio_dev_reset(&self->dev);
	v1_set_state(&self->v1, V1_RESUMING);
	ASSERT_EQ(0, __v1_feed(&self->v1, self->image.data, self->image.size - 1));
	EXPECT_EQ(-EINVAL, __v1_set_state(&self->v1, V1_RUNNING));
	/* What is missing can still come */
	EXPECT_EQ(0, __v1_feed(&self->v1, self->image.data + self->image.size - 1, 1));
	EXPECT_EQ(0, __v1_set_state(&self->v1, V1_RUNNING));
	expect_it_migrates(_metadata, self);
}

/* The first that changes a state has the device until it is closed. */
TEST_F(v1, one_protocol_at_a_time)
{
	int none;

	v1_set_state(&self->v1, V1_STOP_COPY);
	EXPECT_EQ(-EBUSY, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP, &none));
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, vfio_mig_state(&self->dev));
	v1_close(&self->v1);
	vfio_dev_close(&self->dev);

	vfio_dev_open(&self->dev, vfio_bdf(0));
	ASSERT_EQ(NULL, open_v1(&self->v1, &self->dev));
	close(vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY));
	EXPECT_EQ(-EBUSY, __v1_set_state(&self->v1, V1_RUNNING));
	EXPECT_EQ(V1_STOP_COPY, v1_state(&self->v1));
	/* A reset does not change hands */
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(-EBUSY, __v1_set_state(&self->v1, V1_RUNNING));
	EXPECT_EQ(V1_RUNNING, v1_state(&self->v1));
}

/* Also when it came but halfway */
TEST_F(v1, walk_that_fails_has_the_device)
{
	int none;

	if (__vfio_sysfs_write(FAIL_STOP, "1"))
		SKIP(return, "needs the sample variant's option fail_stop");
	EXPECT_EQ(-EIO, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP, &none));
	__vfio_sysfs_write(FAIL_STOP, "0");
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING_P2P, vfio_mig_state(&self->dev));
	EXPECT_EQ(-EBUSY, __v1_set_state(&self->v1, V1_RUNNING));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING_P2P, vfio_mig_state(&self->dev));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
}

/* What one protocol saves the other loads. */
TEST_F(v1, streams_are_those_of_v2)
{
	struct vfio_image v2 = {};

	ASSERT_EQ(0, __v1_save(&self->v1, &self->image, V1_STOP));
	v1_close(&self->v1);
	vfio_dev_close(&self->dev);

	vfio_dev_open(&self->dev, vfio_bdf(0));
	vfio_image_load(&self->dev, &self->image, VFIO_DEVICE_STATE_STOP);
	vfio_image_save(&self->dev, &v2, VFIO_DEVICE_STATE_STOP);
	EXPECT_TRUE(vfio_image_equal(&self->image, &v2));
	vfio_dev_close(&self->dev);

	vfio_dev_open(&self->dev, vfio_bdf(0));
	ASSERT_EQ(NULL, open_v1(&self->v1, &self->dev));
	EXPECT_EQ(0, __v1_load(&self->v1, &v2, V1_STOP));
	vfio_image_free(&self->image);
	EXPECT_EQ(0, __v1_save(&self->v1, &self->image, V1_RUNNING));
	EXPECT_TRUE(vfio_image_equal(&self->image, &v2));
	vfio_image_free(&v2);
}

/* With the module's parameter there is no region, and v2 does not mind. */
TEST(region_can_be_switched_off)
{
	int param = open("/sys/module/vfio_pci_variant/parameters/migration_region", O_RDONLY);
	struct vfio_image image = {};
	struct v1_region v1 = {};
	struct vfio_dev dev = {};
	const char *skip;
	char is = 0;

	if (param < 0 || read(param, &is, 1) != 1 || is != 'N')
		SKIP(return, "the region is not switched off");
	close(param);
	skip = open_migratable(&dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
	EXPECT_NE(NULL, open_v1(&v1, &dev));
	vfio_image_save(&dev, &image, VFIO_DEVICE_STATE_RUNNING);
	vfio_dev_reset(&dev);
	EXPECT_TRUE(vfio_image_round_trip(&dev, &image));
	vfio_image_free(&image);
	v1_close(&v1);
	vfio_dev_close(&dev);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
