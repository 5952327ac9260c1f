// SPDX-License-Identifier: GPL-2.0-only
/*
 * An mlx5 function that is saved while its driver works: what the driver makes,
 * changes and destroys between the first image and the final one must be so on
 * the destination, whatever way the states were walked. The driver is the very
 * small one of lib/mlx5_hca.c.
 */
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "mlx5_stream.h"
#include "model_fault.h"

/* Protection domains: the cheapest thing that a driver makes */
#define NR_PDS		8

FIXTURE(precopy) {
	struct vfio_dev src;
	struct vfio_dev dst;
	struct mlx5_hca hca;
	struct vfio_image image;
	int fd;
	__u32 pds[NR_PDS];
};

FIXTURE_SETUP(precopy)
{
	const char *skip;

	self->fd = -1;
	if (vfio_first_flags() && !(vfio_first_flags() & VFIO_MIGRATION_PRE_COPY))
		SKIP(return, "%s has no PRE_COPY", vfio_bdf(0));
	skip = open_mlx5_pair(&self->src, &self->dst);
	if (skip)
		SKIP(return, "%s", skip);
	mlx5_hca_start(&self->hca, &self->src);
}

FIXTURE_TEARDOWN(precopy)
{
	if (self->fd >= 0)
		close(self->fd);
	mlx5_hca_uninit(&self->hca);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
}

/* More than a monitor would ask for */
#define MAX_ROUNDS	20

/* All that there is, until nothing has changed any more */
static void read_passes(struct __test_metadata *_metadata,
			FIXTURE_DATA(precopy) * self)
{
	EXPECT_TRUE(vfio_precopy_drain(self->fd, &self->image, MAX_ROUNDS)) {
		TH_LOG("there is always more");
	}
}

static __u64 dirty_bytes(FIXTURE_DATA(precopy) * self)
{
	struct vfio_precopy_info info;

	vfio_precopy_info(self->fd, &info);
	return info.dirty_bytes;
}

static void enter(FIXTURE_DATA(precopy) * self, __u32 state)
{
	self->fd = vfio_mig_set_state(&self->src, state);
	VFIO_ASSERT(self->fd >= 0, "no data file in %s", vfio_state_name(state));
}

/* The rest of the stream, from any of the states that have one */
static void stop_and_read_the_rest(FIXTURE_DATA(precopy) * self)
{
	VFIO_ASSERT(vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY) == -1,
		    "a second data file");
	vfio_image_read(self->fd, &self->image);
	close(self->fd);
	self->fd = -1;
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
}

static void land(FIXTURE_DATA(precopy) * self)
{
	vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_STOP);
	mlx5_hca_attach(&self->hca, &self->dst);
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING);
}

static void alloc_pds(FIXTURE_DATA(precopy) * self)
{
	unsigned int i;

	for (i = 0; i < NR_PDS; i++)
		self->pds[i] = mlx5_cmd_alloc(&self->hca, MLX5_CMD_OP_ALLOC_PD);
}

static int dealloc_pd(FIXTURE_DATA(precopy) * self, unsigned int i)
{
	return __mlx5_cmd_handle(&self->hca, MLX5_CMD_OP_DEALLOC_PD, self->pds[i]);
}

/* @from to @to of the PDs are there, once. */
static void expect_pds(struct __test_metadata *_metadata,
		       FIXTURE_DATA(precopy) * self, unsigned int from,
		       unsigned int to)
{
	unsigned int i;

	for (i = from; i < to; i++) {
		EXPECT_EQ(0, dealloc_pd(self, i)) {
			TH_LOG("PD %u is lost", i);
		}
	}
}

static void expect_objects(struct __test_metadata *_metadata,
			   FIXTURE_DATA(precopy) * self)
{
	__u8 out[MLX5_BYTES(query_cq_out)];

	EXPECT_EQ(0, __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_CQ,
				      self->hca.cqn, out, sizeof(out)));
	EXPECT_EQ(0, __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_MKEY,
				      self->hca.mkey_index, out, sizeof(out)));
}

/* Firmware that cannot say what has changed gives the whole state once, at the end. */
static bool tells_changes(void)
{
	return !model_firmware_has("x-track-fails");
}

/* As how many images, or pieces of one, a function comes that is saved stopped */
static unsigned int whole_images(const struct vfio_image *image)
{
	if (!model_firmware_has("chunks"))
		return 1;
	return (image->size + MLX5_PIECE_BYTES - 1) / MLX5_PIECE_BYTES;
}

static void expect_images(struct __test_metadata *_metadata,
			  FIXTURE_DATA(precopy) * self, unsigned int at_least)
{
	unsigned int images = mlx5_count_images(&self->image);

	if (!tells_changes()) {
		EXPECT_EQ(whole_images(&self->image), images);
		return;
	}
	EXPECT_LE(at_least, images);
}

TEST_F(precopy, first_image_is_initial_data)
{
	struct vfio_precopy_info info;
	size_t before;

	if (!tells_changes())
		SKIP(return, "this firmware has no first image");

	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	vfio_precopy_info(self->fd, &info);
	EXPECT_LT(0, info.initial_bytes);
	EXPECT_EQ(0, info.dirty_bytes);

	vfio_precopy_read(self->fd, &self->image);
	/* An estimate, but of a function that did not change meanwhile */
	EXPECT_LE(self->image.size, info.initial_bytes);
	EXPECT_EQ(1, mlx5_count_images(&self->image));
	vfio_precopy_info(self->fd, &info);
	EXPECT_EQ(0, info.initial_bytes);
	/* What a piece has no room for is changes to it */
	EXPECT_EQ(model_firmware_has("chunks") && self->image.size > MLX5_PIECE_BYTES,
		  info.dirty_bytes > 0);

	before = self->image.size;
	stop_and_read_the_rest(self);
	EXPECT_LT(before, self->image.size);
	land(self);
	expect_objects(_metadata, self);
}

TEST_F(precopy, what_is_made_after_the_first_image_arrives)
{
	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	alloc_pds(self);
	EXPECT_EQ(tells_changes(), dirty_bytes(self) > 0);
	read_passes(_metadata, self);
	stop_and_read_the_rest(self);
	expect_images(_metadata, self, 3);
	land(self);
	expect_objects(_metadata, self);
	expect_pds(_metadata, self, 0, NR_PDS);
}

TEST_F(precopy, what_is_made_after_the_last_increment_arrives)
{
	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	alloc_pds(self);
	stop_and_read_the_rest(self);
	land(self);
	expect_pds(_metadata, self, 0, NR_PDS);
}

TEST_F(precopy, what_is_destroyed_between_images_stays_so)
{
	unsigned int i;

	alloc_pds(self);
	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	for (i = 0; i < NR_PDS / 2; i++)
		EXPECT_EQ(0, dealloc_pd(self, i));
	read_passes(_metadata, self);
	for (; i < NR_PDS - 1; i++)
		EXPECT_EQ(0, dealloc_pd(self, i));
	stop_and_read_the_rest(self);
	land(self);
	for (i = 0; i < NR_PDS - 1; i++)
		EXPECT_EQ(MLX5_STATUS_BAD_RES, dealloc_pd(self, i));
	expect_pds(_metadata, self, NR_PDS - 1, NR_PDS);
	expect_objects(_metadata, self);
}

TEST_F(precopy, what_is_made_and_destroyed_again_is_not_there)
{
	unsigned int i;

	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	alloc_pds(self);
	read_passes(_metadata, self);
	for (i = 0; i < NR_PDS; i++)
		EXPECT_EQ(0, dealloc_pd(self, i));
	stop_and_read_the_rest(self);
	land(self);
	for (i = 0; i < NR_PDS; i++)
		EXPECT_EQ(MLX5_STATUS_BAD_RES, dealloc_pd(self, i));
}

TEST_F(precopy, many_passes_arrive)
{
	unsigned int round;

	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	for (round = 0; round < 10; round++) {
		if (round)
			expect_pds(_metadata, self, 0, NR_PDS);
		alloc_pds(self);
		EXPECT_EQ(tells_changes(), dirty_bytes(self) > 0);
		read_passes(_metadata, self);
	}
	stop_and_read_the_rest(self);
	expect_images(_metadata, self, 11);
	land(self);
	expect_pds(_metadata, self, 0, NR_PDS);
	expect_objects(_metadata, self);
}

/* The monitor does not wait for anything: one that is out of patience */
TEST_F(precopy, stop_before_the_first_byte_is_read)
{
	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	alloc_pds(self);
	stop_and_read_the_rest(self);
	land(self);
	expect_objects(_metadata, self);
	expect_pds(_metadata, self, 0, NR_PDS);
}

TEST_F(precopy, by_p2p_and_back)
{
	if (!vfio_state_exists(self->src.mig_flags, VFIO_DEVICE_STATE_PRE_COPY_P2P))
		SKIP(return, "no state PRE_COPY_P2P");
	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	dirty_bytes(self);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY);
	alloc_pds(self);
	EXPECT_EQ(tells_changes(), dirty_bytes(self) > 0);
	read_passes(_metadata, self);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	stop_and_read_the_rest(self);
	land(self);
	expect_objects(_metadata, self);
	expect_pds(_metadata, self, 0, NR_PDS);
}

TEST_F(precopy, begun_in_p2p)
{
	if (!vfio_state_exists(self->src.mig_flags, VFIO_DEVICE_STATE_PRE_COPY_P2P))
		SKIP(return, "no state PRE_COPY_P2P");
	alloc_pds(self);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING_P2P);
	enter(self, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vfio_precopy_read(self->fd, &self->image);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY);
	EXPECT_EQ(0, dealloc_pd(self, 0));
	read_passes(_metadata, self);
	stop_and_read_the_rest(self);
	land(self);
	EXPECT_EQ(MLX5_STATUS_BAD_RES, dealloc_pd(self, 0));
	expect_pds(_metadata, self, 1, NR_PDS);
}

/* Called off, once and again; the function goes on, and can be migrated then. */
TEST_F(precopy, called_off_and_begun_anew)
{
	char byte;
	int i;

	for (i = 0; i < 5; i++) {
		enter(self, VFIO_DEVICE_STATE_PRE_COPY);
		if (i & 1)
			read_passes(_metadata, self);
		alloc_pds(self);
		if (i & 2)
			dirty_bytes(self);
		vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
		EXPECT_EQ(-1, read(self->fd, &byte, 1));
		EXPECT_EQ(ENODEV, errno);
		close(self->fd);
		expect_objects(_metadata, self);
		expect_pds(_metadata, self, 0, NR_PDS);
		vfio_image_free(&self->image);
	}
	alloc_pds(self);
	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	stop_and_read_the_rest(self);
	land(self);
	expect_pds(_metadata, self, 0, NR_PDS);
}

TEST_F(precopy, called_off_in_stop_copy)
{
	char byte;

	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	alloc_pds(self);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	close(self->fd);
	self->fd = -1;
	vfio_image_free(&self->image);

	/* Nothing of that session is in the way of one without PRE_COPY */
	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	EXPECT_EQ(whole_images(&self->image), mlx5_count_images(&self->image));
	land(self);
	expect_objects(_metadata, self);
	expect_pds(_metadata, self, 0, NR_PDS);
}

static const __u32 saving_states[] = {
	VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P,
	VFIO_DEVICE_STATE_STOP_COPY,
};

TEST_F(precopy, reset_in_each_state)
{
	unsigned int i;
	char byte;

	for (i = 0; i < ARRAY_SIZE(saving_states); i++) {
		if (!vfio_state_exists(self->src.mig_flags, saving_states[i]))
			continue;
		enter(self, VFIO_DEVICE_STATE_PRE_COPY);
		if (saving_states[i] != VFIO_DEVICE_STATE_PRE_COPY)
			vfio_mig_set_state(&self->src, saving_states[i]);
		vfio_dev_reset(&self->src);
		EXPECT_EQ(-1, read(self->fd, &byte, 1));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->src));
		close(self->fd);

		self->hca.cqn = 0;
		vfio_dev_enable_dma(&self->src);
		mlx5_hca_boot(&self->hca);
		mlx5_hca_make_objects(&self->hca);
	}
	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	stop_and_read_the_rest(self);
	land(self);
	expect_objects(_metadata, self);
}

/* A driver that starts over, as after a reboot of the guest, in the midst of it */
TEST_F(precopy, function_is_reset_by_its_driver)
{
	alloc_pds(self);
	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	read_passes(_metadata, self);
	self->hca.cqn = 0;
	mlx5_hca_boot(&self->hca);
	mlx5_hca_make_objects(&self->hca);
	read_passes(_metadata, self);
	stop_and_read_the_rest(self);
	land(self);
	expect_objects(_metadata, self);
	EXPECT_EQ(MLX5_STATUS_BAD_RES, dealloc_pd(self, NR_PDS - 1));
}

TEST_F(precopy, data_size_bounds_the_rest_of_the_stream)
{
	__u64 bytes;
	size_t before;

	enter(self, VFIO_DEVICE_STATE_PRE_COPY);
	EXPECT_EQ(0, __vfio_mig_data_size(&self->src, &bytes));
	read_passes(_metadata, self);
	alloc_pds(self);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(0, __vfio_mig_data_size(&self->src, &bytes));
	before = self->image.size;
	vfio_image_read(self->fd, &self->image);
	EXPECT_LE(self->image.size - before, bytes);
}

/* Several functions that are saved while they run, in turn, then back. */
TEST_F(precopy, back_and_forth)
{
	struct vfio_dev was;
	int i;

	for (i = 0; i < 4; i++) {
		alloc_pds(self);
		enter(self, VFIO_DEVICE_STATE_PRE_COPY);
		read_passes(_metadata, self);
		EXPECT_EQ(0, dealloc_pd(self, 0));
		stop_and_read_the_rest(self);
		mlx5_hca_detach(&self->hca);
		vfio_dev_close(&self->src);
		land(self);
		EXPECT_EQ(MLX5_STATUS_BAD_RES, dealloc_pd(self, 0));
		expect_pds(_metadata, self, 1, NR_PDS);
		expect_objects(_metadata, self);
		vfio_image_free(&self->image);

		vfio_dev_open(&self->src, self->src.bdf);
		was = self->src;
		self->src = self->dst;
		self->dst = was;
		self->hca.dev = &self->src;
	}
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
