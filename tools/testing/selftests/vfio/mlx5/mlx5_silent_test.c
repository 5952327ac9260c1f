// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware that does not answer for longer than mlx5_core waits, which is a minute,
 * and so is each of these tests: what was not answered is taken back or told, and
 * memory that the firmware may still use is not used by anybody else.
 */
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "model_fault.h"
#include "mlx5_hca.h"

/* mlx5_core gives up after 60 s */
#define SILENT_MS	75000
#define GIVEN_UP_MS	55000

/* A part of what tracks the pages that a function writes to does not go, as far as one hears. */

FIXTURE(tracker) {
	struct vfio_dev dev;
};

FIXTURE_VARIANT(tracker) {
	const char *command;
};

FIXTURE_VARIANT_ADD(tracker, object) {
	.command = "DESTROY_GENERAL_OBJECT",
};

FIXTURE_VARIANT_ADD(tracker, queue_pair) {
	.command = "DESTROY_QP",
};

FIXTURE_VARIANT_ADD(tracker, completion_queue) {
	.command = "DESTROY_CQ",
};

FIXTURE_SETUP(tracker)
{
	const char *skip = model_fault_open();

	if (!skip)
		skip = open_mlx5(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(tracker)
{
	model_fault_close();
	vfio_dev_close(&self->dev);
}

/* For how long the device was on its way back, and its tracker on the way out */
static __u64 save_and_go_on(const struct vfio_dev *dev, const char *slow_command)
{
	int fd = vfio_mig_enter(dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	__u64 start;

	close(fd);
	if (slow_command)
		model_delay_once(slow_command, SILENT_MS);
	start = clock_ns();
	vfio_mig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
	model_no_faults();
	return ms_since(start);
}

/*
 * The card has carried the command out, or does so later. What has the number of that part then may
 * be anybody's, so it is in no command any more: the next tracker, and the end of the device, at
 * which others are asked for once more, name nothing that is not there.
 */
TEST_F_TIMEOUT(tracker, is_not_destroyed_twice, 300)
{
	unsigned long long errors = model_guest_errors();

	EXPECT_LT(GIVEN_UP_MS, save_and_go_on(&self->dev, variant->command));
	EXPECT_GT(GIVEN_UP_MS, save_and_go_on(&self->dev, NULL));
	EXPECT_EQ(errors, model_guest_errors());
}

/* Its last test leaves a function that cannot be saved any more. */

FIXTURE(silent) {
	struct vfio_dev dev;
	struct mlx5_hca hca;
	__u8 mkey[MLX5_BYTES(query_mkey_out)];
};

FIXTURE_SETUP(silent)
{
	const char *skip = model_fault_open();

	if (!skip)
		skip = open_mlx5(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
	mlx5_hca_start(&self->hca, &self->dev);
	ASSERT_EQ(0, __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_MKEY,
				      self->hca.mkey_index, self->mkey,
				      sizeof(self->mkey)));
}

FIXTURE_TEARDOWN(silent)
{
	model_fault_close();
	mlx5_hca_uninit(&self->hca);
	vfio_dev_close(&self->dev);
}

/* A function that is suspended does not answer its driver. */
static void expect_driver_lives(struct __test_metadata *_metadata,
				FIXTURE_DATA(silent) * self)
{
	__u8 mkey[MLX5_BYTES(query_mkey_out)];

	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	EXPECT_EQ(0, __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_MKEY,
				      self->hca.mkey_index, mkey,
				      sizeof(mkey)));
	EXPECT_EQ(0, memcmp(self->mkey, mkey, sizeof(mkey)));
}

/* The command is carried out, which nobody hears. */
TEST_F_TIMEOUT(silent, suspend_is_taken_back, 300)
{
	int none;

	model_delay("SUSPEND_VHCA", SILENT_MS);
	EXPECT_EQ(-ETIMEDOUT, __vfio_mig_set_state(&self->dev,
						   VFIO_DEVICE_STATE_STOP, &none));
	model_no_faults();
	expect_driver_lives(_metadata, self);
}

TEST_F_TIMEOUT(silent, save_keeps_its_memory_and_is_the_last, 300)
{
	char byte;
	int fd, none;

	model_delay("SAVE_VHCA_STATE", SILENT_MS);
	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL);
	model_no_faults();
	/* The first bytes are the driver's own. */
	while (read(fd, &byte, 1) == 1)
		;
	EXPECT_EQ(ETIMEDOUT, errno);
	close(fd);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	EXPECT_EQ(-EBUSY, __vfio_mig_set_state(&self->dev,
					       VFIO_DEVICE_STATE_STOP_COPY, &none));
	/* The function itself has lost nothing. */
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	expect_driver_lives(_metadata, self);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
