// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware that fails or is slow, by the faults of the emulated device.
 *
 * The sweep makes the first, second, ... command of a kind fail in a whole
 * migration until one goes through untouched. Wherever it was, the source must
 * go on with all that its driver made, without a reset, and the destination
 * must be usable after one.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "model_fault.h"
#include "mlx5_hca.h"

#define STATUS_INTERNAL		0x1

/* More commands of a kind than any migration has */
#define SWEEP_LIMIT		20

/* Long enough to do something meanwhile, on any machine */
#define SLOW_MS			1500

FIXTURE(sweep) {
	struct vfio_dev src;
	struct vfio_dev dst;
	struct mlx5_hca hca;
	__u8 mkey[MLX5_BYTES(query_mkey_out)];
};

FIXTURE_VARIANT(sweep) {
	const char *command;
	/* How many of them can fail a migration, at least */
	unsigned int min_failures;
};

FIXTURE_VARIANT_ADD(sweep, suspend) {
	.command = "SUSPEND_VHCA", .min_failures = 4,
};

FIXTURE_VARIANT_ADD(sweep, resume) {
	.command = "RESUME_VHCA", .min_failures = 2,
};

FIXTURE_VARIANT_ADD(sweep, query) {
	.command = "QUERY_VHCA_MIGRATION_STATE", .min_failures = 1,
};

FIXTURE_VARIANT_ADD(sweep, save) {
	.command = "SAVE_VHCA_STATE", .min_failures = 1,
};

FIXTURE_VARIANT_ADD(sweep, load) {
	.command = "LOAD_VHCA_STATE", .min_failures = 1,
};

FIXTURE_VARIANT_ADD(sweep, create_mkey) {
	.command = "CREATE_MKEY", .min_failures = 2,
};

/* What cannot be undone is leaked; it must not fail the migration. */
FIXTURE_VARIANT_ADD(sweep, destroy_mkey) {
	.command = "DESTROY_MKEY", .min_failures = 0,
};

FIXTURE_VARIANT_ADD(sweep, alloc_pd) {
	.command = "ALLOC_PD", .min_failures = 0,
};

FIXTURE_SETUP(sweep)
{
	const char *skip = model_fault_open() ?:
			   open_mlx5_pair(&self->src, &self->dst);

	if (skip)
		SKIP(return, "%s", skip);
	mlx5_hca_start(&self->hca, &self->src);
	ASSERT_EQ(0, __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_MKEY,
				      self->hca.mkey_index, self->mkey,
				      sizeof(self->mkey)));
}

FIXTURE_TEARDOWN(sweep)
{
	model_fault_close();
	mlx5_hca_uninit(&self->hca);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
}

static int migrate(FIXTURE_DATA(sweep) * self)
{
	struct vfio_image image = {};
	int ret;

	ret = __vfio_image_save(&self->src, &image, VFIO_DEVICE_STATE_STOP);
	if (!ret)
		ret = __vfio_image_load(&self->dst, &image,
					VFIO_DEVICE_STATE_RUNNING);
	vfio_image_free(&image);
	return ret;
}

static void expect_driver_lives(struct __test_metadata *_metadata,
				FIXTURE_DATA(sweep) * self)
{
	__u8 mkey[MLX5_BYTES(query_mkey_out)];

	EXPECT_EQ(0, __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_MKEY,
				      self->hca.mkey_index, mkey,
				      sizeof(mkey)));
	EXPECT_EQ(0, memcmp(self->mkey, mkey, sizeof(mkey)));
}

/* What a virtual machine monitor does when a migration has failed */
static void roll_back(struct __test_metadata *_metadata,
		      FIXTURE_DATA(sweep) * self)
{
	__u32 state = vfio_mig_state(&self->src);
	int none;

	EXPECT_NE(VFIO_DEVICE_STATE_ERROR, state);
	EXPECT_EQ(0, __vfio_mig_set_state(&self->src,
					  VFIO_DEVICE_STATE_RUNNING, &none)) {
		TH_LOG("from %s", vfio_state_name(state));
		vfio_dev_reset(&self->src);
	}
	expect_driver_lives(_metadata, self);
	vfio_dev_reset(&self->dst);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dst));
}

TEST_F(sweep, each_failure_leaves_two_working_devices)
{
	unsigned int nth, failures = 0;
	int ret;

	for (nth = 1; nth <= SWEEP_LIMIT; nth++) {
		model_fail(variant->command, nth, STATUS_INTERNAL);
		ret = migrate(self);
		model_no_faults();
		if (!ret)
			break;
		TH_LOG("%s number %u: %s", variant->command, nth,
		       strerror(-ret));
		EXPECT_EQ(-EIO, ret);
		failures++;
		roll_back(_metadata, self);
	}
	EXPECT_LE(nth, SWEEP_LIMIT);
	EXPECT_LE(variant->min_failures, failures);
	mlx5_hca_attach(&self->hca, &self->dst);
	expect_driver_lives(_metadata, self);
}

FIXTURE(slow) {
	struct vfio_dev dev;
	struct vfio_image image;
	int fd;
};

FIXTURE_SETUP(slow)
{
	const char *skip = model_fault_open();

	self->fd = -1;
	if (!skip)
		skip = open_mlx5(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_STOP);
}

FIXTURE_TEARDOWN(slow)
{
	if (self->fd >= 0)
		close(self->fd);
	model_fault_close();
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

/* A save that the firmware is busy with */
static void start_slow_save(FIXTURE_DATA(slow) * self)
{
	model_delay("SAVE_VHCA_STATE", SLOW_MS);
	self->fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY);
}

static int poll_in(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms);
}

TEST_F(slow, save_can_be_polled)
{
	struct vfio_image again = {};

	start_slow_save(self);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	/* What the driver itself has to say is there at once. */
	EXPECT_EQ(-EAGAIN, __vfio_image_read(self->fd, &again, 4096));
	EXPECT_EQ(0, poll_in(self->fd, 0));
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, vfio_mig_state(&self->dev));
	EXPECT_EQ(1, poll_in(self->fd, 20 * SLOW_MS));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
	vfio_image_read(self->fd, &again);
	EXPECT_TRUE(vfio_image_equal(&self->image, &again));
	vfio_image_free(&again);
}

static void expect_dead_and_usable(struct __test_metadata *_metadata,
				   FIXTURE_DATA(slow) * self)
{
	char byte;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	model_no_faults();
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

TEST_F(slow, reset_during_a_save)
{
	start_slow_save(self);
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	expect_dead_and_usable(_metadata, self);
}

TEST_F(slow, stop_during_a_save)
{
	start_slow_save(self);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	expect_dead_and_usable(_metadata, self);
}

TEST_F(slow, close_during_a_save)
{
	start_slow_save(self);
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	expect_dead_and_usable(_metadata, self);
}

TEST_F(slow, data_file_closed_during_a_save)
{
	start_slow_save(self);
	close(self->fd);
	self->fd = -1;
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	model_no_faults();
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

struct reader {
	int fd;
	struct vfio_image image;
	int ret;
};

static void *read_all(void *arg)
{
	struct reader *reader = arg;

	reader->ret = __vfio_image_read(reader->fd, &reader->image, 4096);
	return NULL;
}

TEST_F(slow, reset_wakes_who_waits_for_data)
{
	struct reader reader = {};
	pthread_t thread;

	start_slow_save(self);
	reader.fd = self->fd;
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_all, &reader));
	vfio_dev_reset(&self->dev);
	pthread_join(thread, NULL);
	/* The whole image if it was quick, but never an end before the end */
	EXPECT_TRUE(reader.ret == -ENODEV ||
		    (!reader.ret && reader.image.size == self->image.size));
	vfio_image_free(&reader.image);
	expect_dead_and_usable(_metadata, self);
}

/* All but the last byte written fast; then what the firmware is busy with */
static void start_slow_load(FIXTURE_DATA(slow) * self)
{
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	vfio_dev_reset(&self->dev);
	self->fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RESUMING);
	VFIO_ASSERT(!fcntl(self->fd, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
	model_delay("LOAD_VHCA_STATE", SLOW_MS);
	VFIO_ASSERT(!__vfio_image_write(self->fd, self->image.data,
					self->image.size, self->image.size),
		    "write of an image");
}

TEST_F(slow, leaving_resuming_waits_for_the_load)
{
	struct vfio_image again = {};

	start_slow_load(self);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	vfio_image_save(&self->dev, &again, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_TRUE(vfio_image_equal(&self->image, &again));
	vfio_image_free(&again);
}

TEST_F(slow, reset_during_a_load)
{
	start_slow_load(self);
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(-1, write(self->fd, self->image.data, 1));
	EXPECT_EQ(ENODEV, errno);
	model_no_faults();
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

TEST_F(slow, close_during_a_load)
{
	start_slow_load(self);
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	model_no_faults();
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

/*
 * A function that is being loaded has no size to tell yet. A question that comes before the
 * driver has posted the command is answered at once, those after it when the command is over.
 */
TEST_F(slow, size_waits_for_the_load)
{
	__u64 start, asked;
	unsigned int longest_ms = 0;
	__u64 bytes;

	start_slow_load(self);
	start = clock_ns();
	do {
		asked = clock_ns();
		EXPECT_EQ(0, __vfio_mig_data_size(&self->dev, &bytes));
		if (ms_since(asked) > longest_ms)
			longest_ms = ms_since(asked);
	} while (longest_ms < SLOW_MS / 2 && ms_since(start) < 2 * SLOW_MS);
	EXPECT_LE(SLOW_MS / 2, longest_ms);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
}

/* Only a save in pieces says how large the next one is. */
TEST_F(slow, reserved_fields_of_a_save_mean_nothing)
{
	model_save_next(4096);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

FIXTURE(pcie_error) {
	struct vfio_dev dev;
	struct vfio_image image;
	int event;
	int fd;
};

FIXTURE_VARIANT(pcie_error) {
	__u32 state;
};

FIXTURE_VARIANT_ADD(pcie_error, in_stop_copy) {
	.state = VFIO_DEVICE_STATE_STOP_COPY,
};

FIXTURE_VARIANT_ADD(pcie_error, in_resuming) {
	.state = VFIO_DEVICE_STATE_RESUMING,
};

FIXTURE_SETUP(pcie_error)
{
	const char *skip = model_fault_open();

	self->fd = -1;
	self->event = -1;
	if (!skip)
		skip = open_mlx5(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	self->event = vfio_irq_eventfd(&self->dev, VFIO_PCI_ERR_IRQ_INDEX);
	self->fd = vfio_mig_enter(&self->dev, variant->state, NULL);
}

FIXTURE_TEARDOWN(pcie_error)
{
	if (self->fd >= 0)
		close(self->fd);
	if (self->event >= 0)
		close(self->event);
	model_fault_close();
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

/* The PF is without a driver for a while; only then can a VF be saved. */
static int wait_for_pf(const struct vfio_dev *dev)
{
	struct timespec pause = { .tv_nsec = 50000000 };
	int tries, ret;
	__u64 bytes;

	for (tries = 0; tries < 600; tries++) {
		ret = __vfio_mig_data_size(dev, &bytes);
		if (ret != -ENOTCONN)
			return 0;
		nanosleep(&pause, NULL);
	}
	return ret;
}

/*
 * The user hears of the error, its session is over, and once the PF is back a
 * reset is all that the VF needs.
 */
TEST_F_TIMEOUT(pcie_error, ends_the_session_and_reset_recovers, 120)
{
	char byte = 0;
	ssize_t ret;

	model_pcie_error();
	EXPECT_EQ(1, poll_in(self->event, 20 * SLOW_MS)) {
		TH_LOG("nobody heard of the error");
	}
	ASSERT_EQ(0, wait_for_pf(&self->dev));
	vfio_dev_reset(&self->dev);
	ret = variant->state == VFIO_DEVICE_STATE_RESUMING ?
	      write(self->fd, &byte, 1) : read(self->fd, &byte, 1);
	EXPECT_EQ(-1, ret);
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
