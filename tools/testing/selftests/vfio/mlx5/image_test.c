// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a save gives and what a load makes of it: the image of a device that
 * was loaded from an image is that image, byte for byte, on the same device and
 * on another. Half an image is refused, and a refusal does no lasting harm.
 */
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"

FIXTURE(image) {
	struct vfio_dev dev;
	struct vfio_image image;
	struct vfio_image again;
};

FIXTURE_SETUP(image)
{
	const char *skip = open_migratable(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_STOP);
}

FIXTURE_TEARDOWN(image)
{
	vfio_image_free(&self->image);
	vfio_image_free(&self->again);
	vfio_dev_close(&self->dev);
}

TEST_F(image, is_not_empty)
{
	EXPECT_LT(0, self->image.size);
	TH_LOG("%zu bytes", self->image.size);
}

TEST_F(image, second_save_is_the_same)
{
	vfio_image_save(&self->dev, &self->again, VFIO_DEVICE_STATE_STOP);
	EXPECT_TRUE(vfio_image_equal(&self->image, &self->again));
}

TEST_F(image, save_after_reset_and_load_is_the_same)
{
	vfio_dev_reset(&self->dev);
	vfio_image_load(&self->dev, &self->image, VFIO_DEVICE_STATE_STOP);
	vfio_image_save(&self->dev, &self->again, VFIO_DEVICE_STATE_STOP);
	EXPECT_TRUE(vfio_image_equal(&self->image, &self->again));
}

TEST_F(image, save_after_running_on_a_loaded_image_loads)
{
	vfio_image_load(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	vfio_image_save(&self->dev, &self->again, VFIO_DEVICE_STATE_RUNNING);
	vfio_dev_reset(&self->dev);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->again));
}

/* A monitor without P2P that stops first, then copies, and goes on where it was stopped */
TEST_F(image, by_stop_on_both_ways)
{
	int fd;

	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP));
	fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	vfio_image_read(fd, &self->again);
	EXPECT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP));
	close(fd);
	EXPECT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	vfio_dev_reset(&self->dev);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->again));
}

/* The destination of that monitor: by no state but the one in which it loads */
TEST_F(image, from_running_to_running)
{
	int fd;

	vfio_dev_reset(&self->dev);
	fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RESUMING);
	ASSERT_EQ(0, __vfio_image_write(fd, self->image.data, self->image.size, 1 << 20));
	EXPECT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING));
	close(fd);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	vfio_image_save(&self->dev, &self->again, VFIO_DEVICE_STATE_STOP);
	vfio_dev_reset(&self->dev);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->again));
}

TEST_F(image, goes_round_many_times)
{
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_TRUE(vfio_image_round_trip(&self->dev, &self->image)) {
			TH_LOG("round %d", i);
		}
	}
}

TEST_F(image, loads_into_another_device)
{
	struct vfio_dev other;
	const char *skip = open_migratable(&other, 1);

	if (skip)
		SKIP(return, "%s", skip);
	EXPECT_TRUE(vfio_image_round_trip(&other, &self->image));
	vfio_image_save(&other, &self->again, VFIO_DEVICE_STATE_STOP);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->again));
	vfio_dev_close(&other);
}

TEST_F(image, data_size_bounds_the_stream_in_each_state)
{
	static const __u32 states[] = {
		VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_RUNNING_P2P,
		VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY,
	};
	__u64 bytes;
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (!vfio_state_exists(self->dev.mig_flags, states[i]))
			continue;
		fd = vfio_mig_set_state(&self->dev, states[i]);
		EXPECT_EQ(0, __vfio_mig_data_size(&self->dev, &bytes));
		EXPECT_LE(self->image.size, bytes) {
			TH_LOG("in %s", vfio_state_name(states[i]));
		}
		if (fd >= 0)
			close(fd);
	}
}

TEST_F(image, data_size_answers_in_resuming)
{
	__u64 bytes;
	int fd;

	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING,
			    &self->image);
	EXPECT_EQ(0, __vfio_mig_data_size(&self->dev, &bytes));
	close(fd);
}

/*
 * "If the user provided data is found to be incomplete [...] the migration
 * driver must fail the SET_STATE ioctl": the error may also come earlier, from
 * write(). Whatever state the device is in then, a reset brings it back.
 */
static void expect_refusal(struct __test_metadata *_metadata,
			   FIXTURE_DATA(image) * self, size_t bytes)
{
	int fd, none, ret;

	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	ret = __vfio_image_write(fd, self->image.data, bytes, 1 << 20);
	if (!ret) {
		ret = __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP,
					   &none);
		EXPECT_EQ(-1, none);
	}
	EXPECT_NE(0, ret) {
		TH_LOG("%zu of %zu bytes were taken for a whole image", bytes,
		       self->image.size);
	}
	close(fd);
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
}

TEST_F(image, incomplete_is_refused)
{
	expect_refusal(_metadata, self, 1);
	expect_refusal(_metadata, self, self->image.size / 2);
	expect_refusal(_metadata, self, self->image.size - 1);

	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

/* An empty stream can be refused too, or be taken for "load nothing". */
TEST_F(image, empty_stream_changes_nothing)
{
	int fd, none, ret;

	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	ret = __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP, &none);
	EXPECT_TRUE(!ret || ret == -EINVAL);
	close(fd);
	if (ret)
		SKIP(return, "an empty stream is refused here");
	vfio_image_save(&self->dev, &self->again, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_TRUE(vfio_image_equal(&self->image, &self->again));
}

TEST_F(image, abandoned_load_leaves_no_trace)
{
	int fd;

	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	EXPECT_EQ(0, __vfio_image_write(fd, self->image.data,
					self->image.size / 2, 1 << 20));
	vfio_dev_reset(&self->dev);
	close(fd);
	vfio_image_save(&self->dev, &self->again, VFIO_DEVICE_STATE_STOP);
	EXPECT_EQ(self->image.size, self->again.size);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
