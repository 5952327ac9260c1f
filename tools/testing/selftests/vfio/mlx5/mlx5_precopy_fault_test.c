// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware that fails or is slow while an mlx5 function that runs is saved, by the
 * faults of the emulated device. Where it says that it cannot tell changes, the
 * migration goes on, with the whole state at its end; where it fails, the source
 * goes on. In neither case anything that the driver made is lost.
 */
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "model_fault.h"

#define STATUS_INTERNAL		0x1
#define STATUS_BAD_RES_STATE	0x9

/* More commands of a kind than any migration has */
#define SWEEP_LIMIT		20

/* Long enough to do something meanwhile, on any machine */
#define SLOW_MS			1500

#define PIECE_BYTES		4096
#define MAX_PASSES		16

/* Two protection domains are made before each pass. */
#define PDS_A_PASS		2
#define MAX_PDS			(12 * PDS_A_PASS)

FIXTURE(fault) {
	struct vfio_dev src;
	struct vfio_dev dst;
	struct mlx5_hca hca;
	struct vfio_image image;
	int fd;
	__u32 pds[MAX_PDS];
	unsigned int nr_pds;
};

FIXTURE_SETUP(fault)
{
	const char *skip = model_fault_open() ?:
			   open_mlx5_pair(&self->src, &self->dst);

	self->fd = -1;
	if (skip)
		SKIP(return, "%s", skip);
	if (!(self->src.mig_flags & VFIO_MIGRATION_PRE_COPY))
		SKIP(return, "%s has no PRE_COPY", self->src.bdf);
	mlx5_hca_start(&self->hca, &self->src);
}

FIXTURE_TEARDOWN(fault)
{
	if (self->fd >= 0)
		close(self->fd);
	model_fault_close();
	mlx5_hca_uninit(&self->hca);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
}

static void make_some(FIXTURE_DATA(fault) * self)
{
	int i;

	for (i = 0; i < PDS_A_PASS; i++)
		self->pds[self->nr_pds++] = mlx5_cmd_alloc(&self->hca, MLX5_CMD_OP_ALLOC_PD);
}

/* All that was made is there, once; nothing of it is left. */
static void expect_all(struct __test_metadata *_metadata, FIXTURE_DATA(fault) * self)
{
	__u8 out[MLX5_BYTES(query_mkey_out)];

	EXPECT_EQ(0, __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_MKEY,
				      self->hca.mkey_index, out, sizeof(out)));
	while (self->nr_pds--) {
		EXPECT_EQ(0, __mlx5_cmd_handle(&self->hca, MLX5_CMD_OP_DEALLOC_PD,
					       self->pds[self->nr_pds]));
	}
	self->nr_pds = 0;
}

/* Until nothing has changed any more; 0, or the errno of what says no */
static int read_passes(FIXTURE_DATA(fault) * self)
{
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN };
	struct vfio_precopy_info info = {};
	int passes, ret;

	for (passes = 0; passes < MAX_PASSES; passes++) {
		ret = __vfio_precopy_info(self->fd, &info);
		if (ret || (!info.initial_bytes && !info.dirty_bytes))
			return ret;
		/* Changes take a moment to be saved. */
		poll(&pfd, 1, SLOW_MS);
		ret = __vfio_precopy_read(self->fd, &self->image);
		if (ret != -ENOMSG)
			return ret ?: -EPROTO;
	}
	return -EOVERFLOW;
}

/* RUNNING -> PRE_COPY -> STOP_COPY -> STOP, and the whole stream. */
static int save(FIXTURE_DATA(fault) * self)
{
	int none, ret;

	make_some(self);
	ret = __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY, &self->fd);
	if (!ret)
		ret = read_passes(self);
	if (!ret) {
		make_some(self);
		ret = read_passes(self);
	}
	if (!ret) {
		make_some(self);
		ret = __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY, &none);
	}
	if (!ret)
		ret = __vfio_image_read(self->fd, &self->image, PIECE_BYTES);
	if (!ret)
		ret = __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP, &none);
	return ret;
}

static void forget_stream(FIXTURE_DATA(fault) * self)
{
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
	vfio_image_free(&self->image);
}

static int land(FIXTURE_DATA(fault) * self)
{
	int ret;

	ret = __vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_STOP);
	forget_stream(self);
	if (ret)
		return ret;
	mlx5_hca_attach(&self->hca, &self->dst);
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING);
	return 0;
}

/* What a virtual machine monitor does when a migration has failed */
static void roll_back(struct __test_metadata *_metadata, FIXTURE_DATA(fault) * self)
{
	int none;

	forget_stream(self);
	EXPECT_EQ(0, __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING, &none)) {
		TH_LOG("%s does not run on", self->src.bdf);
		vfio_dev_reset(&self->src);
	}
	expect_all(_metadata, self);
}

/* Two functions that are new, with a driver on the source */
static void start_over(FIXTURE_DATA(fault) * self)
{
	mlx5_hca_uninit(&self->hca);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
	vfio_dev_open(&self->src, self->src.bdf);
	vfio_dev_open(&self->dst, self->dst.bdf);
	mlx5_hca_start(&self->hca, &self->src);
	self->nr_pds = 0;
}

static void sweep(struct __test_metadata *_metadata, FIXTURE_DATA(fault) * self,
		  const char *command, unsigned int min_failures)
{
	unsigned int nth, failures = 0;
	int ret;

	for (nth = 1; nth <= SWEEP_LIMIT; nth++) {
		model_fail(command, nth, STATUS_INTERNAL);
		ret = save(self);
		model_no_faults();
		if (!ret)
			break;
		TH_LOG("%s number %u: %s", command, nth, strerror(-ret));
		EXPECT_EQ(-EIO, ret);
		failures++;
		roll_back(_metadata, self);
	}
	EXPECT_LE(nth, SWEEP_LIMIT);
	EXPECT_LE(min_failures, failures);
	ASSERT_EQ(0, land(self));
	expect_all(_metadata, self);
}

TEST_F(fault, each_failed_save_leaves_a_working_device)
{
	sweep(_metadata, self, "SAVE_VHCA_STATE", 3);
}

TEST_F(fault, each_failed_query_leaves_a_working_device)
{
	sweep(_metadata, self, "QUERY_VHCA_MIGRATION_STATE", 3);
}

TEST_F(fault, each_failed_suspend_leaves_a_working_device)
{
	sweep(_metadata, self, "SUSPEND_VHCA", 2);
}

/* The migration goes well, although the @first to @last command says that it cannot track. */
static void lose_track(struct __test_metadata *_metadata, FIXTURE_DATA(fault) * self,
		       const char *command, unsigned int first, unsigned int last)
{
	unsigned int nth;

	for (nth = first; nth <= last; nth++) {
		model_fail(command, nth, STATUS_BAD_RES_STATE);
		EXPECT_EQ(0, save(self)) {
			TH_LOG("%s number %u", command, nth);
		}
		model_no_faults();
		ASSERT_EQ(0, land(self));
		expect_all(_metadata, self);
		start_over(self);
	}
}

TEST_F(fault, save_that_cannot_track_is_made_good)
{
	lose_track(_metadata, self, "SAVE_VHCA_STATE", 1, 3);
}

/* The first query is for the whole, and has no reason to say that. */
TEST_F(fault, query_that_cannot_track_is_made_good)
{
	lose_track(_metadata, self, "QUERY_VHCA_MIGRATION_STATE", 2, 5);
}

/* With a first save that is slow enough for a driver to get in its way */
TEST_F(fault, cards_that_take_it_ill_are_not_hurried)
{
	static const char * const knobs[] = {
		"x-twice-fails", "x-suspend-ends-save", "x-query-in-save-fails",
		"x-track-fails",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		model_behave(knobs[i], true);
		model_delay("SAVE_VHCA_STATE", SLOW_MS / 10);
		EXPECT_EQ(0, save(self)) {
			TH_LOG("with %s", knobs[i]);
		}
		model_no_faults();
		ASSERT_EQ(0, land(self));
		expect_all(_metadata, self);
		start_over(self);
	}
}

/* A monitor that is out of patience: the freeze waits, and the image is whole. */
TEST_F(fault, freeze_waits_for_the_first_save)
{
	__u64 start;
	int none;

	model_behave("x-suspend-ends-save", true);
	model_delay("SAVE_VHCA_STATE", SLOW_MS);
	make_some(self);
	start = clock_ns();
	ASSERT_EQ(0, __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY, &self->fd));
	ASSERT_EQ(0, __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY, &none));
	EXPECT_LE(SLOW_MS / 2, ms_since(start));
	EXPECT_EQ(0, __vfio_image_read(self->fd, &self->image, PIECE_BYTES));
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
	ASSERT_EQ(0, land(self));
	expect_all(_metadata, self);
}

TEST_F(fault, called_off_without_tracking)
{
	int none;

	model_behave("x-track-fails", true);
	make_some(self);
	ASSERT_EQ(0, __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY, &self->fd));
	EXPECT_EQ(0, read_passes(self));
	ASSERT_EQ(0, __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING, &none));
	model_no_faults();
	forget_stream(self);

	/* Nothing of it is in the way of the next one. */
	expect_all(_metadata, self);
	EXPECT_EQ(0, save(self));
	ASSERT_EQ(0, land(self));
	expect_all(_metadata, self);
}

TEST_F(fault, reset_during_the_first_save)
{
	char byte;

	model_delay("SAVE_VHCA_STATE", SLOW_MS);
	ASSERT_EQ(0, __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY, &self->fd));
	vfio_dev_reset(&self->src);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->src));
	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	model_no_faults();
	forget_stream(self);
	start_over(self);
	EXPECT_EQ(0, save(self));
	ASSERT_EQ(0, land(self));
	expect_all(_metadata, self);
}

/* As QEMU goes on once it has stopped the guest: to the end, and back when nothing can be read */
static void stop_with_broken_stream(struct __test_metadata *_metadata, FIXTURE_DATA(fault) * self)
{
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	EXPECT_EQ(-1, vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY));
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, vfio_mig_state(&self->src));
	EXPECT_EQ(-EIO, __vfio_precopy_read(self->fd, &self->image));
	model_no_faults();
	roll_back(_metadata, self);
}

/* A broken stream is no reason for QEMU to reset the function, as a failed arc would be. */
TEST_F(fault, broken_stream_does_not_keep_from_stopping)
{
	struct pollfd pfd = { .events = POLLIN };

	make_some(self);
	model_fail("SAVE_VHCA_STATE", 1, STATUS_INTERNAL);
	self->fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY);
	pfd.fd = self->fd;
	EXPECT_EQ(1, poll(&pfd, 1, 10 * SLOW_MS));
	EXPECT_EQ(-EIO, __vfio_precopy_read(self->fd, &self->image));
	stop_with_broken_stream(_metadata, self);

	EXPECT_EQ(0, save(self));
	ASSERT_EQ(0, land(self));
	expect_all(_metadata, self);
}

/*
 * A final pass that cannot begin for want of a memory key: the function runs on and changes, and
 * what is said of the next final pass is not what was known of this one.
 */
TEST_F(fault, final_pass_that_cannot_begin_is_forgotten)
{
	__u64 bytes = 0;
	size_t before;
	int i;

	self->fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY);
	make_some(self);
	/* Nothing was read, so that the final pass has to have another buffer */
	model_fail("CREATE_MKEY", 0, STATUS_INTERNAL);
	stop_with_broken_stream(_metadata, self);

	self->fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY);
	vfio_precopy_read(self->fd, &self->image);
	for (i = 0; i < MAX_PDS / PDS_A_PASS - 1; i++)
		make_some(self);
	EXPECT_EQ(0, __vfio_mig_data_size(&self->src, &bytes));
	before = self->image.size;
	ASSERT_EQ(-1, vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY));
	vfio_image_read(self->fd, &self->image);
	EXPECT_LE(self->image.size - before, bytes);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
	ASSERT_EQ(0, land(self));
	expect_all(_metadata, self);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
