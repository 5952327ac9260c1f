// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver makes of firmware that can do more or less: VFIO_MODEL_FIRMWARE says
 * what this one can do, and the way that a save and a load take has to be the one for
 * it. Streams are kept in VFIO_STREAM_DIR, and firmware of each kind loads those
 * that others have left there, or refuses them before a byte of them is loaded.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "mlx5_stream.h"
#include "model_fault.h"

/* More than a piece, so that pieces show */
#define PAD_BYTES	(MLX5_PIECE_BYTES + (1U << 20))

/* More than a few objects, and far less than a whole image */
#define SMALL_BYTES	(64U << 10)

/* More than a monitor would ask for */
#define MAX_ROUNDS	20

#define NR_PDS		4

FIXTURE(firmware) {
	struct vfio_dev src;
	struct vfio_dev dst;
	struct mlx5_hca hca;
	struct vfio_image image;
	__u32 pds[NR_PDS];
	bool precopy;
	bool pieces;
};

FIXTURE_SETUP(firmware)
{
	const char *skip = model_fault_open() ?:
			   open_mlx5_pair(&self->src, &self->dst);

	if (skip)
		SKIP(return, "%s", skip);
	self->precopy = self->src.mig_flags & VFIO_MIGRATION_PRE_COPY;
	/* What cannot be loaded is no use */
	self->pieces = model_firmware_has("chunks") && model_firmware_has("multi-load");
	model_pad_images(PAD_BYTES);
	mlx5_hca_start(&self->hca, &self->src);
}

FIXTURE_TEARDOWN(firmware)
{
	model_pad_images(0);
	model_fault_close();
	mlx5_hca_uninit(&self->hca);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
}

static void alloc_pds(FIXTURE_DATA(firmware) * self)
{
	int i;

	for (i = 0; i < NR_PDS; i++)
		self->pds[i] = mlx5_cmd_alloc(&self->hca, MLX5_CMD_OP_ALLOC_PD);
}

static void land(struct __test_metadata *_metadata, FIXTURE_DATA(firmware) * self)
{
	__u8 out[MLX5_BYTES(query_cq_out)];

	vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_STOP);
	mlx5_hca_attach(&self->hca, &self->dst);
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(0, __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_CQ, self->hca.cqn, out,
				      sizeof(out)));
}

static void expect_pds(struct __test_metadata *_metadata, FIXTURE_DATA(firmware) * self)
{
	int i;

	for (i = 0; i < NR_PDS; i++) {
		EXPECT_EQ(0, __mlx5_cmd_handle(&self->hca, MLX5_CMD_OP_DEALLOC_PD, self->pds[i])) {
			TH_LOG("PD %d is lost", i);
		}
	}
}

static void stop_and_read_the_rest(FIXTURE_DATA(firmware) * self, int fd)
{
	VFIO_ASSERT(vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY) == -1,
		    "a second data file");
	vfio_image_read(fd, &self->image);
	close(fd);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
}

TEST_F(firmware, precopy_takes_tracking_and_multi_load)
{
	EXPECT_EQ(model_firmware_has("tracking") && model_firmware_has("multi-load"),
		  self->precopy);
	EXPECT_EQ(self->precopy, vfio_state_exists(self->src.mig_flags,
						   VFIO_DEVICE_STATE_PRE_COPY));
}

TEST_F(firmware, stopped_function_comes_in_pieces_of_it_or_whole)
{
	unsigned int images;

	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	EXPECT_LE(PAD_BYTES, self->image.size);
	images = (self->image.size + MLX5_PIECE_BYTES - 1) / MLX5_PIECE_BYTES;
	EXPECT_EQ(self->pieces ? images : 1, mlx5_count_images(&self->image));
	land(_metadata, self);
}

TEST_F(firmware, whole_comes_once_and_then_what_changes)
{
	unsigned int images;
	size_t whole, changes;
	int fd;

	if (!self->precopy)
		SKIP(return, "%s has no PRE_COPY", self->src.bdf);
	fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY);
	EXPECT_TRUE(vfio_precopy_drain(fd, &self->image, MAX_ROUNDS));
	whole = self->image.size;
	images = mlx5_count_images(&self->image);
	alloc_pds(self);
	EXPECT_TRUE(vfio_precopy_drain(fd, &self->image, MAX_ROUNDS));
	changes = self->image.size - whole;
	stop_and_read_the_rest(self, fd);
	if (model_firmware_has("x-track-fails")) {
		/* All that the firmware gives, when the function is stopped */
		EXPECT_GE(SMALL_BYTES, whole);
		EXPECT_EQ(0, changes);
		EXPECT_LE(PAD_BYTES, self->image.size);
	} else {
		EXPECT_LE(PAD_BYTES, whole);
		EXPECT_EQ(self->pieces ? 2 : 1, images);
		EXPECT_LT(0, changes);
		EXPECT_GE(SMALL_BYTES, changes);
		EXPECT_GE(SMALL_BYTES, self->image.size - whole - changes);
	}
	land(_metadata, self);
	expect_pds(_metadata, self);
}

/* Initial data once more, when the firmware says that nothing is as it was */
TEST_F(firmware, driver_that_starts_over_is_told_of)
{
	struct vfio_precopy_info info = {};
	int fd;

	if (!self->precopy)
		SKIP(return, "%s has no PRE_COPY", self->src.bdf);
	if (model_firmware_has("x-track-fails"))
		SKIP(return, "this firmware tells no changes");
	EXPECT_EQ(0, __vfio_feature(self->src.fd, VFIO_DEVICE_FEATURE_SET |
				    VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFO_V2, NULL, 0));
	fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY);
	EXPECT_TRUE(vfio_precopy_drain(fd, &self->image, MAX_ROUNDS));
	self->hca.cqn = 0;
	mlx5_hca_boot(&self->hca);
	mlx5_hca_make_objects(&self->hca);
	EXPECT_EQ(0, __vfio_precopy_info(fd, &info));
	if (model_firmware_has("migration-state")) {
		EXPECT_EQ(VFIO_PRECOPY_INFO_REINIT, info.flags);
		EXPECT_LT(0, info.initial_bytes);
	} else {
		EXPECT_EQ(0, info.flags);
		EXPECT_LT(0, info.dirty_bytes);
	}
	EXPECT_TRUE(vfio_precopy_drain(fd, &self->image, MAX_ROUNDS));
	stop_and_read_the_rest(self, fd);
	land(_metadata, self);
}

/* A stream of two images, as the source of a function that ran makes it, with no end of its own */
static void make_two_images(const struct vfio_image *image, struct vfio_image *two)
{
	struct mlx5_records records;
	unsigned int i;

	mlx5_plain_append(two, image);
	VFIO_ASSERT(mlx5_records_find(image, &records), "no records");
	for (i = 0; i < records.nr; i++) {
		size_t from = records.offset[i];

		if (mlx5_record_tag(image, from) == MLX5_TAG_FW_DATA)
			mlx5_stream_append(two, image->data + from, records.offset[i + 1] - from);
	}
}

TEST_F(firmware, second_image_is_refused_before_it_is_loaded)
{
	struct vfio_image two = {};

	if (model_firmware_has("multi-load"))
		SKIP(return, "this firmware loads several");
	model_pad_images(0);
	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	make_two_images(&self->image, &two);
	EXPECT_EQ(-EOPNOTSUPP, __vfio_image_load(&self->dst, &two, VFIO_DEVICE_STATE_STOP));
	vfio_image_free(&two);
	vfio_dev_reset(&self->dst);
	land(_metadata, self);
}

static void keep_stream(const struct vfio_image *image, int dir)
{
	const char *name = getenv("VFIO_MODEL_FIRMWARE");
	int fd = openat(dir, name && *name ? name : "-", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	VFIO_ASSERT(write(fd, image->data, image->size) == (ssize_t)image->size,
		    "%zu bytes cannot be kept", image->size);
	close(fd);
}

static void load_stream(struct __test_metadata *_metadata, FIXTURE_DATA(firmware) * self,
			int dir, const char *name)
{
	struct vfio_image image = {};
	int fd = openat(dir, name, O_RDONLY), ret, wanted;

	vfio_image_read(fd, &image);
	close(fd);
	ret = __vfio_image_load(&self->dst, &image, VFIO_DEVICE_STATE_RUNNING);
	wanted = mlx5_count_images(&image) == 1 || model_firmware_has("multi-load") ?
		 0 : -EOPNOTSUPP;
	EXPECT_EQ(wanted, ret) {
		TH_LOG("the stream of firmware with '%s'", name);
	}
	vfio_dev_reset(&self->dst);
	vfio_image_free(&image);
}

/* What firmware of one kind has saved, that of another kind loads, if it can. */
TEST_F(firmware, streams_go_from_kind_to_kind)
{
	const char *path = getenv("VFIO_STREAM_DIR");
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (!path)
		SKIP(return, "VFIO_STREAM_DIR names no folder for streams");
	dir = opendir(path);
	ASSERT_NE(NULL, dir);
	if (self->precopy) {
		fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_PRE_COPY);
		EXPECT_TRUE(vfio_precopy_drain(fd, &self->image, MAX_ROUNDS));
		alloc_pds(self);
		stop_and_read_the_rest(self, fd);
	} else {
		vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	}
	keep_stream(&self->image, dirfd(dir));
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			load_stream(_metadata, self, dirfd(dir), entry->d_name);
	closedir(dir);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
